"""The claim that a property holds in every run: one counterexample refutes it."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Meanings, Sides
from ablate.claims.estimate import Scale, exact_estimate
from ablate.claims.measured import Endpoint
from ablate.claims.parts import Delta, Region
from ablate.claims.reading import LoggedRuns, Reading
from ablate.train.metric import Better


class ExactClaim(ClaimKind):
    """A property that must hold in every run: one counterexample refutes it."""

    sides: ClassVar[int] = 1
    scale: ClassVar[Scale] = "share"
    by_means: ClassVar[bool] = False
    sampled: ClassVar[bool] = False
    imputes: ClassVar[bool] = False

    kind: Literal["exact"] = "exact"
    equals: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    tolerance: Delta = 0.0

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.equals is None and self.at_least is None and self.at_most is None:
            raise ValueError("given `equals`, `at_least` or `at_most`")
        return self

    @property
    def bounds(self) -> Region:
        """The values of the metric that hold, tolerance included."""
        lows = [b for b in (self.equals, self.at_least) if b is not None]
        highs = [b for b in (self.equals, self.at_most) if b is not None]
        return max(lows, default=-math.inf) - self.tolerance, min(highs, default=math.inf) + self.tolerance

    def terms(self) -> dict[str, Any]:
        """The bounds too."""
        low, high = self.bounds
        return {**super().terms(), "low": low, "high": high}

    @property
    def region(self) -> Region:
        """A share of 1."""
        return 1.0, math.inf

    def predicted(self, meanings: Meanings) -> Better:
        """Both ways alike."""
        return self.either_way(meanings)

    def least_seeds(self, alpha: float, cells: int) -> int:
        """One is enough to refute it."""
        del alpha, cells
        return 1

    def read(self, runs: LoggedRuns) -> Reading:
        """Count the runs in which it holds; no side is compared with another, so nothing stands in the way."""
        values = exact_values(runs.sides, runs.endpoint)
        finite = np.isfinite(values)
        return Reading(runs.evidence, exact_estimate(values[finite], self.bounds) if finite.any() else None)

    def label(self, low: float, high: float) -> str:
        """`counterexample`."""
        del low, high
        return "counterexample"


def exact_values(sides: Sides, endpoint: Endpoint) -> NDArray[np.float64]:
    """Return the values of the runs that a property is looked at in, (seeds, cells).

    A run that did not reach its target took more steps than its budget: one more at the least.
    """
    missed = endpoint.filled & endpoint.declared.counts_to_target
    values = np.where(missed, endpoint.value + 1.0, endpoint.value)
    return np.asarray(values[:, sides.columns][:, :, 0])
