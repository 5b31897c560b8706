"""Outcomes and labels as a reader meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.claims.kinds import KINDS
from ablate.lang import msg, tr

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict

RULINGS = {"supported": msg("supported"), "refuted": msg("refuted"), "inconclusive": msg("inconclusive"),
           "not_tested": msg("not tested")}  # fmt: skip
"""Outcome -> the words for it."""

SEEN = {"raises": msg("shown: raises"), "lowers": msg("shown: lowers"), "not_shown": msg("not shown")}
"""What is shown by a difference that nobody predicted, and of which no size matters -> the words for it."""

LABELS = {
    "reversed": msg("reversed"), "harmful": msg("harmful"), "negligible": msg("negligible"),
    "too small": msg("smaller than δ"), "different": msg("different"), "counterexample": msg("counterexample"),
    "worse": msg("the other way"), "inferior": msg("worse by more than the margin"),
}  # fmt: skip
"""Label of a refuted claim -> the words for it: what is shown instead."""

INSTEAD = {
    "reversed": msg("Shown instead: the opposite, by more than δ."),
    "harmful": msg("Shown instead: an effect in the other direction."),
    "negligible": msg("Shown instead: an effect smaller than δ in either direction."),
    "too small": msg("Shown instead: an effect smaller than δ."),
    "different": msg("Shown instead: a difference of more than δ."),
    "counterexample": msg("Shown instead: runs in which it does not hold."),
    "worse": msg("Shown instead: the other side is ahead."),
    "inferior": msg("Shown instead: worse by more than the margin."),
}  # fmt: skip
"""Label of a refuted claim -> the sentence that says what is shown instead."""


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
    return "raises" if (ruling == "supported") == (v.predicts == "higher") else "lowers"


def label_of(v: Verdict) -> str:
    """Return the words for a verdict's label; empty where it has none, or where nothing was predicted."""
    return label_words(v.label) if v.label and not seen(v) else ""


def ruling_word(ruling: str) -> str:
    """Return an outcome, or what is `seen`, as a reader meets it.

    >>> ruling_word("not_tested"), ruling_word("lowers")
    ('not tested', 'shown: lowers')
    """
    return tr(RULINGS[ruling] if ruling in RULINGS else SEEN[ruling])


def label_words(label: str) -> str:
    """Return the label of a refuted claim as a reader meets it.

    >>> label_words("too small")
    'smaller than δ'
    """
    return tr(LABELS.get(label, label))


def instead(label: str) -> str:
    """Return the sentence on what is shown instead of a refuted claim.

    >>> instead("too small")
    'Shown instead: an effect smaller than δ.'
    """
    return tr(INSTEAD.get(label, msg("Shown instead: an effect outside what the claim says.")))


def ruled(v: Verdict) -> str:
    """Return what a verdict says with its label, as `refuted: harmful`, and that nobody predicted it, if so."""
    text = ruling_word(ruling_of(v)) + (tr(": ") + label_of(v) if label_of(v) else "")
    return text + (tr(" [exploratory]") if KINDS[v.kind].exploratory else "")
