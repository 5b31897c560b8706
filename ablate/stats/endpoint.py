"""From the seeds table to one number per planned run, with failures as data: nothing is ever dropped.

| run | `chance`, a number | `budget` (steps to target) | `as_logged` | `nothing` |
|---|---|---|---|---|
| reached, censored, stalled | as logged | as logged, else the budget T | as logged | as logged |
| diverged, crashed | the majority rate, the number | the budget T | as logged, else undefined | undefined |
| missing (planned, not run) | absent | absent | absent | absent |

Which column a metric belongs to is declared (`Metric.failed_counts_as`), whatever its name. Whatever a failed run
logged is replaced, unless the metric says that it was complete before the run failed: NaN logits read as class 0, and
the area under a curve that ended early is not comparable. An undefined value is no licence to drop the run: whoever
needs it must refuse.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ablate.errors import Failure, UserError, unknown
from ablate.lang import tr
from ablate.sweep.metrics import metrics_in
from ablate.track.record import StudyTables
from ablate.train.metric import FRACTION, OTHER_TARGETS, PERCENT, Metric
from ablate.train.outcome import Outcome

FAILED = (Outcome.DIVERGED.value, Outcome.CRASHED.value)
MISSING = "missing"
_SLACK = 1e-9  # a share that was averaged may pass 1 by rounding


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
    fill
        float64: what a run counts as where it failed; NaN where the metric has no honest value then.
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
    fill: NDArray[np.float64]
    declared: Metric

    @property
    def rule(self) -> str:
        """What a filled run counts as, in words; empty where the metric has no fill."""
        return self.rule_of(range(len(self.arm_ids)))

    def rule_of(self, columns: ArrayLike) -> str:
        """Return the same for the arms of some columns."""
        fill = self.fill[:, np.unique(columns)]
        fill, kind = fill[np.isfinite(fill)], self.declared.failed_counts_as
        if not fill.size:
            return ""
        if kind == "budget":
            return tr("the whole budget ({steps} steps)", steps=_range(fill))
        if not isinstance(kind, str):
            return tr("{value}, as declared", value=f"{kind:.6g}")
        name = tr("one minus the majority rate") if kind == "one_minus_chance" else tr("the majority rate")
        return f"{name} ({_range(fill if self.declared.unit == PERCENT else 100.0 * fill)} %)"


def metrics_of(tables: StudyTables) -> list[str]:
    """Return the names of the scalar metrics of the seeds table."""
    return tables.metrics


def endpoint(tables: StudyTables, metric: str) -> Endpoint:
    """Return one number per planned run.

    Raises
    ------
    UserError
        No run knows the metric, although some run ended well; a value is none the metric can have.
    Failure
        The table holds two runs for one arm and seed.
    """
    seeds = tables.seeds
    outcome = seeds["outcome"].astype(str).to_numpy()
    ran = outcome != MISSING
    failed = np.isin(outcome, FAILED)
    declared = metrics_in(tables).of(metric)
    column = tables.logged(metric)
    if column is not None:
        logged = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
    elif (ran & ~failed).any() and not declared.counts_to_target:  # no run may have reached the target
        raise unknown("metric", metric, metrics_of(tables))
    else:
        logged = np.full(len(seeds), np.nan)
    own = np.where(ran & np.isfinite(logged), logged, np.nan)
    if declared.failed_counts_as != "as_logged":
        own[failed] = np.nan
    _check_bounds(declared, tables, own)
    fill = _fill(tables, declared)
    needs = ran & np.isnan(own) & (failed | declared.counts_to_target)
    filled = needs & np.isfinite(fill)
    value = np.where(filled, fill, own)
    grid = _Grid(tables)
    return Endpoint(
        metric=metric,
        seeds=grid.seeds,
        arm_ids=grid.arm_ids,
        value=grid.numbers(value),
        planned=grid.flags(np.ones(len(seeds), dtype=np.bool_)),
        ran=grid.flags(ran),
        filled=grid.flags(filled),
        undefined=grid.flags(ran & np.isnan(value)),
        capped=grid.flags(filled & ~failed),
        fill=grid.numbers(fill),
        declared=declared,
    )


def at_other_targets(metric: str, tables: StudyTables) -> list[str]:
    """Return the same count of steps at the other targets, where any run has logged it at either."""
    if not metrics_in(tables).of(metric).counts_to_target:
        return []
    others = [f"{metric}_{name}" for name in OTHER_TARGETS]
    return others if any(name in tables.metrics for name in others) else []


def ended_as(tables: StudyTables, outcomes: Collection[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether each run ended in one of `outcomes`, and whether it ran at all, bool (seeds, arms) both."""
    grid = _Grid(tables)
    outcome = tables.seeds["outcome"].astype(str).to_numpy()
    return grid.flags(np.isin(outcome, list(outcomes))), grid.flags(outcome != MISSING)


