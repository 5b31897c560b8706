"""Both sides' basins as the runs of a comparison have them: what a verdict on a width tells beside its effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.claims.contrast import Sides
from ablate.claims.measured import Endpoint
from ablate.lang import msg
from ablate.stats.basin import Basin

OTHER_BASINS = {
    "stricter": msg("half the allowance over the own best"),
    "looser": msg("twice the allowance over the own best"),
    "unbroken": msg("the unbroken stretch around the best alone"),
}
"""Other ways to measure the same basin, and what they are called in a table of other choices."""


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
        """Return what a verdict keeps of it; counts are of seeds times cells."""
        good = self.good.reshape(-1, self.good.shape[-1])
        stretches = (np.diff(good.astype(np.int8), prepend=0, axis=1) > 0).sum(axis=1)
        return {
            "decades": float(self.width.mean()),
            "of": len(good),
            "at_smallest": int(good[:, 0].sum()),
            "at_largest": int(good[:, -1].sum()),
            "broken": int((stretches > 1).sum()),
            "unreached": int((~good.any(axis=1)).sum()),
            "good_share": good.mean(axis=0).tolist(),
        }


def side_basins(sides: Sides, endpoint: Endpoint) -> tuple[SideBasin, SideBasin]:
    """Return the basins of `arm` and of `against`."""
    assert sides.basin is not None
    basin: Basin = sides.basin
    values = sides.values(endpoint)
    steps = values[np.isfinite(sides.contrast(values)).all(axis=1)]
    arm, against = (SideBasin(s, basin.good(s), basin.width(s)) for s in np.split(steps, 2, axis=-1))
    return arm, against


def basin_details(sides: Sides, endpoint: Endpoint) -> dict[str, Any]:
    """Return the details of a verdict on a width: the levels, and `SideBasin.details` of both sides."""
    assert sides.basin is not None
    arm, against = side_basins(sides, endpoint)
    return {"levels": sides.basin.levels.tolist(), "arm": arm.details(), "against": against.details()}


def other_basins(sides: Sides) -> dict[str, Sides]:
    """Return the same sides with the basin measured otherwise, by the names of `OTHER_BASINS`; none without one."""
    basin = sides.basin
    if basin is None:
        return {}
    ways = {
        "stricter": replace(basin, within=1.0 + (basin.within - 1.0) / 2.0),
        "looser": replace(basin, within=1.0 + (basin.within - 1.0) * 2.0),
        "unbroken": replace(basin, unbroken=True),
    }
    return {name: replace(sides, basin=way) for name, way in ways.items()}
