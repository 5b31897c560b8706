"""The comparison of two arms that nobody claimed beforehand: how far apart they are."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from pydantic import Field

from ablate.claims.contract import ClaimKind
from ablate.claims.parts import Delta, Levels, Region, effect_label
from ablate.claims.reading import NoisePlan


class ExploratoryClaim(ClaimKind):
    """How far `arm` is from `against` on `metric`: looked at because the runs are there, not claimed beforehand.

    With `by_at_least` it is ruled on as an `effect` is. Without it no difference is small enough not to matter, so it
    says which of the two is better, if that is shown, and which differences are excluded. Post hoc by its nature: what
    it finds is claimed as an `effect` and tried on new runs.
    """

    mapped: ClassVar[bool] = True
    at_a_glance: ClassVar[bool] = True
    paired: ClassVar[bool] = True
    with_delta: ClassVar[bool] = True
    directed: ClassVar[bool] = True
    exploratory: ClassVar[bool] = True

    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    by_at_least: Delta = 0.0

    @property
    def region(self) -> Region:
        """Above δ."""
        return self.by_at_least, math.inf

    def noise_plan(self) -> NoisePlan:
        """A difference of two arms."""
        return NoisePlan(self.delta)

    def label(self, low: float, high: float) -> str:
        """`worse` without δ; else `reversed`, `harmful`, `negligible` or `too small`."""
        return effect_label(low, high, self.by_at_least) if self.by_at_least else "worse"


class DifferenceClaim(ExploratoryClaim):
    """How far `arm` is from `against` on `metric`, seed by seed; see `ExploratoryClaim`."""

    in_parts: ClassVar[bool] = True

    kind: Literal["difference"] = "difference"
