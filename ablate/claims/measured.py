"""What the runs of a study measured, as (seeds, arms) arrays: one metric's values, and how the runs ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.claims.reason import Reason, because
from ablate.train.metric import Metric


@dataclass(frozen=True)
class Endpoint:
    """One metric of every planned run, as (seeds, arms) arrays.

    Attributes
    ----------
    metric
        Its name.
    declared
        What it means.
    seeds, arm_ids
        What the axes mean: seeds ascending, arms in design order.
    value
        float64, NaN where the run is missing, not planned or undefined.
    planned, ran, filled, undefined
        bool: the run is in the plan · has an outcome · its value is not its own but the fill · it ran, yet has none.
    capped
        bool: of the filled runs, those that ran their whole budget without reaching the target: min(t, T) is known.
    untrained, outlying, unsure
        bool: the run failed, stalled or is an outlier · its value lies so far on the worse side of its arm that it is
        not of its kind (it keeps it) · it ran, and nobody told whether it failed.
    mixed
        bool (arms,): some of the arm's runs failed or are outliers, and some are not.
    fill
        float64: what a run counts as where it failed; NaN where the metric has no honest value then.
    common
        The budget is not a run's own, but the smallest of the sides of a comparison.
    """

    metric: str
    seeds: tuple[int, ...]
    arm_ids: tuple[str, ...]
    value: NDArray[np.float64]
    planned: NDArray[np.bool_]
    ran: NDArray[np.bool_]
    filled: NDArray[np.bool_]
    undefined: NDArray[np.bool_]
    capped: NDArray[np.bool_]
    untrained: NDArray[np.bool_]
    outlying: NDArray[np.bool_]
    unsure: NDArray[np.bool_]
    mixed: NDArray[np.bool_]
    fill: NDArray[np.float64]
    declared: Metric
    common: bool = False

    @property
    def rule(self) -> Reason | None:
        """What a filled run counts as; None where the metric has no fill."""
        return self.rule_of(range(len(self.arm_ids)))

    def rule_of(self, columns: ArrayLike) -> Reason | None:
        """Return the same for the arms of some columns; rates are in per cent."""
        fill = self.fill[:, np.unique(columns)]
        fill, kind = fill[np.isfinite(fill)], self.declared.failed_counts_as
        if not fill.size:
            return None
        if not isinstance(kind, str):
            return because("declared", value=float(kind))
        low, high = float(fill.min()), float(fill.max())
        if kind == "budget":
            return because("common_budget" if self.common else "budget", low=low, high=high)
        times = 100.0 / self.declared.whole
        code = "one_minus_majority_rate" if kind == "one_minus_chance" else "majority_rate"
        return because(code, low=times * low, high=times * high)


@dataclass(frozen=True)
class Endings:
    """How the planned runs ended, bool (seeds, arms) each.

    Attributes
    ----------
    hit
        In one of the outcomes asked for.
    known
        Whether in one of them or not is known.
    ran
        At all.
    untargeted
        Without a target that it could have reached.
    seeds
        Of the rows.
    """

    hit: NDArray[np.bool_]
    known: NDArray[np.bool_]
    ran: NDArray[np.bool_]
    untargeted: NDArray[np.bool_]
    seeds: tuple[int, ...]
