"""The claim that the advantage of an arm is larger in one place than in another."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ablate.claims.contract import Factors, Pairs
from ablate.claims.parts import Delta, Level, Levels, Region, effect_label
from ablate.claims.population import MeanClaim
from ablate.claims.reading import NoisePlan
from ablate.errors import UserError
from ablate.train.metric import Better


class InteractionClaim(MeanClaim):
    """The advantage of `arm` over `against` is larger at `at` than at `than_at`, by more than `by_at_least`."""

    sides: ClassVar[int] = 4
    mapped: ClassVar[bool] = True
    at_a_glance: ClassVar[bool] = True
    with_delta: ClassVar[bool] = True

    kind: Literal["interaction"] = "interaction"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    at: Levels = Field(min_length=1)
    than_at: Levels = Field(min_length=1)
    by_at_least: Delta = 0.0

    @property
    def region(self) -> Region:
        """Above δ."""
        return self.by_at_least, math.inf

    @property
    def own_factors(self) -> tuple[str, ...]:
        """The sides' factors and the moderating ones."""
        return (*self.arm, *self.at)

    def arms_in(self, cell: Levels, over: tuple[Level, ...]) -> tuple[Levels, ...]:
        """(arm, against) at `at`, then at `than_at`."""
        del over
        arm, against = {**cell, **self.arm}, {**cell, **self.against}
        return tuple({**side, **at} for at in (self.at, self.than_at) for side in (arm, against))

    def named_sides(self) -> dict[str, Levels]:
        """Return the two places too."""
        return {"arm": self.arm, "against": self.against, "at": self.at, "than_at": self.than_at}

    def check_sides(self, factors: Factors) -> None:
        """Refuse places that are one, or that the sides fix."""
        del factors
        self.check_pair("at", "than_at")
        if both := [factor for factor in self.at if factor in self.arm]:
            raise UserError(f"claim {self.id}, `at`: {both[0]} is fixed by `arm` and `against` already.")

    def pairs(self, sides: int, over: int) -> list[Pairs]:
        """The arms at each place, and each arm at both."""
        del sides, over
        return [[(0, 1), (2, 3)], [(0, 2), (1, 3)]]

    def pair(self, predicts: Better) -> NDArray[np.float64]:
        """Return the difference of two differences."""
        one = super().pair(predicts)
        return np.concatenate((one, -one))

    def is_arm(self, sides: int) -> NDArray[np.bool_]:
        """Every other side."""
        return np.asarray(np.arange(sides) % 2 == 0, dtype=np.bool_)

    def noise_plan(self) -> NoisePlan:
        """Two differences of two arms."""
        return NoisePlan(self.delta, factor=math.sqrt(2.0))

    def label(self, low: float, high: float) -> str:
        """`reversed`, `harmful`, `negligible` or `too small`."""
        return effect_label(low, high, self.by_at_least)
