"""A verdict in one sentence with its numbers."""

from __future__ import annotations

from dataclasses import replace

from ablate.claims.kinds import KINDS
from ablate.claims.reason import Reason
from ablate.judge.verdict import Verdict
from ablate.lang import counted, msg, tr
from ablate.words.amounts import amount, amounts, difference_unit, equals, percent
from ablate.words.because import method_text, nothing_so_far
from ablate.words.kinds import statement
from ablate.words.reasons import said
from ablate.words.rulings import label_words, ruling_of, ruling_word, seen
from ablate.words.scope import against
from ablate.words.sizes import for_which_delta
from ablate.words.twoparts import is_gain, says_nothing, two_part_text

_WORDS = {"supported": msg("Supported"), "refuted": msg("Refuted"), "inconclusive": msg("Inconclusive")}
_IF_FAILED = {
    False: (
        msg(" and do not count; if failed, nothing could be said."),
        msg(
            " and do not count; if they had failed, and so counted as the worst value that any of these runs has: "
            "{numbers}, {outcome}."
        ),
        msg(" and do not count; if they had failed: {numbers}, {outcome}."),
    ),
    True: (
        msg(" and does not count; if failed, nothing could be said."),
        msg(
            " and does not count; if it had failed, and so counted as the worst value that any of these runs has: "
            "{numbers}, {outcome}."
        ),
        msg(" and does not count; if it had failed: {numbers}, {outcome}."),
    ),
}
"""Whether one run has no result -> what is said of that: nothing could be judged, at the worst value, failed."""
_FILLED = msg("{failed} of {runs} runs of {side} count as {rule}")


_FEW = ("few_pairs_so_far", "few_pairs_by_now")


def sentence_of(v: Verdict, *, brief: bool = False) -> str:
    """Return a verdict in a sentence, in the current language.

    The reader gets the change as it happened: a reversed claim "lowers" what it said it raises.

    `brief`: an interval of too few pairs that is wider than what is possible is said in words, without its numbers.
    """
    text = _effect_sentence(v) if KINDS[v.kind].directed else _plain_sentence(v)
    if brief and v.reason.code in _FEW and says_nothing(v):
        claimed = _claimed(v) if KINDS[v.kind].directed else _stated(v)
        text = tr("Not tested: whether {claim}. {why}", claim=claimed, why=nothing_so_far(v.reason.numbers))
    text += against(v.details.get("data_sets", ())) + _lost(v)
    if KINDS[v.kind].exploratory:
        return tr("[exploratory] {sentence}", sentence=text)
    return tr("[post hoc] {sentence}", sentence=text) if v.post_hoc else text


_TURNED = ("holds_delta", "too_few_to_decide", "below", "negligible", "reversed", "harmful")
"""Reasons that stand beside the change of the metric, not beside how far it rose or fell."""


def why_of(v: Verdict) -> str:
    """Return why it was ruled on so, its interval in the direction that `sentence_of` gives it."""
    beside_a_size = KINDS[v.kind].exploratory and not v.delta and v.outcome != "inconclusive"
    reason = v.reason
    if seen(v) and reason.code == "gate_failed":
        reason = replace(reason, numbers={**reason.numbers, "outcome": ruling_of(v, reason.numbers["outcome"])})
    if not KINDS[v.kind].directed and is_gain(v) and reason.numbers.get("symbol") == "":
        reason = replace(reason, numbers={**reason.numbers, "symbol": tr("gain")})
    against = beside_a_size and reason.code == "below"  # the sentence says `raises by 0.36`: no interval below 0 here
    less = KINDS[v.kind].directed and v.predicts == "lower" and (not beside_a_size or against)
    return said(reason, turned=less and reason.code in _TURNED, delta=v.delta)


def speaks_of(v: Verdict) -> str:
    """Return what an effect is an effect of; without how many runs may fail, where its two parts say that.

    The two bounds are of different confidence: side by side they read as a contradiction.
    """
    return said(v.scope if v.parts is None or v.scope is None else _without_rates(v.scope))


def _without_rates(reason: Reason) -> Reason:
    numbers = dict(reason.numbers)
    if "sides" in numbers and reason.code in ("runs_that_train", "runs_that_reach"):
        numbers["sides"] = tuple({**one, "rate": None} for one in numbers["sides"])
    told = {name: _without_rates(one) if isinstance(one, Reason) else one for name, one in numbers.items()}
    return replace(reason, numbers=told)


