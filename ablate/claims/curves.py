"""The exchange rate of a claim: the learning curves it is read off, and its estimate."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.claims.comparison import Comparison, level_text
from ablate.claims.contrast import Evidence, Sides
from ablate.claims.estimate import Estimate, mean_estimate
from ablate.claims.measured import Endpoint
from ablate.claims.over import ExchangeClaim
from ablate.stats.exchange import exchange_bootstrap, exchange_rate


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
        float64 (seeds, levels), turned so that higher is better.
    sign
        What they were multiplied by: +1 or -1.
    """

    seeds: tuple[int, ...]
    n: NDArray[np.float64]
    arm: NDArray[np.float64]
    reference: NDArray[np.float64]
    sign: float

    def bootstrap(self) -> NDArray[np.float64]:
        """Return log k(n) of 1,999 resamples of whole seeds, (resamples, levels - 1); the same ones every time."""
        return exchange_bootstrap(self.arm, self.reference, self.n, rng=np.random.default_rng(0xE8C))


def exchange_curves(comparison: Comparison, sides: Sides, endpoint: Endpoint) -> ExchangeCurves:
    """Return the learning curves of both sides of a claim about an exchange rate."""
    values = sides.values(endpoint)
    usable = np.isfinite(values).all(axis=(1, 2))
    sign = 1.0 if sides.predicts == "higher" else -1.0
    arm, reference = np.split(values[usable].mean(axis=1) * sign, 2, axis=1)
    n = np.array([float(str(level)) for level in comparison.over])
    return ExchangeCurves(tuple(int(seed) for seed in np.array(endpoint.seeds)[usable]), n, arm, reference, sign)


def exchange_estimate(
    comparison: Comparison, sides: Sides, endpoint: Endpoint, evidence: Evidence
) -> tuple[Evidence, Estimate | None]:
    """Estimate the mean of log k(n); the evidence holds one number per seed, the jackknife's."""
    curves = exchange_curves(comparison, sides, endpoint)
    if len(curves.seeds) < 2:
        return evidence, None
    rate = exchange_rate(curves.arm, curves.reference, curves.n)
    drawn = curves.bootstrap().mean(axis=1)
    estimate = mean_estimate(rate.jackknife, comparison.claim.region, scale="log ratio")
    details = {
        "n": rate.n.tolist(),
        "k": rate.k.tolist(),
        "clipped": rate.clipped.tolist(),
        "bootstrap_95": [float(np.exp(end)) for end in np.quantile(drawn, [0.025, 0.975])],
    }
    pseudo = {s: float(v) for s, v in zip(curves.seeds, rate.jackknife, strict=True)}
    assert isinstance(comparison.claim, ExchangeClaim)
    at = [level_text({comparison.claim.over: level}, comparison.names) for level in comparison.over[: len(rate.n)]]
    per_cell = {cell: float(k) for cell, k in zip(at, np.log(rate.k), strict=True)}
    return (
        dataclasses.replace(evidence, differences=pseudo, per_cell=per_cell),
        dataclasses.replace(estimate, details=details),
    )
