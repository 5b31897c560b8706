"""Outcomes and labels as a reader meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.claims.kinds import KINDS
from ablate.lang import msg, tr
from ablate.words.amounts import amount, decades

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict

RULINGS = {"supported": msg("supported"), "refuted": msg("refuted"), "inconclusive": msg("inconclusive"),
           "not_tested": msg("not tested")}  # fmt: skip
"""Outcome -> the words for it."""

SEEN = {"better": msg("shown: better"), "worse": msg("shown: worse"), "raises": msg("shown: raises"),
        "lowers": msg("shown: lowers"), "not_shown": msg("not shown")}  # fmt: skip
"""What is shown by a difference that nobody predicted, and of which no size matters -> the words for it.

`raises` and `lowers` are of a metric of which nobody says which way is better.
"""

LABELS = {
    "reversed": msg("reversed"), "harmful": msg("harmful"), "negligible": msg("negligible"),
    "too small": msg("smaller than δ"), "different": msg("different"), "counterexample": msg("counterexample"),
    "worse": msg("the other way"), "inferior": msg("worse by more than the margin"),
}  # fmt: skip
"""Label of a refuted claim -> the words for it: what is shown instead."""

INSTEAD = {
    "reversed": msg("Shown instead: the opposite, by more than δ = {delta}."),
    "harmful": msg("Shown instead: an effect in the other direction."),
    "negligible": msg("Shown instead: an effect smaller than δ = {delta} in either direction."),
    "too small": msg("Shown instead: no more than δ = {delta} in the direction of the claim; the other way is open."),
    "different": msg("Shown instead: a difference of more than δ = {delta}."),
    "counterexample": msg("Shown instead: runs in which it does not hold."),
    "worse": msg("Shown instead: the other side is ahead."),
    "inferior": msg("Shown instead: worse by more than the margin."),
}  # fmt: skip
"""Label of a refuted claim -> the sentence that says what is shown instead."""

WITHOUT_DELTA = {
    "reversed": msg("Shown instead: the opposite."),
    "too small": msg("Shown instead: less than the claim says."),
}
"""The same of a claim that has no δ, or a ratio in place of one."""

_RELATION = {
    "supported": msg("{arm} is better than {against} by more than δ = {delta}."),
    "reversed": msg("{arm} is worse than {against} by more than δ = {delta}."),
    "harmful": msg("{arm} is worse than {against}; whether by more than δ = {delta} is open."),
    "negligible": msg("{arm} and {against} differ by less than δ = {delta}."),
    "too small": msg("{arm} is not better than {against} by more than δ = {delta}; it may be worse."),
    "inconclusive": msg("Whether {arm} is better than {against} by more than δ = {delta} is open."),
}
"""What is shown of a comparison that nobody predicted and that has a δ -> the sentence that says it of the sides."""


def seen(v: Verdict) -> bool:
    """Tell whether a verdict is of a difference that nobody predicted, and of no δ: it supports and refutes nothing."""
    return KINDS[v.kind].exploratory and not v.delta


def ruling_of(v: Verdict, outcome: str | None = None) -> str:
    """Return what a verdict says to a reader: its outcome, or what is `seen` of what nobody predicted.

    Parameters
    ----------
    outcome
        Another outcome of the same comparison, as of another choice; else the verdict's.
    """
    ruling = v.outcome if outcome is None else outcome
    if not seen(v) or ruling == "not_tested":
        return ruling
    if ruling == "inconclusive":
        return "not_shown"
    if v.meaning.better is not None:
        return "better" if (ruling == "supported") == (v.predicts == v.meaning.better) else "worse"
    return "raises" if (ruling == "supported") == (v.predicts == "higher") else "lowers"


def label_of(v: Verdict) -> str:
    """Return the words for a verdict's label; empty where it has none, or where nothing was predicted."""
    return label_words(v.label) if v.label and not seen(v) else ""


def ruling_word(ruling: str) -> str:
    """Return an outcome, or what is `seen`, as a reader meets it.

    >>> ruling_word("not_tested"), ruling_word("worse")
    ('not tested', 'shown: worse')
    """
    return tr(RULINGS[ruling] if ruling in RULINGS else SEEN[ruling])


def label_words(label: str) -> str:
    """Return the label of a refuted claim as a reader meets it.

    >>> label_words("too small")
    'smaller than δ'
    """
    return tr(LABELS.get(label, label))


def instead(v: Verdict) -> str:
    """Return the sentence on what is shown instead of a refuted claim, with its δ."""
    delta = decades(v.delta) if v.scale == "decades" else amount(v.delta, v.unit) if v.scale == "difference" else ""
    message = INSTEAD.get(v.label, msg("Shown instead: an effect outside what the claim says."))
    if not (delta and v.delta > 0):
        message = WITHOUT_DELTA.get(v.label, message)
    return tr(message, delta=delta)


def relation(v: Verdict) -> str:
    """Return what is shown of the two sides of a comparison that nobody predicted, where it has a δ; else nothing.

    The badge of such a comparison (`refuted: reversed`) says that something is so, and not of what.
    """
    if not KINDS[v.kind].exploratory or seen(v) or not v.against_text:
        return ""
    message = _RELATION.get(v.label or v.outcome)
    return tr(message, arm=v.arm_text, against=v.against_text, delta=amount(v.delta, v.unit)) if message else ""


def ruled(v: Verdict) -> str:
    """Return what a verdict says with its label, as `refuted: harmful`, and that nobody predicted it, if so."""
    text = ruling_word(ruling_of(v)) + (tr(": ") + label_of(v) if label_of(v) else "")
    return text + (tr(" [exploratory]") if KINDS[v.kind].exploratory else "")
