"""A verdict in one sentence with its numbers, as `Verdict.sentence` gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.lang import msg, tr
from ablate.words.amounts import amount, amounts, difference_unit

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict

_WORDS = {"supported": msg("Supported"), "refuted": msg("Refuted"), "inconclusive": msg("Inconclusive")}
LABELS = {
    "reversed": msg("reversed"), "harmful": msg("harmful"), "negligible": msg("negligible"),
    "too small": msg("smaller than δ"), "different": msg("different"), "counterexample": msg("counterexample"),
    "inferior": msg("worse by more than the margin"),
}  # fmt: skip
"""Label of a refuted claim -> the words for it: what is shown instead."""

_FILLED = msg("{failed} of {runs} runs of {side} count as {rule}")


def sentence_of(v: Verdict) -> str:
    """Return the sentence.

    The reader gets the change as it happened: a reversed claim "lowers" what it said it raises.
    """
    text = _effect_sentence(v) if v.kind == "effect" else _plain_sentence(v)
    return tr("[post hoc] {sentence}", sentence=text) if v.post_hoc else text


def label_words(label: str) -> str:
    """Return the label of a refuted claim as a reader meets it.

    >>> label_words("too small")
    'smaller than δ'
    """
    return tr(LABELS.get(label, label))


def _effect_sentence(v: Verdict) -> str:
    if v.outcome == "not_tested" or v.effect is None:
        return tr("Not tested: whether {claim}. {why}", claim=_claimed(v), why=v.why)
    if v.outcome == "supported":
        return tr("Supported: {happened} {numbers}.", happened=_happened(v), numbers=_numbers(v))
    if v.label == "reversed":
        return tr("Refuted (reversed): {happened} {numbers}.", happened=_happened(v), numbers=_numbers(v))
    if v.outcome == "refuted":
        said = _happened(v) if v.label == "harmful" else _fell_short(v)
        label = label_words(v.label)
        return tr("Refuted ({label}): {happened} {numbers}.", label=label, happened=said, numbers=_numbers(v))
    return tr(
        "Inconclusive: whether {claim} is open, at {effect} {numbers}.",
        claim=_claimed(v), effect=_signed(v), numbers=_numbers(v),
    )  # fmt: skip


def _plain_sentence(v: Verdict) -> str:
    from ablate.judge.verdict import shown

    if v.outcome == "not_tested" or v.effect is None:
        return tr("Not tested: whether {claim}. {why}", claim=v.statement, why=v.why)
    word = tr(_WORDS[v.outcome])
    if v.label:
        word = tr("{word} ({label})", word=word, label=label_words(v.label))
    effect = shown(v, v.effect, v.interval_low or 0.0, v.interval_high or 0.0)
    if v.outcome == "inconclusive":
        return tr("{word}: whether {claim}; {effect} {numbers}.", word=word, claim=v.statement, effect=effect,
                  numbers=_numbers(v))  # fmt: skip
    return tr("{word}: that {claim}; {effect} {numbers}.", word=word, claim=v.statement, effect=effect,
              numbers=_numbers(v))  # fmt: skip


def _claimed(v: Verdict) -> str:
    threshold = tr(" by more than {delta}", delta=amount(v.delta, v.unit)) if v.delta else ""
    known = {"arm": v.arm_text, "metric": v.metric, "threshold": threshold, "compared": _compared(v)}
    if v.predicts == "higher":
        return tr("{arm} raises {metric}{threshold} {compared}", **known)
    return tr("{arm} lowers {metric}{threshold} {compared}", **known)


def _happened(v: Verdict) -> str:
    up = (v.effect or 0.0) > 0
    effect, low, high = _amounts(v, 1.0 if up else -1.0)
    size = f"{effect}{difference_unit(v.unit)} [{low}, {high}]"
    known = {"arm": v.arm_text, "metric": v.metric, "size": size, "compared": _compared(v)}
    if up == (v.predicts == "higher"):
        return tr("{arm} raises {metric} by {size} {compared}", **known)
    return tr("{arm} lowers {metric} by {size} {compared}", **known)


def _fell_short(v: Verdict) -> str:
    known = {"arm": v.arm_text, "metric": v.metric, "delta": amount(v.delta, v.unit), "compared": _compared(v),
             "effect": _signed(v)}  # fmt: skip
    if v.predicts == "higher":
        return tr("{arm} does not raise {metric} by more than {delta} {compared}; the change is {effect}", **known)
    return tr("{arm} does not lower {metric} by more than {delta} {compared}; the change is {effect}", **known)


def _signed(v: Verdict) -> str:
    effect, low, high = _amounts(v, 1.0)
    plus = "+" if (v.effect or 0.0) > 0 and effect.strip("0.") else ""
    return f"{plus}{effect}{difference_unit(v.unit)} [{low}, {high}]"


def _amounts(v: Verdict, sign: float) -> list[str]:
    effect, low, high = v.effect or 0.0, v.interval_low or 0.0, v.interval_high or 0.0
    ends = (low, high) if sign > 0 else (-high, -low)
    return amounts([sign * effect, *ends], v.unit, width=high - low)


def _compared(v: Verdict) -> str:
    at = tr(" at {where}", where=v.where_text) if v.where_text else ""
    cells = tr(", over {cells} cells", cells=len(v.per_cell)) if len(v.per_cell) > 1 else ""
    return tr("against {other}{at}{cells}", other=v.against_text, at=at, cells=cells)


def _numbers(v: Verdict) -> str:
    from ablate.judge.verdict import equals, percent

    paired = bool(v.against_text)
    if v.pairs == v.planned_pairs:
        used = tr("{n} pairs", n=v.pairs) if paired else tr("{n} seeds", n=v.pairs)
    elif paired:
        used = tr("{n} of {planned} planned pairs", n=v.pairs, planned=v.planned_pairs)
    else:
        used = tr("{n} of {planned} planned seeds", n=v.pairs, planned=v.planned_pairs)
    level, method = percent(v.interval_level), tr(v.interval_method)
    parts = [tr("{level} interval, {method}, {used}", level=level, method=method, used=used)]
    if v.kind in ("effect", "interaction"):
        parts.append(f"δ = {amount(v.delta, v.unit)}")
    if v.p is not None:
        parts.append(f"{tr('Holm p') if v.family > 1 else 'p'} {equals(v.p_adjusted)}")
    for side, name in (("arm", v.arm_text), ("against", v.against_text)):
        failed, runs = v.filled[side]
        if failed and v.fill_rule:
            parts.append(tr(_FILLED, failed=failed, runs=runs, side=name, rule=v.fill_rule))
    return tr("({parts})", parts=tr("; ").join(parts))
