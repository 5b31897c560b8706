"""What claims hand to the judge in a study that may stop at any time (see `stats.anytime`).

Every estimate is of the pairs seen so far, in the order in which their seeds were planned; its p is 2 over the largest
wealth at any look so far, and its interval the confidence sequence at the last look. Both hold at all looks together.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.claims.capped import Open, cell_ps
from ablate.claims.estimate import Estimate, Scale, won_cells
from ablate.claims.parts import Region
from ablate.stats.anytime import Anytime, anytime_mean, anytime_share
from ablate.stats.mean import Method


@dataclass(frozen=True)
class Batches:
    """The looks of a study that were taken so far.

    Attributes
    ----------
    seeds
        All planned seeds, in the order in which they are run.
    ends
        How many of them every look so far had, rising.
    target
        The wealth that decides a claim at the strictest level that Holm may leave it.
    """

    seeds: tuple[int, ...]
    ends: tuple[int, ...]
    target: float

    def order(self, there: Iterable[int]) -> tuple[list[int], tuple[int, ...]]:
        """Return which of these seeds were looked at, in order, and how many each look had."""
        present = set(there)
        counts = np.cumsum([seed in present for seed in self.seeds[: self.ends[-1]]])
        ends = tuple(int(counts[end - 1]) for end in self.ends)
        return [seed for seed in self.seeds[: self.ends[-1]] if seed in present], ends


def anytime_mean_estimate(
    differences: Mapping[int, float], region: Region, batches: Batches, *, scale: Scale = "difference"
) -> Estimate:
    """Estimate a mean over seeds by bets on signs; both ends of a region are tested at the same level."""
    order, ends = batches.order(differences)
    numbers = [differences[seed] for seed in order]
    test = anytime_mean(numbers, ends, target=batches.target)
    return Estimate(
        effect=test.mean,
        p=_region_p(test, region),
        interval=_kept(test),
        method=Method("sign bets"),
        scale=scale,
        p_zero=test.p_value(0.0),
        numbers=tuple(numbers),
    )


def anytime_share_estimate(scores: Mapping[int, float], region: Region, batches: Batches) -> Estimate:
    """Estimate a share of runs, or a chance to win, by bets on scores in [0, 1]."""
    order, ends = batches.order(scores)
    numbers = [scores[seed] for seed in order]
    test = anytime_share(numbers, ends)
    whole = set(numbers) <= {0.0, 1.0}
    return Estimate(
        effect=test.mean,
        p=_region_p(test, region),
        interval=_kept(test),
        method=Method("bets on scores"),
        scale="share",
        numbers=() if whole else tuple(numbers),
        details={"successes": int(sum(numbers)), "runs": len(numbers)} if whole else {},
    )


def anytime_cells_estimate(
    gaps: Mapping[int, NDArray[np.float64]], needed: int, delta: float, batches: Batches, *, known: Open | None
) -> Estimate:
    """Estimate the share of cells in which the mean difference is above δ: bets on signs in each, then as at one look.

    Partial conjunction asks nothing of the p-values of cells but that each holds, which they do at all looks together.

    Parameters
    ----------
    gaps
        Seed -> differences, float (cells,).
    known
        Of the seeds of `gaps`, in their order.
    """
    order, ends = batches.order(gaps)
    values = np.array([gaps[seed] for seed in order])
    if known is not None:
        at = {seed: row for row, seed in enumerate(gaps)}
        known = known.of_seeds(np.array([at[seed] for seed in order]))
    target = batches.target * values.shape[1]
    tests = [anytime_mean(column, ends, target=target) for column in values.T]
    wins = cell_ps([test.p_above(delta) for test in tests], values, known, null=delta, wins=True)
    losses = cell_ps([test.p_below(delta) for test in tests], values, known, null=delta, wins=False)
    return won_cells(wins, losses, values.mean(axis=0), needed, delta)


def _region_p(test: Anytime, region: Region) -> float:
    """Inside, both ends must be excluded; outside, the end the effect lies beyond."""
    low, high = region
    if low < test.mean < high:
        return max(test.p_above(low) if math.isfinite(low) else 0.0, test.p_below(high) if math.isfinite(high) else 0.0)
    return test.p_below(low) if test.mean <= low else test.p_above(high)


def _kept(test: Anytime) -> functools._lru_cache_wrapper[tuple[float, float]]:
    return functools.lru_cache(maxsize=4)(test.confidence_interval)
