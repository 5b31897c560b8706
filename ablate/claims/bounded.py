"""The bound of a mean over all runs, where an arm is a mixture: it asks nothing of what is mixed but its range."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.claims.estimate import Estimate
from ablate.stats.betting import betting_interval


@dataclass(frozen=True)
class Bound:
    """The bound of a mean of differences, each the sum of a part that is mixed and of a rest.

    Where there is a rest, each part is bounded at half of α, and the sum of the two bounds is one of the mean at α.

    Attributes
    ----------
    mixed
        The part, in the order of the looks, float (pairs,).
    limits
        What it can be; infinite where it has no range: then no mean is excluded.
    ends
        How many pairs every look had; empty where there is one, at the end.
    rest
        The rest by the usual test; None where nothing is left.
    """

    mixed: NDArray[np.float64]
    limits: tuple[float, float]
    ends: tuple[int, ...] = ()
    rest: Estimate | None = None

    @property
    def has_range(self) -> bool:
        """Whether any mean can be excluded."""
        return all(map(math.isfinite, self.limits))

    def interval(self, level: float) -> tuple[float, float]:
        """Return all means that are not excluded at a level, as (low, high)."""
        if not self.has_range:
            return -math.inf, math.inf
        if self.rest is None:
            return betting_interval(self.mixed, *self.limits, level=level, ends=self.ends)
        half = 0.5 + level / 2.0
        low, high = betting_interval(self.mixed, *self.limits, level=half, ends=self.ends)
        least, most = self.rest.interval(half)
        return least + low, most + high
