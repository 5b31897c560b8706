"""The evidence for one comparison: a number per seed, oriented so that the claim predicts more than 0.

Effects, equivalences, interactions, trends and times to a target are all linear contrasts: the values of the sides of
a cell (logged, for times and power laws), times fixed weights, averaged over the cells of a seed. A kind whose contrast
is none (the width of a basin) has sides of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ablate.claims.comparison import Comparison, Key, arm_key, arm_text
from ablate.claims.measured import Endpoint
from ablate.train.metric import Better, Metric

Flags = NDArray[np.bool_]


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
    """

    columns: NDArray[np.int64]
    weights: NDArray[np.float64]
    logged: bool
    predicts: Better

    def values(self, endpoint: Endpoint) -> NDArray[np.float64]:
        """Return the endpoint's values as (seeds, cells, sides)."""
        return np.asarray(endpoint.value[:, self.columns])

    def contrast(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the contrast in every cell, (seeds, cells); NaN where a value is, or has no logarithm."""
        if self.logged:
            values = np.log(np.where(values > 0, values, np.nan))
        return np.asarray(values @ self.weights)

    def open_ends(self, missed: Flags) -> tuple[Flags, Flags, bool]:
        """Return which contrasts a budget leaves open below and above, (seeds, cells); whether all are of two sides.

        Parameters
        ----------
        missed
            bool (seeds, cells, sides): the run did not reach its target.
        """
        below = np.asarray((missed & (self.weights < 0)).any(axis=-1), dtype=np.bool_)
        above = np.asarray((missed & (self.weights > 0)).any(axis=-1), dtype=np.bool_)
        return below, above, len(self.weights) == 2


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
        Seeds planned for all of the arms: where nobody planned a seed for one of them, it is in no pair.
    filled_arm, filled_against
        (k, n): k of the n runs on this side failed and count as the endpoint's fill.
    per_cell
        Cell -> mean oriented difference over the same seeds.
    undefined
        Runs that ended without any value for the metric: reason to refuse.
    unpaired
        Of runs that are not paired: how many the smallest group has; else None.
    """

    predicts: Better
    differences: dict[int, float]
    planned_pairs: int
    filled_arm: tuple[int, int]
    filled_against: tuple[int, int]
    per_cell: dict[str, float]
    undefined: int
    unpaired: int | None = None

    @property
    def count(self) -> int:
        """How much there is to test: pairs, or the runs of the smallest group."""
        return len(self.differences) if self.unpaired is None else self.unpaired


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
    columns = [[arms[arm_key(side, factors)] for side in comparison.arms(cell)] for cell in comparison.cells]
    over = np.array([float(str(level)) for level in comparison.over])
    return claim.sides_of(np.array(columns), claim.predicted(metrics), over)


def evidence_of(comparison: Comparison, sides: Sides, endpoint: Endpoint) -> Evidence:
    """Collect the paired differences of a comparison."""
    values = sides.values(endpoint)
    gaps = sides.contrast(values)  # (seeds, cells)
    usable: NDArray[np.bool_] = np.asarray(np.isfinite(gaps).all(axis=1), dtype=np.bool_)
    means = gaps[usable].mean(axis=1)
    seeds = np.array(endpoint.seeds)
    planned = endpoint.planned[:, sides.columns].all(axis=(1, 2))
    by_cell = gaps[usable].mean(axis=0) if usable.any() else np.full(gaps.shape[1], np.nan)
    arm = comparison.claim.is_arm(sides.columns.shape[1])
    no_logarithm = int((values <= 0).sum()) if sides.logged else 0
    return Evidence(
        predicts=sides.predicts,
        differences={int(seed): float(d) for seed, d in zip(seeds[usable], means, strict=True)},
        planned_pairs=int(planned.sum()),
        filled_arm=_filled(endpoint, usable, sides.columns[:, arm]),
        filled_against=_filled(endpoint, usable, sides.columns[:, ~arm]),
        per_cell={arm_text(c, exact=True): float(d) for c, d in zip(comparison.cells, by_cell, strict=True)},
        undefined=int(endpoint.undefined[:, sides.columns].sum()) + no_logarithm,
    )


def _filled(endpoint: Endpoint, usable: NDArray[np.bool_], columns: NDArray[np.int64]) -> tuple[int, int]:
    used = endpoint.filled[usable][:, columns.ravel()]
    return int(used.sum()), int(used.size)
