"""The claim that an arm is not worse than another by more than a margin, of runs that share no seeds."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from ablate.claims.parts import Levels, Region
from ablate.claims.reading import NoisePlan
from ablate.claims.unpaired import UnpairedClaim


class NoninferiorityUnpairedClaim(UnpairedClaim):
    """`arm` is not worse than `against` on `metric` by more than `margin`; see `UnpairedClaim` and `noninferiority`."""

    kind: Literal["noninferiority_unpaired"] = "noninferiority_unpaired"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    margin: float = Field(gt=0.0, allow_inf_nan=False)

    @property
    def region(self) -> Region:
        """Above minus the margin."""
        return -self.margin, math.inf

    @property
    def delta(self) -> float:
        """The margin."""
        return self.margin

    def noise_plan(self) -> NoisePlan:
        """A difference of two arms, of which the truth is 0."""
        return NoisePlan(self.margin)

    def label(self, low: float, high: float) -> str:
        """`inferior`."""
        del low, high
        return "inferior"
