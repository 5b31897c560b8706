"""The claim that n examples are worth more with an arm: the exchange rate of two learning curves."""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ablate.claims.comparison import Comparison, arm_text
from ablate.claims.contrast import Sides
from ablate.claims.estimate import Estimate, Scale
from ablate.claims.measured import Endpoint
from ablate.claims.over import OverClaim
from ablate.claims.parts import Levels, Region, ratio_label
from ablate.claims.reading import LoggedRuns, Reading
from ablate.claims.reason import Reason, because
from ablate.stats.exchange import exchange_rate
from ablate.stats.mean import Method
from ablate.stats.resampled import resampled_least
from ablate.train.metric import Better


class ExchangeClaim(OverClaim):
    """With `arm`, n examples are worth more than `ratio` · n: the exchange rate k of two learning curves.

    `over` is the numeric factor that holds n. The effect is the mean of log k(n) over its levels; its interval
    resamples whole seeds, and is open to the side to which k is only a bound.
    """

    scale: ClassVar[Scale] = "log ratio"
    by_means: ClassVar[bool] = False
    by_signs: ClassVar[bool] = False
    imputes: ClassVar[bool] = False
    anytime: ClassVar[bool] = False  # its number per seed depends on all the others
    mapped: ClassVar[bool] = True
    symbol: ClassVar[str] = "k"

    kind: Literal["exchange_rate"] = "exchange_rate"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    ratio: float = Field(default=1.2, ge=1.0, allow_inf_nan=False)

    @property
    def region(self) -> Region:
        """Above the log of the ratio."""
        return math.log(self.ratio), math.inf

    def sides_of(self, columns: NDArray[np.int64], predicts: Better, over: NDArray[np.float64]) -> Sides:
        """Return the arm at every n, then the other."""
        return Sides(columns, np.repeat(self.pair(predicts), len(over)), False, predicts)

    def least_seeds(self, alpha: float, cells: int) -> int:
        """As resampled seeds need."""
        del cells
        return resampled_least(alpha)

    def obstacle(self, endpoint: Endpoint, sides: Sides) -> Reason | None:
        """A curve through budgets is not a curve."""
        missed = endpoint.filled[:, sides.columns]
        if endpoint.declared.counts_to_target and missed.any():
            return because("cut_curve", n=int(missed.sum()), of=int(endpoint.ran[:, sides.columns].sum()))
        return None

    def measure(self, runs: LoggedRuns) -> Reading:
        """Estimate the mean of log k(n); the evidence holds one number per seed, the jackknife's."""
        comparison, evidence = runs.comparison, runs.evidence
        curves = exchange_curves(comparison, runs.sides, runs.endpoint)
        if len(curves.seeds) < 2:
            return Reading(evidence, None)
        rate = exchange_rate(curves.arm, curves.reference, curves.n)
        threshold = self.region[0]
        drawn = rate.resampled
        interval = functools.partial(drawn.interval, about=threshold)
        details = {
            "n": rate.n.tolist(),
            "k": rate.k.tolist(),
            "clipped": (rate.beyond != 0).tolist(),
            "beyond": rate.beyond.tolist(),
            "bootstrap_95": [float(np.exp(end)) for end in interval(0.95)],
        }
        estimate = Estimate(
            effect=rate.log_k,
            p=drawn.p_value(threshold),
            interval=interval,
            method=Method("resampled seeds"),
            scale=self.scale,
            p_zero=drawn.p_zero,
            numbers=tuple(rate.jackknife.tolist()),
            details=details,
        )
        pseudo = {s: float(v) for s, v in zip(curves.seeds, rate.jackknife, strict=True)}
        at = [arm_text({self.over: level}, comparison.names) for level in comparison.over[: len(rate.n)]]
        per_cell = {cell: float(k) for cell, k in zip(at, np.log(rate.k), strict=True)}
        evidence = dataclasses.replace(evidence, differences=pseudo, per_cell=per_cell)
        return Reading(evidence, estimate)

    def label(self, low: float, high: float) -> str:
        """`reversed` or `too small`."""
        return ratio_label(low, high)


@dataclass(frozen=True)
class ExchangeCurves:
    """The learning curves an exchange rate is read off, averaged over the cells.

    Attributes
    ----------
    seeds
        Those with a value at every n on both sides.
    n
        float64 (levels,), ascending.
    arm, reference
        float64 (seeds, levels), with the sign by which higher is better.
    sign
        What they were multiplied by: +1 or -1.
    """

    seeds: tuple[int, ...]
    n: NDArray[np.float64]
    arm: NDArray[np.float64]
    reference: NDArray[np.float64]
    sign: float


def exchange_curves(comparison: Comparison, sides: Sides, endpoint: Endpoint) -> ExchangeCurves:
    """Return the learning curves of both sides of a claim about an exchange rate."""
    values = sides.values(endpoint)
    usable = np.isfinite(values).all(axis=(1, 2))
    sign = 1.0 if sides.predicts == "higher" else -1.0
    arm, reference = np.split(values[usable].mean(axis=1) * sign, 2, axis=1)
    n = np.array([float(str(level)) for level in comparison.over])
    return ExchangeCurves(tuple(int(seed) for seed in np.array(endpoint.seeds)[usable]), n, arm, reference, sign)