def _effect_sentence(v: Verdict) -> str:
    if v.outcome == "not_tested" or v.effect is None:
        return tr("Not tested: whether {claim}. {why}", claim=_claimed(v), why=said(v.reason))
    if seen(v):
        return _seen(v)
    if v.outcome == "supported":
        return tr("Supported: {happened} {numbers}.", happened=_happened(v), numbers=_numbers(v))
    if v.label == "reversed":
        return tr("Refuted (reversed): {happened} {numbers}.", happened=_happened(v), numbers=_numbers(v))
    if v.outcome == "refuted":
        change = _happened(v) if v.label == "harmful" else _fell_short(v)
        label = label_words(v.label)
        return tr("Refuted ({label}): {happened} {numbers}.", label=label, happened=change, numbers=_numbers(v))
    return tr(
        "Inconclusive: whether {claim} is open, at {effect} {numbers}.",
        claim=_claimed(v), effect=_signed(v), numbers=_numbers(v),
    )  # fmt: skip


def _lost(v: Verdict) -> str:
    """Say how many runs have no result, and what would follow if they had failed."""
    told = v.details.get("lost")
    if not told:
        return ""
    what = tr(" {n} of its runs did not finish", n=told["n"])
    if told["declared"]:
        what = tr(" 1 of its runs was lost") if told["n"] == 1 else tr(" {n} of its runs were lost", n=told["n"])
    nothing, at_worst, failed = _IF_FAILED[told["n"] == 1]
    if told["low"] is None or told["high"] is None:
        return what + tr(nothing)
    numbers, worst = two_part_text(v, told["effect"], told["low"], told["high"]), bool(told.get("worst"))
    outcome = ruling_word(ruling_of(v, told["outcome"]))
    return what + tr(at_worst if worst else failed, numbers=numbers, outcome=outcome)


def _seen(v: Verdict) -> str:
    """Say of a difference that nobody claimed, and of no δ, how large it is, and for which δ that is enough."""
    sizes = for_which_delta(v) if v.sizes is not None and not v.sizes.more else ""
    after = f" {sizes}" if sizes else ""
    if v.gates_failed and v.ungated != "inconclusive":
        return tr("Held back: {happened} {numbers}.", happened=_happened(v), numbers=_numbers(v))
    if v.outcome == "inconclusive":
        text = tr("No difference shown in {metric}: {effect} for {arm} {compared} {numbers}.", arm=v.arm_text,
                  metric=v.metric_name, effect=_signed(v), compared=_compared(v), numbers=_numbers(v))  # fmt: skip
        return text + after
    return tr("Shown: {happened} {numbers}.", happened=_happened(v), numbers=_numbers(v)) + after


def _plain_sentence(v: Verdict) -> str:
    if v.outcome == "not_tested" or v.effect is None:
        return tr("Not tested: whether {claim}. {why}", claim=_stated(v), why=said(v.reason))
    word = tr(_WORDS[v.outcome])
    if v.label:
        word = tr("{word} ({label})", word=word, label=label_words(v.label))
    effect = two_part_text(v, v.effect, v.interval_low or 0.0, v.interval_high or 0.0)
    if v.outcome == "inconclusive":
        return tr("{word}: whether {claim}; {effect} {numbers}.", word=word, claim=_stated(v), effect=effect,
                  numbers=_numbers(v))  # fmt: skip
    return tr("{word}: that {claim}; {effect} {numbers}.", word=word, claim=_stated(v), effect=effect,
              numbers=_numbers(v))  # fmt: skip


def _stated(v: Verdict) -> str:
    return statement(v) + _among(v)


def _claimed(v: Verdict) -> str:
    threshold = tr(" by more than {delta}", delta=amount(v.delta, v.unit)) if v.delta else ""
    words = {"arm": v.arm_text, "metric": v.metric_name, "threshold": threshold, "compared": _compared(v)}
    if v.predicts == "higher":
        return tr("{arm} raises {metric}{threshold} {compared}", **words)
    return tr("{arm} lowers {metric}{threshold} {compared}", **words)


