"""An effect in two parts: how many runs do not train on each side, and what the runs that train differ by.

A run does not train where it failed (collapsed, diverged, crashed), stalled, or is an outlier of its arm (see
`judge.collapses`). Where all runs train there are no two parts, and a verdict stands as it is.

Where some runs of an arm failed or are outliers and others are not, a mean over all runs is a mean of two things, of
which one may be rare. There a bound that asks nothing of the distribution but its range (`stats.betting`) stands beside
the usual test, at the same level. A claim with `bounded: true` is decided only where both say the same: the bound only
takes decisions back, as a gate does, so that errors are at most those of the usual test. An average over cells is a
sum: of the cells in which an arm is mixed, which the bound is for, and of the others, which stand by the usual test.
The bounds of both, each at half of α, add up to one of the sum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ablate.claims.anytime import Batches, anytime_mean_estimate
from ablate.claims.bounded import Bound
from ablate.claims.contrast import Flags, Sides
from ablate.claims.estimate import Estimate, Scale, mean_estimate
from ablate.claims.measured import Endpoint
from ablate.stats.unseen import unseen_bound
from ablate.train.metric import Metric


@dataclass(frozen=True)
class Share:
    """The share of a side's runs that do not train, with its interval: exact, over several cells for shares of seeds.

    Attributes
    ----------
    failed, runs
        Runs that do not train, of all that ran.
    """

    failed: int
    runs: int
    low: float
    high: float


@dataclass(frozen=True)
class PartEffect:
    """An effect with its interval, and of how many pairs; NaN without a pair."""

    pairs: int
    effect: float
    low: float
    high: float


@dataclass(frozen=True)
class Outlier:
    """A run that lies so far from its arm that it counts as one that did not train; `usual` is the arm's median."""

    arm: str
    seed: int
    value: float
    usual: float


@dataclass(frozen=True)
class TwoParts:
    """What a verdict tells where some run of either side did not train.

    Attributes
    ----------
    level
        Of all intervals: the verdict's own.
    arm, against
        The share of each side that does not train.
    apart
        Share of `arm` minus that of `against`, as ``(difference, low, high)``.
    trained
        The effect among the pairs in which all runs train.
    usual, bounded
        The mean over all pairs by the usual test, and by the bound for any distribution in the metric's range, which is
        infinite where it has none; None where no arm is mixed, or some run has no value.
    left_out
        Pairs that ran, and of which some run does not train.
    outliers
        By arm and seed.
    """

    level: float
    arm: Share
    against: Share
    apart: tuple[float, float, float]
    trained: PartEffect
    usual: PartEffect
    bounded: PartEffect | None
    left_out: int
    outliers: tuple[Outlier, ...]


