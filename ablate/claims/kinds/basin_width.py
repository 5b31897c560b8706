"""The claim that an arm learns well over a wider range of a factor: the width of its basin."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ablate.claims.comparison import Comparison, arm_text
from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Flags, Meanings, Sides
from ablate.claims.estimate import Estimate, Scale
from ablate.claims.measured import Endpoint
from ablate.claims.over import OverClaim
from ablate.claims.parts import Delta, Levels, Region, effect_label
from ablate.claims.reading import LoggedRuns, Reading
from ablate.claims.reason import Reason, because
from ablate.errors import UserError
from ablate.stats.basin import Basin
from ablate.stats.mean import Method
from ablate.stats.resampled import Resampled, resampled_least
from ablate.train.metric import STEPS_TO_TARGET, Better


class BasinClaim(OverClaim):
    """`arm` learns well over a wider range of `over` than `against`, by more than `by_at_least` decades.

    Of each side those levels of `over` are good that typically reach the target within `within` times its own fewest
    steps; the width is what they cover on a log10 axis (see `stats.basin`). Sides are held against their own best: a
    side that is slower everywhere is not narrower for it. A side that reaches the target nowhere has no width.
    """

    scale: ClassVar[Scale] = "decades"
    by_means: ClassVar[bool] = False
    by_signs: ClassVar[bool] = False
    imputes: ClassVar[bool] = False
    to_target: ClassVar[bool] = True
    mapped: ClassVar[bool] = True
    failed_counts_as: ClassVar[str] = "not_good"  # a run that failed is outside the basin, whatever its value
    unturned: ClassVar[str] = "fewer steps are better, and the wider side is `arm`"

    kind: Literal["basin_width"] = "basin_width"
    metric: str = "ttt/steps"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    within: float = Field(default=2.0, gt=1.0, allow_inf_nan=False)
    by_at_least: Delta

    @property
    def region(self) -> Region:
        """Above δ."""
        return self.by_at_least, math.inf

    def check_metrics(self, meanings: Meanings) -> None:
        """Refuse a metric that does not count to a target."""
        super().check_metrics(meanings)
        if not meanings.of(self.metric).counts_to_target:
            raise UserError(
                f"claim {self.id}, `metric`: the width of a basin is measured in steps to a target, expected one of "
                f"{', '.join(STEPS_TO_TARGET)}, got {self.metric!r}. Another metric that counts to a target is "
                "declared with `failed_counts_as: budget`."
            )

    def sides_of(self, columns: NDArray[np.int64], predicts: Better, over: NDArray[np.float64]) -> Sides:
        """Return both sides at every level of `over`, and how a width is measured."""
        weights = np.repeat(self.pair(predicts), len(over))
        return BasinSides(columns, weights, False, predicts, Basin(over, self.within))

    def contradicts(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """Two claims that each side is wider, measured in the same way over the same levels."""
        if not isinstance(other, BasinClaim):
            return False
        return (self.within, self.over) == (other.within, other.over) and self.turned_against(
            other, swapped=swapped, meanings=meanings
        )

    def read(self, runs: LoggedRuns) -> Reading:
        """How often each side reached the target is worth telling where something stands in the way, too."""
        reading = super().read(runs)
        if reading.obstacle is not None and runs.evidence.differences:
            return replace(reading, details=self.details(runs))
        return reading

    def least_seeds(self, alpha: float, cells: int) -> int:
        """As resampled seeds need."""
        del cells
        return resampled_least(alpha)

    def obstacle(self, endpoint: Endpoint, sides: Sides) -> Reason | None:
        """A side that most seeds cannot get to the target at any level has no basin whose width could be told."""
        assert isinstance(sides, BasinSides)
        both = sides.typical(endpoint)
        if both is None or both.seeds < 2:
            return None
        for levels, width in zip((self.arm, self.against), both.widths(sides.basin, both.all_seeds), strict=True):
            if np.isnan(width).any():
                return because("unreachable", side=arm_text(levels), over=self.over)
        return None

    def measure(self, runs: LoggedRuns) -> Reading:
        """Estimate the difference of the widths of both typical curves; the evidence holds those of each seed."""
        assert isinstance(runs.sides, BasinSides)
        both, threshold = runs.sides.typical(runs.endpoint), self.region[0]
        if both is None or both.seeds < 2:
            return Reading(runs.evidence, None)
        drawn = both.resampled(runs.sides.basin)
        others = {
            name: both.resampled(other.basin)
            for name, other in self.elsewhere(runs.sides).items()
            if isinstance(other, BasinSides)
        }
        estimate = Estimate(
            effect=drawn.effect,
            p=drawn.p_value(threshold),
            interval=functools.partial(drawn.interval, about=threshold),
            method=Method("resampled seeds"),
            scale=self.scale,
            p_zero=drawn.p_zero,
            numbers=tuple(runs.evidence.differences.values()),
            others={name: (other.effect, other.interval) for name, other in others.items()},
            details=self.details(runs),
        )
        return Reading(runs.evidence, estimate)

    def details(self, runs: LoggedRuns) -> dict[str, Any]:
        """The basins of both sides."""
        assert isinstance(runs.sides, BasinSides)
        return basin_details(runs.sides, runs.endpoint)

    def scope(self, comparison: Comparison, details: Mapping[str, Any]) -> Reason | None:
        """Return how wide each side is within the levels that were run, and whether these cut it off."""
        if not details:
            return None
        kept = ("decades", "of", "at_smallest", "at_largest", "broken", "unreached")
        sides = tuple(
            {"side": arm_text(levels, comparison.names), **{name: details[side][name] for name in kept}}
            for side, levels in (("arm", self.arm), ("against", self.against))
        )
        low, high = (float(details["levels"][end]) for end in (0, -1))
        return because("levels_run", over=self.over, low=low, high=high, cells=len(comparison.cells), sides=sides)

    def elsewhere(self, sides: Sides) -> dict[str, Sides]:
        """Return the same sides with the basin measured otherwise."""
        assert isinstance(sides, BasinSides)
        basin = sides.basin
        ways = {
            "stricter": replace(basin, within=1.0 + (basin.within - 1.0) / 2.0),
            "looser": replace(basin, within=1.0 + (basin.within - 1.0) * 2.0),
            "unbroken": replace(basin, unbroken=True),
        }
        return {name: replace(sides, basin=way) for name, way in ways.items()}

    def label(self, low: float, high: float) -> str:
        """`reversed`, `harmful`, `negligible` or `too small`."""
        return effect_label(low, high, self.by_at_least)


@dataclass(frozen=True)
class BasinSides(Sides):
    """The sides of a difference of widths: no linear contrast, it is read off all levels of a side at once.

    Attributes
    ----------
    basin
        How widths are measured; a target not reached counts as inf.
    """

    basin: Basin

    def values(self, endpoint: Endpoint) -> NDArray[np.float64]:
        """Return the endpoint's values as (seeds, cells, sides), inf where the target was not reached."""
        return np.asarray(np.where(endpoint.filled, np.inf, endpoint.value)[:, self.columns])

    def contrast(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the difference of widths in every cell, (seeds, cells)."""
        arm, against = np.split(values, 2, axis=-1)
        return np.asarray(self.basin.width(arm) - self.basin.width(against))

    def typical(self, endpoint: Endpoint) -> Typical | None:
        """Return what the typical curves of both sides are made of; None where no seed ran at every level."""
        steps = endpoint.value[:, self.columns]
        usable = np.isfinite(steps).all(axis=(1, 2))
        if not usable.any():
            return None
        return Typical(steps[usable], ~endpoint.filled[:, self.columns][usable])

    def open_ends(self, missed: Flags) -> tuple[Flags, Flags, bool]:
        """A side that reaches its target nowhere has no width; where both do, there is nothing to compare."""
        nowhere: Flags = np.asarray(missed.all(axis=-1), dtype=np.bool_)
        return nowhere, nowhere, True


@dataclass(frozen=True)
class Typical:
    """The runs behind the typical curves of both sides: those seeds that ran at every level.

    Attributes
    ----------
    steps
        float64 (seeds, cells, 2 x levels): to the target, or the whole budget.
    reached
        bool, of the same shape.
    """

    steps: NDArray[np.float64]
    reached: Flags

    @property
    def seeds(self) -> int:
        """How many there are."""
        return len(self.steps)

    @property
    def all_seeds(self) -> NDArray[np.float64]:
        """The weights of the seeds as they are, (1, seeds)."""
        return np.full((1, self.seeds), 1.0 / self.seeds)

    def widths(self, basin: Basin, weights: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return the width of `arm` and of `against`, float (samples,) each."""
        halves = zip(np.split(self.steps, 2, axis=-1), np.split(self.reached, 2, axis=-1), strict=True)
        return [basin.typical_width(steps, reached, weights) for steps, reached in halves]

    def resampled(self, basin: Basin) -> Resampled:
        """Return the difference of the widths when whole seeds are resampled."""

        def difference(weights: NDArray[np.float64]) -> NDArray[np.float64]:
            arm, against = self.widths(basin, weights)
            return arm - against

        return Resampled(float(difference(self.all_seeds)[0]), self.seeds, difference)


@dataclass(frozen=True)
class SideBasin:
    """One side of a comparison, only those seeds that ran at every level on both sides.

    Attributes
    ----------
    steps
        float64 (seeds, cells, levels): to the target; inf where it was not reached.
    good
        bool, of the same shape.
    width
        float64 (seeds, cells), decades.
    """

    steps: NDArray[np.float64]
    good: NDArray[np.bool_]
    width: NDArray[np.float64]

    def cell(self, position: int) -> SideBasin:
        """Return the same of one cell, which stays an axis of length 1."""
        one = slice(position, position + 1)
        return SideBasin(self.steps[:, one], self.good[:, one], self.width[:, one])

    def details(self) -> dict[str, Any]:
        """Return what a verdict keeps of it beside the width; counts are of seeds times cells."""
        good = self.good.reshape(-1, self.good.shape[-1])
        stretches = (np.diff(good.astype(np.int8), prepend=0, axis=1) > 0).sum(axis=1)
        return {
            "of": len(good),
            "at_smallest": int(good[:, 0].sum()),
            "at_largest": int(good[:, -1].sum()),
            "broken": int((stretches > 1).sum()),
            "unreached": int((~good.any(axis=1)).sum()),
            "good_share": good.mean(axis=0).tolist(),
        }


def side_basins(sides: BasinSides, endpoint: Endpoint) -> tuple[SideBasin, SideBasin]:
    """Return the basins of `arm` and of `against`."""
    basin, values = sides.basin, sides.values(endpoint)
    steps = values[np.isfinite(sides.contrast(values)).all(axis=1)]
    arm, against = (SideBasin(s, basin.good(s), basin.width(s)) for s in np.split(steps, 2, axis=-1))
    return arm, against


def basin_details(sides: BasinSides, endpoint: Endpoint) -> dict[str, Any]:
    """Return the details of a verdict on a width: the levels, and of both sides `SideBasin.details` and the width.

    `decades` is None where a side is unreachable.
    """
    both = sides.typical(endpoint)
    widths = both.widths(sides.basin, both.all_seeds) if both is not None else [np.array([np.nan])] * 2
    by_side = {
        name: {**side.details(), "decades": None if np.isnan(width[0]) else float(width[0])}
        for name, side, width in zip(("arm", "against"), side_basins(sides, endpoint), widths, strict=True)
    }
    return {"levels": sides.basin.levels.tolist(), **by_side}
