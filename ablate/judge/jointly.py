"""Intervals of the claims of one family (`each`) that hold together, for figures that invite comparing them.

A verdict is decided by its own interval, at its own step of Holm's procedure: the chance of one wrong *verdict* is
kept, but a claim that is decided late has a mild level, so that the intervals of many claims do not all hold at once.
The intervals here do. No verdict is decided by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ablate.claims.comparison import Comparison
from ablate.claims.estimate import Estimate
from ablate.judge.evidence import Collected
from ablate.stats.joint import joint_level

By = Literal["max-T", "Bonferroni"]


@dataclass(frozen=True)
class Joint:
    """An interval of one of several claims that hold together.

    Attributes
    ----------
    low, high
        The interval, made as the verdict's own is.
    level
        Its level on its own.
    together
        The chance that all intervals of the family hold.
    members
        How many these are.
    by
        How the level was found: `max-T` by the correlation of paired differences (see `stats.joint`), `Bonferroni` for
        effects that are not means over seeds, and for studies that may stop at any time.
    """

    low: float
    high: float
    level: float
    together: float
    members: int
    by: By


def joint_intervals(
    collected: Sequence[Collected], comparisons: Sequence[Comparison], *, alpha: float, once: bool
) -> dict[str, Joint]:
    """Return the joint intervals of all claims that have cells of their own, by the id of the comparison.

    Parameters
    ----------
    collected
        What was collected of the comparisons that are judged now.
    comparisons
        All of the study, also those that were decided at earlier looks.
    alpha
        1 - the chance that all intervals of a family hold together.
    once
        The runs are judged once, or at looks that α allows for; else at any time.
    """
    families: dict[str, list[tuple[Collected, Estimate]]] = {}
    for one in collected:
        claim = one.comparison.claim
        if claim.each and claim.sampled and one.estimate is not None:
            families.setdefault(claim.id, []).append((one, one.estimate))
    planned = {name: sum(c.claim.id == name for c in comparisons) for name in families}
    joint: dict[str, Joint] = {}
    for name, members in families.items():
        if planned[name] < 2:
            continue
        means = [_mean_of(one, estimate) for one, estimate in members]
        if once and all(means):
            by, level, size = "max-T", joint_level(_table(means), level=1.0 - alpha), len(members)
        else:
            by, level, size = "Bonferroni", 1.0 - alpha / planned[name], planned[name]
        for one, estimate in members:
            low, high = estimate.interval(level)
            joint[one.comparison.id] = Joint(low, high, level, 1.0 - alpha, size, by)  # type: ignore[arg-type]
    return joint


def _mean_of(collected: Collected, estimate: Estimate) -> Mapping[int, float]:
    """Return the paired differences that an estimate is the mean of; none where it is not a mean over seeds."""
    differences = collected.evidence.differences
    is_mean = (
        collected.comparison.claim.by_means and estimate.scale != "share" and len(estimate.numbers) == len(differences)
    )
    return differences if is_mean else {}


def _table(columns: Sequence[Mapping[int, float]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return differences as (seeds, claims), NaN where a claim has none."""
    seeds = sorted({seed for column in columns for seed in column})
    return np.array([[column.get(seed, np.nan) for column in columns] for seed in seeds], dtype=np.float64)