@dataclass(frozen=True)
class TrainedSplit:
    """The pairs of a comparison, and which of them are of runs that all train.

    Attributes
    ----------
    differences
        Seed -> oriented difference, failures filled, of all pairs that have one.
    trained
        The same of the pairs in which every run trains.
    failed
        Of the pairs of which every run ran: which runs do not train, bool (pairs, cells, sides).
    arm
        Which sides are `arm`, bool (sides,).
    mixed
        Of the differences, what the cells count in which an arm is mixed, float (pairs,); None where no bound is
        made: no arm is, or the metric is a time or has no better direction.
    share
        Of the cells: those in which an arm is mixed.
    limits
        Least and greatest value that these can count, infinite where the metric has no range.
    outliers
        By arm and seed.
    batches
        The looks so far of a study that may stop at any time.
    """

    differences: dict[int, float]
    trained: dict[int, float]
    failed: NDArray[np.bool_]
    arm: Flags
    mixed: NDArray[np.float64] | None
    share: float
    limits: tuple[float, float]
    outliers: tuple[Outlier, ...] = ()
    batches: Batches | None = None

    @classmethod
    def of(
        cls, sides: Sides, endpoint: Endpoint, arm: Flags, *, names: Sequence[str] = (), batches: Batches | None = None
    ) -> TrainedSplit:
        """Read them off an endpoint.

        Parameters
        ----------
        names
            Of the endpoint's arms, by which outliers are told.
        """
        gaps = sides.contrast(sides.values(endpoint))
        untrained = endpoint.untrained[:, sides.columns]
        ran: Flags = np.asarray(endpoint.ran[:, sides.columns].all(axis=(1, 2)))
        usable: Flags = np.asarray(np.isfinite(gaps).all(axis=1))
        kept: Flags = np.asarray(usable & ran & ~untrained.any(axis=(1, 2)))
        means = {int(seed): float(gap.mean()) for seed, gap in zip(endpoint.seeds, gaps, strict=True)}
        every, trained = (
            {int(seed): means[int(seed)] for seed, keep in zip(endpoint.seeds, those, strict=True) if keep}
            for those in (usable, kept)
        )
        declared, mixed = endpoint.declared, endpoint.mixed[sides.columns].any(axis=1)
        failed = np.asarray(untrained[ran])
        needed = mixed.any() and failed.any() and declared.better is not None and not declared.is_time
        return cls(
            differences=every,
            trained=trained,
            failed=failed,
            arm=arm,
            mixed=gaps[usable][:, mixed].sum(axis=1) / mixed.size if needed else None,
            share=float(mixed.mean()),
            limits=_limits(sides, declared, float(mixed.mean())),
            outliers=_outliers(sides, endpoint, names or endpoint.arm_ids),
            batches=batches,
        )

    @property
    def whole(self) -> bool:
        """Whether every run trains."""
        return not self.failed.any()

    @property
    def pairs(self) -> int:
        """Pairs of which every run ran."""
        return len(self.failed)

    @property
    def left_out(self) -> int:
        """Pairs of these that are not among those that train."""
        return self.pairs - len(self.trained)

    def bound(self, scale: Scale) -> Bound | None:
        """Return the bound of an effect of all runs beside the usual test; None where no arm is mixed."""
        if self.mixed is None:
            return None
        mixed = dict(zip(self.differences, self.mixed.tolist(), strict=True))
        rest = {seed: d - mixed[seed] for seed, d in self.differences.items()}
        order, ends = (list(mixed), ()) if self.batches is None else self.batches.order(mixed)
        other = self._usual(rest, scale) if self.share < 1.0 and rest else None
        return Bound(np.array([mixed[seed] for seed in order]), self.limits, ends, other)

    def told(self, *, level: float, scale: Scale) -> TwoParts | None:
        """Return the two parts, with intervals at a level; None where every run trains."""
        if self.whole:
            return None
        one, other = (self.failed[..., side].mean(axis=(1, 2)) for side in (self.arm, ~self.arm))
        complete = len(self.differences) == self.pairs  # else a failed run has no value, and no mean holds all runs
        bound = self.bound(scale) if complete else None
        every = self.part(self.differences if complete else {}, scale, level)
        return TwoParts(
            level=level,
            arm=self._share(self.arm, level),
            against=self._share(~self.arm, level),
            apart=(float((one - other).mean()), *_score_interval(one - other, -1.0, 1.0, level)),
            trained=self.part(self.trained, scale, level),
            usual=every,
            bounded=None if bound is None else PartEffect(every.pairs, every.effect, *bound.interval(level)),
            left_out=self.left_out,
            outliers=self.outliers,
        )

    def _share(self, side: Flags, level: float) -> Share:
        failed = self.failed[..., side]
        return Share(int(failed.sum()), failed.size, *_score_interval(failed.mean(axis=(1, 2)), 0.0, 1.0, level))

    def part(self, differences: dict[int, float], scale: Scale, level: float) -> PartEffect:
        """Return the mean of some of the differences, by the usual test, at a level."""
        if not differences:
            return PartEffect(0, math.nan, -math.inf, math.inf)
        estimate = self._usual(differences, scale)
        return PartEffect(len(differences), estimate.effect, *estimate.interval(level))

    def _usual(self, differences: dict[int, float], scale: Scale) -> Estimate:
        if self.batches is not None:
            return anytime_mean_estimate(differences, _ALL, self.batches, scale=scale)
        return mean_estimate(list(differences.values()), _ALL, scale=scale)


def only_trained(endpoint: Endpoint, columns: NDArray[np.int64]) -> Endpoint:
    """Return the endpoint without the pairs in which a run does not train: no values, and none that is missed.

    Parameters
    ----------
    columns
        Column of the endpoint for each side of each cell, int (cells, sides).
    """
    out = np.zeros(endpoint.ran.shape, dtype=np.bool_)
    out[:, columns.ravel()] = np.asarray(endpoint.untrained[:, columns].any(axis=(1, 2)))[:, None]
    return replace(
        endpoint,
        value=np.where(out, np.nan, endpoint.value),
        filled=endpoint.filled & ~out,
        undefined=endpoint.undefined & ~out,
        capped=endpoint.capped & ~out,
    )


_ALL = (0.0, math.inf)


def _limits(sides: Sides, declared: Metric, share: float) -> tuple[float, float]:
    """Return what a share of the cells can count in a difference."""
    low, high = declared.limits
    if sides.logged or declared.is_time or not math.isfinite(high - low):
        return -math.inf, math.inf
    up, down = float(np.maximum(sides.weights, 0.0).sum()), float(np.minimum(sides.weights, 0.0).sum())
    return share * (up * low + down * high), share * (up * high + down * low)


def _outliers(sides: Sides, endpoint: Endpoint, names: Sequence[str]) -> tuple[Outlier, ...]:
    outliers = []
    for column in sorted(set(sides.columns.ravel().tolist())):
        usual = float(np.nanmedian(endpoint.value[:, column])) if endpoint.outlying[:, column].any() else math.nan
        outliers += [
            Outlier(names[column], int(endpoint.seeds[row]), float(endpoint.value[row, column]), usual)
            for row in np.flatnonzero(endpoint.outlying[:, column])
        ]
    return tuple(outliers)


def _score_interval(scores: NDArray[np.float64], low: float, high: float, level: float) -> tuple[float, float]:
    """Return the interval of a mean of scores in [low, high], by random spacings: of 0 and 1, Clopper–Pearson's."""
    tail = (1.0 - level) / 2.0
    return unseen_bound(scores, low, alpha=tail), -unseen_bound(-scores, -high, alpha=tail)
