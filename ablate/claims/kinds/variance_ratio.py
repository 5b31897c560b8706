"""The claim that an arm varies less over seeds than another."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ablate.claims.comparison import arm_text
from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Meanings, Sides
from ablate.claims.estimate import Estimate, Scale
from ablate.claims.measured import Endpoint
from ablate.claims.parts import Levels, Region, ratio_label
from ablate.claims.reading import LoggedRuns, Reading
from ablate.claims.reason import Reason, because
from ablate.stats.mean import Method
from ablate.stats.spread import FEWEST, is_flat, spread_ratio
from ablate.train.metric import Better


class VarianceRatioClaim(ClaimKind):
    """`arm` varies less over seeds on `metric` than `against`: its standard deviation is more than `ratio` times less.

    The effect is the log of the ratio of standard deviations, averaged over the cells (see `stats.spread`). Neither way
    is better: a metric needs no direction.
    """

    scale: ClassVar[Scale] = "log ratio"
    by_means: ClassVar[bool] = False
    by_signs: ClassVar[bool] = False
    imputes: ClassVar[bool] = False
    anytime: ClassVar[bool] = False  # its number per seed depends on all the others
    mapped: ClassVar[bool] = True
    unturned: ClassVar[str] = "the arm that varies less is `arm`"

    kind: Literal["variance_ratio"] = "variance_ratio"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    ratio: float = Field(default=1.0, ge=1.0, allow_inf_nan=False)

    @property
    def region(self) -> Region:
        """Above the log of the ratio."""
        return math.log(self.ratio), math.inf

    def predicted(self, meanings: Meanings) -> Better:
        """Both ways alike."""
        return self.either_way(meanings)

    def least_seeds(self, alpha: float, cells: int) -> int:
        """Below eight no interval is given."""
        del alpha, cells
        return FEWEST

    def contradicts(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """Two claims that each arm varies less."""
        del meanings
        return isinstance(other, VarianceRatioClaim) and swapped

    def obstacle(self, endpoint: Endpoint, sides: Sides) -> Reason | None:
        """What a budget cut off has no spread that is known; arms that do not vary have no ratio."""
        missed = endpoint.filled[:, sides.columns]
        if endpoint.declared.counts_to_target and missed.any():
            return because("cut_spread", n=int(missed.sum()), of=int(endpoint.ran[:, sides.columns].sum()))
        values = sides.values(endpoint)
        usable = values[np.isfinite(values).all(axis=(1, 2))]
        if len(usable) >= FEWEST and (is_flat(usable[..., 0]) or is_flat(usable[..., 1])):
            return because("flat", n=len(usable))
        return None

    def measure(self, runs: LoggedRuns) -> Reading:
        """Estimate the log ratio; the evidence holds the jackknife's number per seed."""
        values = runs.sides.values(runs.endpoint)
        usable: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=(1, 2)))
        evidence = runs.evidence
        if int(usable.sum()) < FEWEST:
            return Reading(evidence, None)
        arm, against = values[usable][..., 0], values[usable][..., 1]
        ratio = spread_ratio(arm, against)
        seeds = [int(seed) for seed, use in zip(runs.endpoint.seeds, usable, strict=True) if use]
        cells = [arm_text(cell, exact=True) for cell in runs.comparison.cells]
        evidence = dataclasses.replace(
            evidence,
            differences=dict(zip(seeds, ratio.jackknife, strict=True)),
            per_cell=dict(zip(cells, ratio.per_cell, strict=True)),
        )
        spreads = {name: side.std(axis=0, ddof=1).tolist() for name, side in (("arm", arm), ("against", against))}
        estimate = Estimate(
            effect=ratio.log_ratio,
            p=ratio.p_value(self.ratio),
            interval=ratio.log_interval,
            method=Method("jackknife"),
            scale=self.scale,
            p_zero=ratio.p_value(),
            details={"sd": spreads},
        )
        return Reading(evidence, estimate)

    def label(self, low: float, high: float) -> str:
        """`reversed` or `too small`."""
        return ratio_label(low, high)
