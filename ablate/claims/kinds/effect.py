"""The claim that an arm beats another by more than δ."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from pydantic import Field

from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Meanings
from ablate.claims.parts import Delta, Levels, Region, effect_label
from ablate.claims.population import MeanClaim
from ablate.claims.reading import NoisePlan


class EffectClaim(MeanClaim):
    """`arm` beats `against` on `metric` by more than `by_at_least` (δ, in units of the metric, fixed beforehand)."""

    mapped: ClassVar[bool] = True
    at_a_glance: ClassVar[bool] = True
    paired: ClassVar[bool] = True
    with_delta: ClassVar[bool] = True
    directed: ClassVar[bool] = True

    kind: Literal["effect"] = "effect"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    by_at_least: Delta = 0.0

    @property
    def region(self) -> Region:
        """Above δ."""
        return self.by_at_least, math.inf

    def contradicts(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """Two effects of opposite signs."""
        return self.turned_against(other, swapped=swapped, meanings=meanings)

    def noise_plan(self) -> NoisePlan:
        """A difference of two arms."""
        return NoisePlan(self.delta)

    def label(self, low: float, high: float) -> str:
        """`reversed`, `harmful`, `negligible` or `too small`."""
        return effect_label(low, high, self.by_at_least)
