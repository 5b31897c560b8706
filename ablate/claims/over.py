"""The claims that are read off a curve over the levels of a numeric factor: a slope, an exchange rate, a width."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ablate.claims.parts import BaseClaim, Delta, Levels, Region


class OverClaim(BaseClaim):
    """What they have in common: `over`, the factor that varies, whose levels are sides of the claim and no cells."""

    sides: ClassVar[int] = 0

    over: str

    @property
    def over_is_logged(self) -> bool:
        """Whether its levels are logged, and so must be > 0."""
        return True

    @property
    def own_factors(self) -> tuple[str, ...]:
        """The sides' factors and the one that varies."""
        return (*self.arm, self.over)


class TrendClaim(OverClaim):
    """The slope of `metric` over the numeric factor `over`, fitted per seed, lies within `slope: [low, high]`.

    With `log_log` both are logged, so that the slope is a power: [-0.6, -0.4] holds −½. A bound may be null. Slopes
    are not oriented: a falling metric has a negative slope.
    """

    kind: Literal["trend"] = "trend"
    slope: Annotated[tuple[float | None, float | None], Field(strict=False)]  # YAML has lists
    log_log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = self.region
        if not low < high or (math.isinf(low) and math.isinf(high)):
            raise ValueError("`slope: [low, high]` with low < high and at most one of them null")
        return self

    @property
    def region(self) -> Region:
        """The bounds."""
        low, high = self.slope
        return -math.inf if low is None else low, math.inf if high is None else high

    @property
    def over_is_logged(self) -> bool:
        """With `log_log`."""
        return self.log_log


class ExchangeClaim(OverClaim):
    """With `arm`, n examples are worth more than `ratio` · n: the exchange rate k of two learning curves.

    `over` is the numeric factor that holds n. The effect is the mean of log k(n) over its levels.
    """

    kind: Literal["exchange_rate"] = "exchange_rate"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    ratio: float = Field(default=1.2, ge=1.0, allow_inf_nan=False)

    @property
    def region(self) -> Region:
        """Above the log of the ratio."""
        return math.log(self.ratio), math.inf


class BasinClaim(OverClaim):
    """`arm` learns well over a wider range of `over` than `against`, by more than `by_at_least` decades.

    Of each side of a seed those levels of `over` are good that reach the target within `within` times its own fewest
    steps; the width is what they cover on a log10 axis (see `stats.basin`). Sides are held against their own best: a
    side that is slower everywhere is not narrower for it.
    """

    kind: Literal["basin_width"] = "basin_width"
    metric: str = "ttt/steps"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    within: float = Field(default=2.0, gt=1.0, allow_inf_nan=False)
    by_at_least: Delta

    @model_validator(mode="after")
    def _unturned(self) -> Self:
        if self.predicts is not None:
            raise ValueError("given without `predicts`: fewer steps are better, and the wider side is `arm`")
        return self

    @property
    def region(self) -> Region:
        """Above δ."""
        return self.by_at_least, math.inf
