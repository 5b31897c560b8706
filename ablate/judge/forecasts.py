"""Scoring forecasts of verdicts that were registered before the runs (Brier 1950)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablate.judge.verdict import Verdict


@dataclass(frozen=True)
class Score:
    """A forecaster's mean squared error over the decided claims: 0 is perfect, 0.25 is saying ½ to everything.

    Attributes
    ----------
    claims
        (claim id, forecast, came out as supported), decided ones only.
    open
        Claims forecast but not decided: they are not scored.
    """

    who: str
    brier: float | None
    claims: tuple[tuple[str, float, bool], ...]
    open: tuple[str, ...]


def brier(forecasts: Sequence[float], outcomes: Sequence[bool]) -> float:
    """Return the mean squared error of probabilities.

    >>> round(brier([0.9, 0.2], [True, False]), 4)
    0.025
    """
    return sum((p - o) ** 2 for p, o in zip(forecasts, outcomes, strict=True)) / len(forecasts)


def score_forecasts(forecasts: Mapping[str, Mapping[str, float]], verdicts: Sequence[Verdict]) -> list[Score]:
    """Score every forecaster; a forecast for a claim with `each` counts for all of its members."""
    scores = []
    for who, chances in forecasts.items():
        decided: list[tuple[str, float, bool]] = []
        left: list[str] = []
        for verdict in verdicts:
            chance = chances.get(verdict.claim_id, chances.get(verdict.source_id))
            if chance is None:
                continue
            if verdict.decided:
                decided.append((verdict.claim_id, chance, verdict.outcome == "supported"))
            else:
                left.append(verdict.claim_id)
        score = brier([c[1] for c in decided], [c[2] for c in decided]) if decided else None
        scores.append(Score(who, score, tuple(decided), tuple(left)))
    return scores
