"""The answers on a report's first screen: one sentence per claim, with its number, and what explains each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ablate.claims.kinds import KINDS
from ablate.judge.verdict import Verdict
from ablate.lang import counted, msg, tr
from ablate.report.claim_text import change_text, falls, first_text, range_text
from ablate.report.level_texts import short_lists, shortened
from ablate.report.metric_names import metric_meaning, metric_title
from ablate.report.wording import NONE, listed, p_value
from ablate.words.amounts import amount, difference_unit, percent
from ablate.words.reasons import said
from ablate.words.rulings import RULINGS, SEEN, instead, label_of, relation, ruling_of, ruling_word, seen
from ablate.words.sizes import too_few
from ablate.words.twoparts import says_nothing

MOST_NAMED = 4
"""Levels at which a claim came out otherwise that a sentence names; more are counted."""

MEANINGS = {
    "supported": msg("The runs show what the claim says, at the confidence level of the study."),
    "refuted": msg("The runs show that the claim is wrong. What they show instead is written beside it."),
    "inconclusive": msg("These runs fit effects that make the claim right, and effects that make it wrong."),
    "not_tested": msg("The runs do not allow a test: too few pairs, no value, or nothing that speaks of the claim."),
    "mixed": msg("The claim was tested at several levels, with different outcomes."),
    "better": msg("The runs show a difference, and it is an improvement. Nobody predicted it."),
    "worse": msg("The runs show a difference, and it is for the worse. Nobody predicted it."),
    "raises": msg("The runs show a difference, and this is its direction. Nobody predicted it."),
    "lowers": msg("The runs show a difference, and this is its direction. Nobody predicted it."),
    "not_shown": msg("The runs allow a difference in either direction, or none. Nobody predicted one."),
}
"""What is said of a claim -> what it means, as a page explains it."""

_EXPLORATORY = msg(" Exploratory: nobody predicted the outcome of this comparison before the runs.")


@dataclass(frozen=True)
class Explained:
    """A text and its explanation."""

    text: str
    tip: str = ""


@dataclass(frozen=True)
class Answer:
    """One claim, answered in a sentence.

    Attributes
    ----------
    anchor
        Where the claim stands in full, on the page.
    outcome, css, glyph
        The outcome, for a refuted claim with what is shown instead; its class and its mark.
    says
        The claim, in the study's words.
    number, metric
        Its effect with the interval, or the range over its levels; what is measured. Empty where nothing is known.
    more
        What else has to be known: what is shown instead, why it is open, where it came out otherwise.
    name
        What pictures and tables call the claim; empty where that is what `says` is made of.
    """

    anchor: str
    outcome: Explained
    css: str
    glyph: str
    says: str
    number: Explained
    metric: Explained
    more: str
    name: str = ""


def anchor_of(source_id: str) -> str:
    """Return the name of the place on the page where a claim stands in full."""
    return "claim-" + "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in source_id)


def answer(members: Sequence[Verdict], ruling: str, css: str, glyph: str) -> Answer:
    """Return the answer to one claim of the study file, from its verdicts: one, or one for each level of `each`.

    Parameters
    ----------
    ruling
        What all of them say (`words.rulings.ruling_of`), or `mixed`.
    css, glyph
        Its class and its mark.
    """
    first = members[0]
    return Answer(
        anchor=anchor_of(first.source_id),
        name="" if KINDS[first.kind].exploratory else first.source_id,
        outcome=Explained(_outcome(members, ruling), _meaning(members, ruling)),
        css=css,
        glyph=glyph,
        says=short_lists(first.says),
        number=_number(members),
        metric=_metric(first),
        more=short_lists(_one(first) if len(members) == 1 else _exceptions(members)),
    )


def _meaning(members: Sequence[Verdict], ruling: str) -> str:
    """Explain an outcome; one that a failed check holds back is explained by that, not by the interval."""
    gated = [v for v in members if v.gates_failed and not v.decided]
    if ruling in ("inconclusive", "not_shown") and len(gated) == len(members):
        told = {v.ungated for v in gated}
        without = tr(" Without the check: {outcome}.", outcome=ruling_word(ruling_of(gated[0], gated[0].ungated))) if (
            len(told) == 1 and gated[0].ungated) else ""  # fmt: skip
        return tr("A check that the study asks for failed, so nothing is decided.") + without
    nobody = tr(_EXPLORATORY) if KINDS[members[0].kind].exploratory and not seen(members[0]) else ""
    return tr(MEANINGS[ruling]) + nobody


def _outcome(members: Sequence[Verdict], ruling: str) -> str:
    """Return what a claim's verdicts say, and that nobody predicted it, if so."""
    return _words(members, ruling) + (tr(" [exploratory]") if KINDS[members[0].kind].exploratory else "")


