"""The evidence for one comparison: a number per seed, oriented so that the claim predicts more than 0.

Effects, equivalences, interactions, trends and times to a target are all linear contrasts: the values of the sides of
a cell (logged, for times and power laws), times fixed weights, averaged over the cells of a seed. The width of a basin
is none: it is read off all levels of a side at once (see `basin`), and the widths of the two sides are subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ablate.claims.comparison import Comparison, Key, level_key, level_text
from ablate.claims.kinds import AnyClaim, EquivalenceClaim, ExactClaim, InteractionClaim, ProportionClaim, TimeClaim
from ablate.claims.measured import Endpoint
from ablate.claims.over import BasinClaim, ExchangeClaim, TrendClaim
from ablate.stats.basin import Basin
from ablate.train.metric import Better, Metric


class Meanings(Protocol):
    """What the metrics of a study mean (`sweep.metrics.Metrics`)."""

    def of(self, name: str) -> Metric:
        """Return what is known of a metric: of an unknown one, its name alone."""

    def direction(self, name: str, *, where: str) -> Better:
        """Return which way is better; a `UserError` where nobody declares it."""


@dataclass(frozen=True)
class Sides:
    """The runs of one comparison as arrays.

    Attributes
    ----------
    columns
        Column of the endpoint for each side of each cell, int (cells, sides).
    weights
        What each side counts in the contrast, float (sides,): oriented, so that more is what the claim predicts.
    logged
        The values are logged before they are weighted.
    predicts
        The direction that was turned to be positive.
    basin
        How widths are measured, where the contrast is one of widths: then a target not reached counts as inf.
    """

    columns: NDArray[np.int64]
    weights: NDArray[np.float64]
    logged: bool
    predicts: Better
    basin: Basin | None = None

    def values(self, endpoint: Endpoint) -> NDArray[np.float64]:
        """Return the endpoint's values as (seeds, cells, sides)."""
        value = endpoint.value if self.basin is None else np.where(endpoint.filled, np.inf, endpoint.value)
        return np.asarray(value[:, self.columns])

    def contrast(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the contrast in every cell, (seeds, cells); NaN where a value is, or has no logarithm."""
        if self.basin is not None:
            arm, against = np.split(values, 2, axis=-1)
            return np.asarray(self.basin.width(arm) - self.basin.width(against))
        if self.logged:
            values = np.log(np.where(values > 0, values, np.nan))
        return np.asarray(values @ self.weights)


@dataclass(frozen=True)
class Evidence:
    """What the runs of one comparison hold.

    Attributes
    ----------
    predicts
        The direction the claim predicts for the metric; differences are positive where it is right.
    differences
        Seed -> arm minus against (sign turned for `lower`), averaged over the cells. A seed is there only where both
        sides have a value in every cell: a mean over other cells would be another quantity.
    planned_pairs
        Seeds planned for any of the arms.
    filled_arm, filled_against
        (k, n): k of the n runs on this side failed and count as the endpoint's fill.
    per_cell
        Cell -> mean oriented difference over the same seeds.
    undefined
        Runs that ended without any value for the metric: reason to refuse.
    """

    predicts: Better
    differences: dict[int, float]
    planned_pairs: int
    filled_arm: tuple[int, int]
    filled_against: tuple[int, int]
    per_cell: dict[str, float]
    undefined: int


def predicted(claim: AnyClaim, metrics: Meanings) -> Better:
    """Return which way a claim predicts its metric to move.

    What it says itself; else what its kind fixes: fewer steps to a target are better, whatever the metric is called;
    else the direction that is declared. Where both ways are looked at alike, an unknown direction keeps its sign.

    Raises
    ------
    UserError
        The claim needs a direction and nobody declares it.
    """
    if claim.predicts is not None:
        return claim.predicts
    if isinstance(claim, TimeClaim | BasinClaim):
        return "lower"
    if isinstance(claim, EquivalenceClaim | TrendClaim | ExactClaim) or (
        isinstance(claim, ProportionClaim) and claim.of == "runs"
    ):
        return metrics.of(claim.metric).better or "higher"
    return metrics.direction(claim.metric, where=f"claim {claim.id}")


def sides_of(comparison: Comparison, arms: Mapping[Key, int], factors: tuple[str, ...], metrics: Meanings) -> Sides:
    """Return where the runs of a comparison stand and what they count.

    Parameters
    ----------
    arms
        `level_key` of an arm -> its column in the endpoint.
    factors
        The study's factors, in the order the keys were made with.
    metrics
        What the study's metrics mean.
    """
    claim = comparison.claim
    columns = [[arms[level_key(side, factors)] for side in comparison.arms(cell)] for cell in comparison.cells]
    predicts = predicted(claim, metrics)
    logged = isinstance(claim, TimeClaim) or (isinstance(claim, TrendClaim) and claim.log_log)
    if isinstance(claim, TrendClaim):
        x = np.array([float(str(level)) for level in comparison.over])
        x = np.log(x) if claim.log_log else x
        weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()  # ordinary least squares, per seed
        return Sides(np.array(columns), weights, logged, "higher")  # a slope keeps its sign
    pair = np.array([1.0, -1.0]) * (1.0 if predicts == "higher" else -1.0)
    weights = np.concatenate((pair, -pair)) if isinstance(claim, InteractionClaim) else pair
    basin = None
    if isinstance(claim, ExchangeClaim | BasinClaim):
        weights = np.repeat(pair, len(comparison.over))
    if isinstance(claim, BasinClaim):
        basin = Basin(np.array([float(str(level)) for level in comparison.over]), claim.within)
    return Sides(np.array(columns), weights[: len(columns[0])], logged, predicts, basin)


def evidence_of(comparison: Comparison, sides: Sides, endpoint: Endpoint) -> Evidence:
    """Collect the paired differences of a comparison."""
    values = sides.values(endpoint)
    gaps = sides.contrast(values)  # (seeds, cells)
    usable: NDArray[np.bool_] = np.asarray(np.isfinite(gaps).all(axis=1), dtype=np.bool_)
    means = gaps[usable].mean(axis=1)
    seeds = np.array(endpoint.seeds)
    planned = endpoint.planned[:, sides.columns].any(axis=(1, 2))
    by_cell = gaps[usable].mean(axis=0) if usable.any() else np.full(gaps.shape[1], np.nan)
    arm = _arm_sides(comparison, sides)
    no_logarithm = int((values <= 0).sum()) if sides.logged else 0
    return Evidence(
        predicts=sides.predicts,
        differences={int(seed): float(d) for seed, d in zip(seeds[usable], means, strict=True)},
        planned_pairs=int(planned.sum()),
        filled_arm=_filled(endpoint, usable, sides.columns[:, arm]),
        filled_against=_filled(endpoint, usable, sides.columns[:, ~arm]),
        per_cell={level_text(c, exact=True): float(d) for c, d in zip(comparison.cells, by_cell, strict=True)},
        undefined=int(endpoint.undefined[:, sides.columns].sum()) + no_logarithm,
    )


def _arm_sides(comparison: Comparison, sides: Sides) -> NDArray[np.bool_]:
    """Tell which sides are `arm`, bool (sides,); the rest are `against`."""
    claim, count = comparison.claim, sides.columns.shape[1]
    if isinstance(claim, InteractionClaim):
        return np.array([True, False, True, False])
    if not claim.against:
        return np.ones(count, dtype=np.bool_)
    return np.asarray(np.arange(count) < count // 2, dtype=np.bool_)


def _filled(endpoint: Endpoint, usable: NDArray[np.bool_], columns: NDArray[np.int64]) -> tuple[int, int]:
    used = endpoint.filled[usable][:, columns.ravel()]
    return int(used.sum()), int(used.size)
