"""The claims of a study file, one class per kind, told apart by `kind` (`effect` where it is left out).

Those read off a curve over the levels of a factor stand in `claims_over`.

Every kind states a region for one number, its effect: `supported` if the interval lies inside the region, `refuted` if
it lies wholly outside, `inconclusive` otherwise. The region is fixed beforehand by δ or by bounds.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from ablate.claims.over import BasinClaim, ExchangeClaim, TrendClaim
from ablate.claims.parts import BaseClaim, Delta, Levels, Region

Ending = Literal["reached", "censored", "stalled", "diverged", "crashed", "finished"]


class EffectClaim(BaseClaim):
    """`arm` beats `against` on `metric` by more than `by_at_least` (δ, in units of the metric, fixed beforehand)."""

    kind: Literal["effect"] = "effect"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    by_at_least: Delta = 0.0

    @property
    def region(self) -> Region:
        """Above δ."""
        return self.by_at_least, math.inf


class EquivalenceClaim(BaseClaim):
    """`arm` and `against` differ on `metric` by less than `within`, either way (TOST)."""

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


class InteractionClaim(BaseClaim):
    """The advantage of `arm` over `against` is larger at `at` than at `than_at`, by more than `by_at_least`."""

    sides: ClassVar[int] = 4

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


class TimeClaim(BaseClaim):
    """`arm` needs fewer steps to the target, by more than the factor `ratio`; unreached counts as the whole budget.

    The effect is the mean log ratio over seeds of the capped times; the restricted means and the shares that reached
    the target stand beside it.
    """

    kind: Literal["time_to_target"] = "time_to_target"
    metric: str = "ttt/steps"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    ratio: float = Field(default=1.25, ge=1.0, allow_inf_nan=False)

    @property
    def region(self) -> Region:
        """Above the log of the ratio."""
        return math.log(self.ratio), math.inf


class WinClaim(BaseClaim):
    """P(`arm` beats `against` with the same seed) > `more_than`.

    Who reached the target beats who did not; both: fewer steps win; ties and neither: the higher `ties_by`.
    """

    kind: Literal["win_probability"] = "win_probability"
    metric: str = "ttt/steps"
    ties_by: str = "aulc/train_accuracy"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    more_than: float = Field(default=0.5, gt=0.0, lt=1.0)

    @property
    def region(self) -> Region:
        """Above the threshold."""
        return self.more_than, math.inf


class ProportionClaim(BaseClaim):
    """A share of cells or of runs.

    `of: cells`: `arm` beats `against` by more than `by_at_least` in at least `at_least` cells (a count). `of: runs`:
    the share of `arm`'s runs that end in one of `outcomes` is at least `at_least`, or at most `at_most`; over several
    cells a seed counts where all of its cells do.
    """

    kind: Literal["proportion"] = "proportion"
    of: Literal["cells", "runs"]
    metric: str = "outcome"
    outcomes: list[Ending] = Field(default=["reached"], min_length=1)
    by_at_least: Delta = 0.0
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.of == "cells":
            if not (self.arm and self.against):
                raise ValueError("given `arm` and `against`")
            if self.at_least is None or self.at_most is not None or self.at_least not in range(1, 10**6):
                raise ValueError("given `at_least`, a count of cells")
            if self.metric == "outcome":
                raise ValueError("given `metric`, by which a cell is won")
        else:
            bounds = [bound for bound in (self.at_least, self.at_most) if bound is not None]
            if self.against or len(bounds) != 1 or not 0.0 < bounds[0] < 1.0:
                raise ValueError("given `arm` and one of `at_least`, `at_most`, a share between 0 and 1")
        return self

    @property
    def region(self) -> Region:
        """From `at_least` up, or up to `at_most`."""
        return (-math.inf, self.at_most) if self.at_most is not None else (self.at_least or 0.0, math.inf)


class ExactClaim(BaseClaim):
    """A property that must hold in every run: one counterexample refutes it."""

    sides: ClassVar[int] = 1

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

    @property
    def region(self) -> Region:
        """A share of 1."""
        return 1.0, math.inf


_KINDS = (
    EffectClaim, EquivalenceClaim, InteractionClaim, TrendClaim, TimeClaim, WinClaim, ProportionClaim, ExactClaim,
    ExchangeClaim, BasinClaim,
)  # fmt: skip
KINDS: dict[str, type[BaseClaim]] = {kind.model_fields["kind"].default: kind for kind in _KINDS}


def _kind(value: Any) -> Any:
    return value.get("kind", "effect") if isinstance(value, dict) else getattr(value, "kind", None)


AnyClaim = (
    EffectClaim | EquivalenceClaim | InteractionClaim | TrendClaim | TimeClaim | WinClaim | ProportionClaim
    | ExactClaim | ExchangeClaim | BasinClaim
)  # fmt: skip
Claim = Annotated[
    Annotated[EffectClaim, Tag("effect")]
    | Annotated[EquivalenceClaim, Tag("equivalence")]
    | Annotated[InteractionClaim, Tag("interaction")]
    | Annotated[TrendClaim, Tag("trend")]
    | Annotated[TimeClaim, Tag("time_to_target")]
    | Annotated[WinClaim, Tag("win_probability")]
    | Annotated[ProportionClaim, Tag("proportion")]
    | Annotated[ExactClaim, Tag("exact")]
    | Annotated[ExchangeClaim, Tag("exchange_rate")]
    | Annotated[BasinClaim, Tag("basin_width")],
    Discriminator(_kind),
]
