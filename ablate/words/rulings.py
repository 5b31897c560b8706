"""Outcomes and labels as a reader meets them."""

from __future__ import annotations

from ablate.lang import msg, tr

RULINGS = {"supported": msg("supported"), "refuted": msg("refuted"), "inconclusive": msg("inconclusive"),
           "not_tested": msg("not tested")}  # fmt: skip
"""Outcome -> the words for it."""

LABELS = {
    "reversed": msg("reversed"), "harmful": msg("harmful"), "negligible": msg("negligible"),
    "too small": msg("smaller than δ"), "different": msg("different"), "counterexample": msg("counterexample"),
    "inferior": msg("worse by more than the margin"),
}  # fmt: skip
"""Label of a refuted claim -> the words for it: what is shown instead."""


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