def _happened(v: Verdict) -> str:
    up = (v.effect or 0.0) > 0
    effect, low, high = _amounts(v, 1.0 if up else -1.0)
    size = f"{effect}{difference_unit(v.unit)} [{low}, {high}]"
    rises = up == (v.predicts == "higher")
    words = {"arm": v.arm_text, "metric": v.metric_name, "size": size, "compared": _compared(v), "so": _so(v, rises)}
    if rises:
        return tr("{arm} raises {metric}{so} by {size} {compared}", **words)
    return tr("{arm} lowers {metric}{so} by {size} {compared}", **words)


def _so(v: Verdict, rises: bool) -> str:
    """Say whether a change is better or worse, unless it is a rise of what is better the higher it is."""
    better = v.meaning.better
    if better is None or not v.effect or (rises and better == "higher"):
        return ""
    return tr(" (better)") if rises == (better == "higher") else tr(" (worse)")


def _fell_short(v: Verdict) -> str:
    words = {"arm": v.arm_text, "metric": v.metric_name, "delta": amount(v.delta, v.unit), "compared": _compared(v),
             "effect": _signed(v)}  # fmt: skip
    if v.predicts == "higher":
        return tr("{arm} does not raise {metric} by more than {delta} {compared}; the change is {effect}", **words)
    return tr("{arm} does not lower {metric} by more than {delta} {compared}; the change is {effect}", **words)


def _signed(v: Verdict) -> str:
    """Write the change of the metric itself: less than 0 where it fell, whatever the claim predicts."""
    up = 1.0 if v.predicts == "higher" else -1.0
    effect, low, high = _amounts(v, up)
    plus = "+" if up * (v.effect or 0.0) > 0 and effect.strip("0.") else ""
    return f"{plus}{effect}{difference_unit(v.unit)} [{low}, {high}]"


def _amounts(v: Verdict, sign: float) -> list[str]:
    effect, low, high = v.effect or 0.0, v.interval_low or 0.0, v.interval_high or 0.0
    ends = (low, high) if sign > 0 else (-high, -low)
    return amounts([sign * effect, *ends], v.unit, width=high - low, delta=v.delta)


def _compared(v: Verdict) -> str:
    at = tr(" at {where}", where=v.where_text) if v.where_text else ""
    cells = tr(", over {cells} cells", cells=len(v.per_cell)) if len(v.per_cell) > 1 else ""
    return tr("against {other}{at}{cells}", other=v.against_text, at=at, cells=cells) + _among(v)


def _among(v: Verdict) -> str:
    return tr(", among runs that train") if v.population == "trained" else ""


def _numbers(v: Verdict) -> str:
    paired = bool(v.against_text)
    if "unpaired" in v.details:
        used = tr("{arm} and {against} runs, not paired", **v.details["unpaired"])
    elif v.pairs == v.planned_pairs:
        used = counted(v.pairs, "pair") if paired else counted(v.pairs, "seed")
    elif v.planned_pairs == 1:
        used = tr("{n} of 1 planned pair", n=v.pairs) if paired else tr("{n} of 1 planned seed", n=v.pairs)
    elif paired:
        used = tr("{n} of {planned} planned pairs", n=v.pairs, planned=v.planned_pairs)
    else:
        used = tr("{n} of {planned} planned seeds", n=v.pairs, planned=v.planned_pairs)
    level, method = percent(v.interval_level), method_text(v.method)
    parts = [tr("{level} interval, {method}, {used}", level=level, method=method, used=used)]
    if KINDS[v.kind].with_delta and not KINDS[v.kind].two_sided and (v.delta or not KINDS[v.kind].exploratory):
        parts.append(f"δ = {amount(v.delta, v.unit)}")
    if v.p is not None:
        parts.append(f"{tr('Holm p') if v.family > 1 else 'p'} {equals(v.p_adjusted)}")
    if v.population == "trained" and v.parts is not None:
        parts.append(tr("{n} left out, in which a run did not train", n=v.parts.left_out))
    for side, name in (("arm", v.arm_text), ("against", v.against_text)):
        failed, runs = v.filled[side]
        if failed and v.fill is not None:
            parts.append(tr(_FILLED, failed=failed, runs=runs, side=name, rule=said(v.fill)))
    return tr("({parts})", parts=tr("; ").join(parts))
