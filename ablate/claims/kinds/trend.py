"""The claim that a metric rises or falls with a numeric factor at a given slope."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ablate.claims.contrast import Meanings, Sides
from ablate.claims.estimate import Scale
from ablate.claims.over import OverClaim
from ablate.claims.parts import Region
from ablate.train.metric import Better


class TrendClaim(OverClaim):
    """The slope of `metric` over the numeric factor `over`, fitted per seed, lies within `slope: [low, high]`.

    With `log_log` both are logged, so that the slope is a power: [-0.6, -0.4] holds −½. A bound may be null. Slopes
    are not oriented: a falling metric has a negative slope.
    """

    scale: ClassVar[Scale] = "slope"

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

    def terms(self) -> dict[str, Any]:
        """The bounds as numbers."""
        low, high = self.region
        return {**super().terms(), "low": low, "high": high}

    @property
    def over_is_logged(self) -> bool:
        """With `log_log`."""
        return self.log_log

    def predicted(self, meanings: Meanings) -> Better:
        """Both ways alike."""
        return self.either_way(meanings)

    def sides_of(self, columns: NDArray[np.int64], predicts: Better, over: NDArray[np.float64]) -> Sides:
        """Return the weights of a least-squares slope, which keeps its sign."""
        del predicts
        x = np.log(over) if self.log_log else over
        return Sides(columns, (x - x.mean()) / ((x - x.mean()) ** 2).sum(), self.log_log, "higher")
