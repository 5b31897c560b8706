"""The claim that an arm needs fewer steps to a target; beside it restricted means, and the shares that reached it."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ablate.claims.comparison import arm_text
from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Meanings, Sides
from ablate.claims.estimate import Scale
from ablate.claims.measured import Endpoint
from ablate.claims.parts import Levels, Region, ratio_label
from ablate.claims.reading import LoggedRuns, NoisePlan
from ablate.claims.reason import Reason, because
from ablate.errors import UserError
from ablate.stats.proportions import clopper_pearson
from ablate.train.metric import KNOWN, STEPS_TO_TARGET, Better

MOST_MISSED = 0.5
"""Share of the runs of a side up to which missed targets leave a ratio of times to be decided."""


class TimeClaim(ClaimKind):
    """`arm` needs fewer steps to the target, by more than the factor `ratio`; unreached counts as the whole budget.

    The effect is the mean log ratio over seeds of the capped times; the restricted means and the shares that reached
    the target stand beside it. Where more than half of the runs of a side missed the target, nothing is decided: who is
    faster is then a claim about ranks (`win_probability`) or about the share that reaches it (`proportion`).
    """

    scale: ClassVar[Scale] = "log ratio"
    to_target: ClassVar[bool] = True
    mapped: ClassVar[bool] = True
    at_a_glance: ClassVar[bool] = True
    paired: ClassVar[bool] = True
    in_parts: ClassVar[bool] = True
    unturned: ClassVar[str] = "fewer steps are better, and the faster side is `arm`"

    kind: Literal["time_to_target"] = "time_to_target"
    metric: str = "ttt/steps"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    ratio: float = Field(default=1.25, ge=1.0, allow_inf_nan=False)

    @property
    def region(self) -> Region:
        """Above the log of the ratio."""
        return math.log(self.ratio), math.inf

    def check_metrics(self, meanings: Meanings) -> None:
        """Refuse a metric that is known to be no time to a target."""
        super().check_metrics(meanings)
        metric = meanings.of(self.metric)
        if metric.counts_to_target or not (metric.better == "higher" or metric.is_share or self.metric in KNOWN):
            return
        what = "a share" if metric.is_share else "higher is better" if metric.better == "higher" else "no time"
        raise UserError(
            f"claim {self.id}, `metric`: a time to a target is a count of steps or a time, of which less is better; "
            f"{self.metric} is declared otherwise ({what}). Expected one of {', '.join(STEPS_TO_TARGET)}, or a count "
            "of your own, declared with `better: lower`."
        )

    def sides_of(self, columns: NDArray[np.int64], predicts: Better, over: NDArray[np.float64]) -> Sides:
        """Return the difference of logarithms."""
        del over
        return Sides(columns, self.pair(predicts), True, predicts)

    def contradicts(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """Two claims that each arm is faster."""
        return self.turned_against(other, swapped=swapped, meanings=meanings)

    def noise_plan(self) -> NoisePlan:
        """A difference of two logarithms."""
        return NoisePlan(math.log(self.ratio), logged=True)

    def reservation(self, endpoint: Endpoint, sides: Sides) -> Reason | None:
        """Where most runs of a side missed the target, not even the middle one's steps are known, let alone a ratio."""
        if not endpoint.declared.counts_to_target:
            return None
        missed, ran = (flags[:, sides.columns].sum(axis=(0, 1)) for flags in (endpoint.filled, endpoint.ran))
        worst = int(np.argmax(missed / np.maximum(ran, 1)))
        if missed[worst] <= MOST_MISSED * ran[worst]:
            return None
        return because(
            "mostly_missed", n=int(missed[worst]), of=int(ran[worst]), side=arm_text((self.arm, self.against)[worst])
        )

    def details(self, runs: LoggedRuns) -> dict[str, Any]:
        """Restricted means, and the shares that reached the target."""
        return times_of(runs.sides, runs.endpoint)

    def label(self, low: float, high: float) -> str:
        """`reversed` or `too small`."""
        return ratio_label(low, high)


def times_of(sides: Sides, endpoint: Endpoint) -> dict[str, object]:
    """Return the restricted means and the shares that reached the target, with 95 % Clopper–Pearson intervals."""
    details: dict[str, object] = {}
    for side, name in ((0, "arm"), (1, "against")):
        columns = sides.columns[:, side]
        used = endpoint.ran[:, columns]
        reached = int((used & ~endpoint.filled[:, columns]).sum())
        value = endpoint.value[:, columns][used]
        details[name] = {
            "reached": reached,
            "runs": int(used.sum()),
            "rate": clopper_pearson(reached, int(used.sum())) if used.any() else None,
            "restricted_mean": float(value.mean()) if value.size and np.isfinite(value).all() else None,
        }
    return details
