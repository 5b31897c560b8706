"""What each kind of claim hands to the judge: an effect, the level at which it is decided, an interval at any level.

One rule holds for all kinds: `p` is the smallest α at which the whole interval at level 1 - α lies inside or outside
the claim's region, so that Holm can run over claims of different kinds. A region with two ends (equivalence,
trend) has no milder level: at 1 - 2α, as two one-sided tests have it, an effect at the margin was decided one way
or the other in 2α of studies.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.claims.capped import Open, cell_ps
from ablate.claims.parts import Region
from ablate.stats.mean import Method, allowing_for_unseen, mean_p
from ablate.stats.proportions import (
    clopper_pearson,
    partial_conjunction_p,
    share_p,
    sign_test_p,
    win_interval,
    won_cells_bounds,
)
from ablate.stats.signflip import as_differences, draws_of, least_pairs, sign_flip_interval, sign_flip_p
from ablate.stats.unseen import unseen_bound, unseen_p

Scale = Literal["difference", "log ratio", "slope", "decades", "share"]
IntervalAt = Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class Estimate:
    """An effect and how sure it is.

    Attributes
    ----------
    effect
        In the unit of `scale`.
    p
        The smallest level at which the claim is decided; None where no test is made.
    p_zero
        Two-sided p of "no effect", where that means anything.
    interval
        Level -> (low, high).
    method
        How the interval is made.
    widened
        Level -> whether the interval is made wider there than its method asks for; None where it never is.
    numbers
        The numbers the mean is of, (blocks,); empty where the effect is not a mean.
    others
        The effect and its interval where the same thing is measured otherwise, by the names of `ClaimKind.elsewhere`.
    details
        What stands beside it: counts, rates, restricted means.
    """

    effect: float
    p: float | None
    interval: IntervalAt
    method: Method
    scale: Scale = "difference"
    p_zero: float | None = None
    numbers: tuple[float, ...] = ()
    others: dict[str, tuple[float, IntervalAt]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    widened: Callable[[float], bool] | None = None

    def method_at(self, level: float) -> Method:
        """Return how the interval at a level is made."""
        return self.method if self.widened is None else replace(self.method, widened=self.widened(level))


def mean_estimate(differences: ArrayLike, region: Region, *, scale: Scale = "difference") -> Estimate:
    """Estimate a mean over seeds by sign flips (see `mean`)."""
    d = as_differences(differences)
    mean = float(d.mean())
    low, high = region
    p_low = mean_p(d, null=low) if math.isfinite(low) else 0.0
    p_high = mean_p(d, null=high) if math.isfinite(high) else 0.0
    flips = functools.lru_cache(maxsize=4)(lambda level: sign_flip_interval(d, level=level))
    interval = functools.lru_cache(maxsize=4)(lambda level: allowing_for_unseen(d, flips(level), level=level))
    return Estimate(
        effect=mean,
        p=_region_p(mean, region, p_low, p_high),
        interval=interval,
        method=Method("sign-flip", draws_of(d)),
        scale=scale,
        p_zero=sign_flip_p(d),
        numbers=tuple(d.tolist()),
        widened=lambda level: interval(level) != flips(level),
    )


def _region_p(effect: float, region: Region, p_low: float, p_high: float) -> float:
    """Inside, both ends must be excluded; outside, the end the effect lies beyond."""
    low, high = region
    if low < effect < high:
        return max(p_low, p_high)
    return p_low if effect <= low else p_high


def mean_least(alpha: float) -> int:
    """Return the fewest seeds with which `mean_estimate` can decide at level α."""
    return least_pairs(1.0 - min(alpha, 0.999))


def share_estimate(successes: int, runs: int, region: Region) -> Estimate:
    """Estimate a success rate by Clopper–Pearson."""
    rate = region[0] if math.isfinite(region[0]) else region[1]
    return Estimate(
        effect=successes / runs,
        p=share_p(successes, runs, rate),
        interval=lambda level: clopper_pearson(successes, runs, level=level),
        method=Method("Clopper–Pearson"),
        scale="share",
        details={"successes": successes, "runs": runs},
    )


def share_least(alpha: float, region: Region, *, supporting: bool = False) -> int:
    """Return the fewest runs with which a share can be decided at level α, one way or the other; or for the claim.

    By Clopper–Pearson's bound where all runs agree, which is (α/2)^(1/n).

    >>> share_least(0.05, (0.8, math.inf)), share_least(0.05, (0.8, math.inf), supporting=True)
    (3, 17)
    >>> share_least(0.05, (-math.inf, 0.15), supporting=True)
    23
    """
    above = math.isfinite(region[0])
    rate = region[0] if above else region[1]
    best = (rate if above else 1.0 - rate) if supporting else min(rate, 1.0 - rate)
    return max(1, math.ceil(math.log(alpha / 2.0) / math.log(best) - 1e-9))


def win_estimate(scores: ArrayLike, region: Region) -> Estimate:
    """Estimate the chance to win, from scores in [0, 1] per seed (1 won, ½ tied; averaged over cells).

    "More than half" is tested by the exact sign test, which knows what ties say, and with scores averaged over cells by
    sign flips about ½. Another threshold is tested by Clopper–Pearson, and with ties or over cells by bounds for any
    scores in [0, 1] (see `unseen`), which stay far below their level where many pairs are tied.
    """
    s = np.sort(np.asarray(scores, dtype=np.float64))
    wins, ties, losses = (int((s == score).sum()) for score in (1.0, 0.5, 0.0))
    one_cell = wins + ties + losses == len(s)
    if region[0] != 0.5:
        return _scores_estimate(s, region[0]) if ties or not one_cell else share_estimate(wins, len(s), region)
    if not one_cell:
        return _about_half(_scores_estimate(s, 0.5), sign_flip_p(s, null=0.5))
    counts = {"successes": wins, "runs": len(s)} if not ties else {"wins": wins, "ties": ties, "losses": losses}
    estimate = Estimate(
        effect=float(s.mean()),
        p=None,
        interval=lambda level: win_interval(wins, losses, ties, level=level),
        method=Method("sign test" if ties else "Clopper–Pearson"),
        scale="share",
        details=dict(counts),
    )
    return _about_half(estimate, sign_test_p(wins, losses, ties))


def _scores_estimate(s: NDArray[np.float64], threshold: float) -> Estimate:
    """Estimate the mean of any scores in [0, 1]."""
    mean = float(s.mean())
    p = unseen_p(s, 0.0, threshold) if mean > threshold else unseen_p(-s, -1.0, -threshold)

    def interval(level: float) -> tuple[float, float]:
        tail = (1.0 - level) / 2.0
        return unseen_bound(s, 0.0, alpha=tail), -unseen_bound(-s, -1.0, alpha=tail)

    return Estimate(mean, min(1.0, 2.0 * p), interval, Method("random spacings"), "share", numbers=tuple(s.tolist()))


def _about_half(estimate: Estimate, p: float) -> Estimate:
    """Return an estimate whose interval holds ½ exactly where an exact test of ½ does not reject it.

    Its own interval is made for any truth, and so mild that ½ may lie within it although it is rejected.
    """

    def interval(level: float) -> tuple[float, float]:
        low, high = estimate.interval(level)
        if p > 1.0 - level:
            return min(low, 0.5), max(high, 0.5)
        above, below = math.nextafter(0.5, 1.0), math.nextafter(0.5, 0.0)
        return (max(low, above), high) if estimate.effect > 0.5 else (low, min(high, below))

    return replace(estimate, p=p, interval=interval)


def cells_estimate(gaps: NDArray[np.float64], needed: int, delta: float, *, known: Open | None = None) -> Estimate:
    """Estimate the share of cells in which the mean difference is above δ, from differences (seeds, cells).

    A cell is won or lost by its own sign-flip test; how many are won in truth is bounded by partial conjunction, which
    needs no independence between the cells. Each bound is wrong with chance at most α. `known` says what a budget hides
    of the differences; what it hides decides no cell (see `capped`).
    """
    cells = gaps.shape[1]
    means = np.asarray(gaps.mean(axis=0))
    two_sided = [mean_p(gaps[:, c], null=delta) for c in range(cells)]
    wins = [p / 2 if m > delta else 1.0 for p, m in zip(two_sided, means, strict=True)]
    losses = [p / 2 if m < delta else 1.0 for p, m in zip(two_sided, means, strict=True)]
    wins = cell_ps(wins, gaps, known, null=delta, wins=True)
    losses = cell_ps(losses, gaps, known, null=delta, wins=False)
    return won_cells(wins, losses, means, needed, delta)


def won_cells(
    wins: Sequence[float], losses: Sequence[float], means: NDArray[np.float64], needed: int, delta: float
) -> Estimate:
    """Estimate the share of cells that are won, from one-sided p per cell of "not won" and of "not lost"."""
    cells = len(means)

    def interval(level: float) -> tuple[float, float]:
        fewest, most = won_cells_bounds(wins, losses, alpha=1.0 - level)
        return fewest / cells, most / cells

    p_won = partial_conjunction_p(wins, needed)
    p_lost = partial_conjunction_p(losses, cells - needed + 1)
    won = int((means > delta).sum())
    details = {"won": won, "cells": cells, "needed": needed}
    return Estimate(won / cells, min(p_won, p_lost), interval, Method("partial conjunction"), "share", details=details)


def exact_estimate(values: NDArray[np.float64], bounds: Region) -> Estimate:
    """Count the runs in which a property holds; a counterexample needs no test."""
    holds = (values >= bounds[0]) & (values <= bounds[1])
    count, runs = int(holds.sum()), int(values.size)
    return Estimate(
        effect=count / runs,
        p=None,
        interval=lambda level: clopper_pearson(count, runs, level=level),
        method=Method("Clopper–Pearson"),
        scale="share",
        details={"held": count, "runs": runs, "counterexamples": runs - count},
    )
