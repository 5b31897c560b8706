"""The claim that an arm is not worse than another by more than a margin."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from pydantic import Field

from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Meanings
from ablate.claims.kinds.effect import EffectClaim
from ablate.claims.parts import Levels, Region
from ablate.claims.population import MeanClaim
from ablate.claims.reading import NoisePlan


class NotWorseClaim(ClaimKind):
    """What the claim states, whether runs of the two arms are paired or not."""

    mapped: ClassVar[bool] = True

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

    def contradicts(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """The other arm is claimed to be better by the margin or more."""
        if not isinstance(other, EffectClaim) or other.by_at_least < self.margin:
            return False
        return swapped == (self.predicted(meanings) == other.predicted(meanings))

    def noise_plan(self) -> NoisePlan:
        """A difference of two arms, of which the truth is 0."""
        return NoisePlan(self.margin)

    def label(self, low: float, high: float) -> str:
        """`inferior`."""
        del low, high
        return "inferior"


class NoninferiorityClaim(NotWorseClaim, MeanClaim):
    """`arm` is not worse than `against` on `metric` by more than `margin`: what a cheaper arm has to show.

    One-sided: being better is never held against it. The margin is in units of the metric and fixed beforehand.
    """

    kind: Literal["noninferiority"] = "noninferiority"
