"""Outcomes and labels as a reader meets them."""

from __future__ import annotations

from ablate.lang import msg, tr

RULINGS = {"supported": msg("supported"), "refuted": msg("refuted"), "inconclusive": msg("inconclusive"),
           "not_tested": msg("not tested")}  # fmt: skip
"""Outcome -> the words for it."""

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


def ruling_word(outcome: str) -> str:
    """Return an outcome as a reader meets it.

    >>> ruling_word("not_tested")
    'not tested'
    """
    return tr(RULINGS[outcome])


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


def ruled(outcome: str, label: str) -> str:
    """Return an outcome with its label: a refuted claim always says what is shown instead.

    >>> ruled("refuted", "harmful"), ruled("supported", "")
    ('refuted: harmful', 'supported')
    """
    return tr(RULINGS[outcome]) + (tr(": ") + label_words(label) if label else "")
