"""The claim that two arms differ by less than a margin, either way."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Meanings
from ablate.claims.kinds.effect import EffectClaim
from ablate.claims.parts import Levels, Region
from ablate.claims.population import MeanClaim
from ablate.claims.reading import NoisePlan
from ablate.train.metric import Better


class EquivalenceClaim(MeanClaim):
    """`arm` and `against` differ on `metric` by less than `within`, either way.

    Supported where the interval lies within ±δ, refuted where it lies outside, both at one level: a difference of δ
    itself is decided, either way, in at most α of studies.
    """

    mapped: ClassVar[bool] = True
    paired: ClassVar[bool] = True
    with_delta: ClassVar[bool] = True
    two_sided: ClassVar[bool] = True

    kind: Literal["equivalence"] = "equivalence"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    within: float = Field(gt=0.0, allow_inf_nan=False)

    @property
    def region(self) -> Region:
        """Within ±δ."""
        return -self.within, self.within

    @property
    def delta(self) -> float:
        """The margin."""
        return self.within

    def predicted(self, meanings: Meanings) -> Better:
        """Both ways alike."""
        return self.either_way(meanings)

    def contradicts(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """An effect, either way, that is claimed to be at least as large as the margin."""
        del swapped, meanings
        return isinstance(other, EffectClaim) and self.within <= other.by_at_least

    def noise_plan(self) -> NoisePlan:
        """A difference of two arms."""
        return NoisePlan(self.delta)

    def label(self, low: float, high: float) -> str:
        """`different`."""
        del low, high
        return "different"
