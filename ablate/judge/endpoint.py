"""From the seeds table to one number per planned run, with failures as data: nothing is ever dropped.

| run | `chance`, a number | `budget` (steps to target) | `as_logged` | `nothing` |
|---|---|---|---|---|
| reached, finished, unknown | as logged | as logged, else undefined | as logged | as logged |
| censored, stalled | as logged | as logged, else the budget T | as logged | as logged |
| collapsed, diverged, crashed | the majority rate, the number | the budget T | as logged, else undefined | undefined |
| missing (planned, not run) | absent | absent | absent | absent |

Which column a metric belongs to is declared (`Metric.failed_counts_as`), whatever its name. Whatever a failed run
logged is replaced, unless the metric says that it was complete before the run failed: NaN logits read as class 0, and
the area under a curve that ended early is not comparable. Only where `nothing` would be honest does a run that
collapsed keep its value: it ran to its end. A run is not dropped because a value is undefined: whoever
needs the value must refuse.

A budget that is not known makes the steps of a run that did not reach its target undefined, and so does an outcome that
says that there was no target, or that nobody knows. Budgets that differ between the sides of a comparison are made one
by `capped`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, assert_never

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.claims.measured import Endings, Endpoint
from ablate.errors import Failure, unknown
from ablate.judge.collapses import outlying
from ablate.sweep.metrics import metrics_in, program_metrics
from ablate.track.record import StudyTables
from ablate.train.metric import OTHER_TARGETS, STEPS_TO_TARGET, Metric
from ablate.train.metric_values import check_metric_value
from ablate.train.outcome import FAILED, Outcome

MISSING = "missing"


def metric_names(tables: StudyTables) -> list[str]:
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
    declared, column = metrics_in(tables).of(metric), tables.logged(metric)
    if column is not None:
        logged = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
    elif (ran & ~failed).any() and not declared.counts_to_target:  # no run may have reached the target
        raise unknown("metric", metric, metric_names(tables))
    else:
        logged = np.full(len(seeds), np.nan)
    observed = np.where(ran & np.isfinite(logged), logged, np.nan)
    if declared.failed_counts_as != "as_logged":
        # What collapsed ran to its end: where the metric says of failed runs that no value would be honest, its own is.
        replaced = failed & ((outcome != Outcome.COLLAPSED.value) | (declared.failed_counts_as != "nothing"))
        observed[replaced] = np.nan
    _check_bounds(declared, tables, observed)
    fill = _fill(tables, declared)
    needs = ran & np.isnan(observed) & (failed | declared.counts_to_target)
    if declared.counts_to_target:
        # Whether it had a target, or after how many steps it reached it, is not told: that is not a target missed.
        needs &= ~np.isin(outcome, [Outcome.FINISHED.value, Outcome.UNKNOWN.value])
        needs &= (outcome != Outcome.REACHED.value) | (metric not in STEPS_TO_TARGET)
    filled = needs & np.isfinite(fill)
    value = np.where(filled, fill, observed)
    grid = _Grid(tables)
    out = outlying(declared, grid.numbers(value), grid.flags(filled))
    lapsed, there = grid.flags(failed) | out, grid.flags(ran)
    return Endpoint(
        metric=metric,
        seeds=grid.seeds,
        arm_ids=grid.arm_ids,
        value=grid.numbers(value),
        planned=grid.flags(np.ones(len(seeds), dtype=np.bool_)),
        ran=there,
        filled=grid.flags(filled),
        undefined=grid.flags(ran & np.isnan(value)),
        capped=grid.flags(filled & ~failed),
        untrained=lapsed | grid.flags(outcome == Outcome.STALLED.value),
        mixed=np.asarray(lapsed.any(axis=0) & (there & ~lapsed).any(axis=0)),
        outlying=out,
        unsure=grid.flags(_unsure(tables, outcome)),
        fill=grid.numbers(fill),
        declared=declared,
    )


def at_other_targets(metric: str, tables: StudyTables) -> list[str]:
    """Return the same count of steps at the other targets, where any run has logged it at either."""
    if not metrics_in(tables).of(metric).counts_to_target:
        return []
    others = [f"{metric}_{name}" for name in OTHER_TARGETS]
    return others if any(name in tables.metrics for name in others) else []


_WITH_A_TARGET = frozenset({Outcome.REACHED.value, Outcome.CENSORED.value, Outcome.STALLED.value})
_NOT_REACHED = frozenset(outcome.value for outcome in Outcome) - {Outcome.REACHED, Outcome.FINISHED, Outcome.UNKNOWN}


def ended_as(tables: StudyTables, outcomes: Collection[str]) -> Endings:
    """Return which runs ended in one of `outcomes`, and of which that is known.

    A run that `finished` did not fail, but had no target: nobody can ask whether it `reached` one. Of one whose outcome
    was told from its steps to the target alone (`outcome_from` in its arm's facts) it is known whether it reached it.
    """
    grid, asked = _Grid(tables), set(outcomes)
    outcome = tables.seeds["outcome"].astype(str).to_numpy()
    told = [tables.facts.get(str(arm), {}).get("outcome_from") is None for arm in tables.seeds["arm_id"]]
    hit = np.isin(outcome, list(asked))
    certain = np.isin(outcome, [one.value for one in Outcome if one is not Outcome.UNKNOWN])
    finished = outcome == Outcome.FINISHED.value
    if Outcome.FINISHED not in asked and asked & _WITH_A_TARGET:
        hit |= finished & (asked >= _WITH_A_TARGET)
        certain &= ~finished | (asked >= _WITH_A_TARGET)
    missed = (outcome == Outcome.CENSORED.value) & ~np.array(told, dtype=np.bool_)
    whole = asked >= _NOT_REACHED - {Outcome.COLLAPSED}  # of which a study may not yet know
    hit = np.where(missed, whole, hit)
    certain &= ~missed | whole | (not asked & _NOT_REACHED)
    untargeted = finished & ~certain
    ran = grid.flags(outcome != MISSING)
    return Endings(grid.flags(hit), grid.flags(certain), ran, grid.flags(untargeted), grid.seeds)


def _unsure(tables: StudyTables, outcome: NDArray[Any]) -> NDArray[np.bool_]:
    """Return of which runs nobody told whether they failed: a target that was missed says nothing of how they ended."""
    guessed = [tables.facts.get(str(arm), {}).get("outcome_from") is not None for arm in tables.seeds["arm_id"]]
    missed = (outcome == Outcome.CENSORED.value) & np.array(guessed, dtype=np.bool_)
    return np.asarray((outcome == Outcome.UNKNOWN.value) | missed, dtype=np.bool_)


def _fill(tables: StudyTables, declared: Metric) -> NDArray[np.float64]:
    """Return what every row of the seeds table counts as where its run failed; NaN: nothing honest."""
    seeds, kind = tables.seeds, declared.failed_counts_as
    if not isinstance(kind, str):
        return np.full(len(seeds), float(kind))
    nothing = np.full(len(seeds), np.nan)
    match kind:
        case "chance" | "one_minus_chance" | "as_logged":
            # What was complete before the run failed stands; where nothing was, a share counts as chance.
            if "majority_rate" not in seeds or not declared.is_share:
                return nothing
            rate: NDArray[np.float64] = pd.to_numeric(seeds["majority_rate"]).to_numpy(np.float64, na_value=np.nan)
            return (1.0 - rate if kind == "one_minus_chance" else rate) * declared.whole
        case "budget":
            budget = {arm: facts.get(declared.budget) for arm, facts in tables.facts.items()}
            return np.array([budget.get(arm) or np.nan for arm in seeds["arm_id"]], dtype=np.float64)
        case "nothing":
            return nothing
    assert_never(kind)


def _check_bounds(declared: Metric, tables: StudyTables, observed: NDArray[np.float64]) -> None:
    """Refuse values that the metric cannot have."""
    low, high = declared.limits
    place = _declared_by(declared.name, tables)
    for row in np.flatnonzero((observed < low) | (observed > high)):  # NaN: neither
        run = tables.seeds.iloc[int(row)]
        where = f"{run['arm']}, seed {run['seed']}"
        check_metric_value(declared, float(observed[row]), where, declared_by=place, typed=True)


def _declared_by(metric: str, tables: StudyTables) -> str:
    """Return the place in a program where a metric's unit is declared; empty where the study may say it."""
    definition = dict(tables.study.get("definition") or {})
    declared = program_metrics(definition, tables.facts.values()).get(metric)
    if declared is None or not declared.unit:
        return ""
    target = (definition.get("fixed") or {}).get("program.target", "")
    return (
        f"`{target.rpartition(':')[2]}.metrics` of {target.rpartition(':')[0]}" if target else "the program's metrics"
    )


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
