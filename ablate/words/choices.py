"""Other choices that a verdict is tried under, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.claims.kinds import KINDS
from ablate.lang import msg, tr
from ablate.words.reasons import said

if TYPE_CHECKING:
    from ablate.judge.sensitivity import Sensitivity
    from ablate.judge.verdict import Verdict

_ENDS = {
    "failures_worst": msg("failed and missing runs at the value worst for the arm"),
    "failures_best": msg("failed and missing runs at the value best for the arm"),
}
"""Codes of other choices that speak of the claim -> the words for it where nobody claimed anything."""


def choice_words(v: Verdict, row: Sensitivity) -> str:
    """Return another choice as a reader meets it: of a comparison that nobody claimed, without the word claim."""
    end = _ENDS.get(row.reason.code) if KINDS[v.kind].exploratory else None
    return said(row.reason) if end is None else tr(end)