def _fill(tables: StudyTables, declared: Metric) -> NDArray[np.float64]:
    """Return what every row of the seeds table counts as where its run failed; NaN: nothing honest."""
    seeds, kind = tables.seeds, declared.failed_counts_as
    if not isinstance(kind, str):
        return np.full(len(seeds), float(kind))
    # What was complete before the run failed stands; where nothing was, a share counts as chance.
    if kind in ("chance", "one_minus_chance") or (kind == "as_logged" and declared.is_share):
        if "majority_rate" not in seeds:
            return np.full(len(seeds), np.nan)
        rate: NDArray[np.float64] = pd.to_numeric(seeds["majority_rate"]).to_numpy(dtype=np.float64, na_value=np.nan)
        return (1.0 - rate if kind == "one_minus_chance" else rate) * (100.0 if declared.unit == PERCENT else 1.0)
    if kind == "budget":
        budget = {arm: facts.get(declared.budget) for arm, facts in tables.facts.items()}
        return np.array([budget.get(arm) or np.nan for arm in seeds["arm_id"]], dtype=np.float64)
    return np.full(len(seeds), np.nan)


def _check_bounds(declared: Metric, tables: StudyTables, own: NDArray[np.float64]) -> None:
    """Refuse values that the metric cannot have: most often an accuracy in per cent where a fraction is declared."""
    low, high = declared.limits
    wrong = np.flatnonzero((own < low - _SLACK) | (own > high + _SLACK))  # NaN: neither
    if not wrong.size:
        return
    row = tables.seeds.iloc[int(wrong[0])]
    as_unit = f" ({declared.unit})" if declared.unit else ""
    hint = ""
    if declared.unit == FRACTION and low == 0.0 and 1.0 < np.nanmax(own) <= 100.0:
        hint = (
            f'; if it is logged in per cent, say so in the study: `metrics: {{"{declared.name}": {{unit: percent}}}}`'
        )
    raise UserError(
        f"{declared.name} must lie in [{low:g}, {high:g}]{as_unit}, got {own[wrong[0]]:g} in {row['arm']}, seed "
        f"{row['seed']} ({wrong.size} of {len(own)} runs){hint}."
    )


def _range(values: NDArray[np.float64]) -> str:
    low, high = f"{values.min():.4g}", f"{values.max():.4g}"
    return low if low == high else tr("{low} to {high}", low=low, high=high)


class _Grid:
    """Where each row of the seeds table belongs in a (seeds, arms) array."""

    def __init__(self, tables: StudyTables) -> None:
        self.arm_ids = tuple(str(arm) for arm in tables.planned["arm_id"])
        column = {arm: i for i, arm in enumerate(self.arm_ids)}
        strangers = set(tables.seeds["arm_id"]) - column.keys()
        if strangers:
            raise Failure(f"the seeds table holds runs of arms that are not planned: {', '.join(sorted(strangers))}.")
        numbers, self._rows = np.unique(tables.seeds["seed"].to_numpy(dtype=np.int64), return_inverse=True)
        self._columns = np.array([column[arm] for arm in tables.seeds["arm_id"]], dtype=np.int64)
        self.seeds = tuple(int(seed) for seed in numbers)
        if len(set(zip(self._rows.tolist(), self._columns.tolist(), strict=True))) < len(self._rows):
            raise Failure("the seeds table holds more than one run for an arm and seed.")

    def numbers(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.full((len(self.seeds), len(self.arm_ids)), np.nan)
        out[self._rows, self._columns] = values
        return out

    def flags(self, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        out = np.zeros((len(self.seeds), len(self.arm_ids)), dtype=np.bool_)
        out[self._rows, self._columns] = values
        return out