def _words(members: Sequence[Verdict], ruling: str) -> str:
    if ruling == "mixed":
        said = [ruling_of(v) for v in members]
        counts = {name: said.count(name) for name in (*RULINGS, *SEEN)}
        return tr(", ").join(f"{ruling_word(name)} {n}/{len(members)}" for name, n in counts.items() if n)
    labels = {label_of(v) for v in members}
    word = ruling_word(ruling)
    if labels == {""} or len(labels) > 1:
        return word if len(members) == 1 else f"{word} {len(members)}/{len(members)}"
    return word + tr(": ") + next(iter(labels))


def _number(members: Sequence[Verdict]) -> Explained:
    first = members[0]
    estimated = [v for v in members if v.effect is not None and math.isfinite(v.effect)]
    if not estimated:
        return Explained("")
    if len(members) == 1:
        full = tr("In full: {effect}.", effect=change_text(first)) if says_nothing(first) else ""
        told = filter(None, [_effect_tip(first), full, _interval_tip(first)])
        return Explained(first_text(first), " ".join(told))
    tip = tr("The smallest and the largest effect over {n} levels. {what}", n=len(members), what=_effect_tip(first))
    return Explained(range_text(members), tip)


def _effect_tip(v: Verdict) -> str:
    """Explain what the number measures."""
    sides = {"arm": short_lists(v.arm_text) or tr("every arm"), "against": short_lists(v.against_text)}
    if "unpaired" in v.details:
        return tr("Difference between the means of {arm} and {against}; their runs are not compared in pairs.", **sides)
    if v.scale == "difference" and v.against_text:
        told = tr("Mean difference between {arm} and {against} with the same seed.", **sides)
        if KINDS[v.kind].directed and not falls(v) and not seen(v):
            told += tr(" More than 0 means that the claim points the right way.")
        return told
    return tr("The effect that the claim speaks of, estimated over seeds.")


def _interval_tip(v: Verdict) -> str:
    told = tr("In brackets: the {level} interval, where the true effect may lie.", level=percent(v.interval_level))
    if v.so_far:
        told += tr(" By Student's t, which assumes normal differences; it decides nothing.")
    if v.scale == "difference" and difference_unit(v.unit).strip() == "pp":
        told += tr(" pp: percentage points.")
    if KINDS[v.kind].with_delta and not seen(v):
        sign = "±" if KINDS[v.kind].two_sided else ""
        told += tr(" δ = {delta}: less would not matter.", delta=sign + amount(v.delta, v.unit))
    used = counted(v.pairs, "pair") if v.against_text else counted(v.pairs, "seed")
    if "unpaired" in v.details:
        used = tr("{arm} + {against} runs", **v.details["unpaired"])
    if v.p_adjusted is None:
        return told + tr(" From {used}.", used=used)
    p = f"= {p_value(v.p_adjusted)}".replace("= <", "<")
    claims = counted(v.family, "comparison") if KINDS[v.kind].exploratory else counted(v.family, "claim")
    return told + tr(" From {used}; p {p} after Holm's correction for {claims}.", used=used, p=p, claims=claims)


def _metric(v: Verdict) -> Explained:
    if v.metric == "outcome":
        return Explained("")
    title = metric_title(v.metric)
    return Explained(
        title, tr("Logged as {metric}.", metric=v.metric) + metric_meaning(v.metric) if title != v.metric else ""
    )


def _one(v: Verdict) -> str:
    """Say what is shown instead of a refuted claim, why another is open or untested; of `seen` ones its word does."""
    if v.outcome == "refuted":
        return relation(v) or ("" if seen(v) else instead(v))
    if v.gates_failed and not v.decided:
        return tr("Held back, because a check of the study failed.")
    if v.too_few:
        nothing = tr("The interval is wider than what is possible. ") if says_nothing(v) else ""
        return nothing + too_few(v)
    if v.outcome == "not_tested":
        return said(v.reason)
    return relation(v) or (tr("The runs do not decide it.") if v.outcome == "inconclusive" else "")


def _exceptions(members: Sequence[Verdict]) -> str:
    """Name the levels at which the claim came out otherwise than at most of them, while they are few."""
    said = [ruling_of(v) for v in members]
    usual = max((*RULINGS, *SEEN), key=said.count)
    told = []
    for name in (*RULINGS, *SEEN):
        cells = [v for v, one in zip(members, said, strict=True) if one == name]
        if name == usual or not 0 < len(cells) <= MOST_NAMED:
            continue
        at = listed(_cell(v) + (tr(" ({text})", text=label_of(v)) if label_of(v) else "") for v in cells)
        told.append(tr("{outcome} at {cells}", outcome=ruling_word(name), cells=at))
    return tr("; ").join(told) + tr(".") if told else ""


def _cell(v: Verdict) -> str:
    return shortened(v.claim_id.split("[", 1)[-1].removesuffix("]")) or NONE
