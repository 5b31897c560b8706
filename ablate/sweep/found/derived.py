"""What is computed from the curves of runs: the area under them, the steps to a target, and what a figure draws.

All runs are looked at over the steps that all have which did not fail: an area over a longer run would be larger
because the run is longer, and one that went on longer had longer to reach a target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ablate.errors import UserError, must
from ablate.lang import msg
from ablate.sources.contract import Curves, Done, RunTable
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.names import bare_name
from ablate.sweep.found.rows import Run
from ablate.train.metric import Metric
from ablate.train.outcome import FAILED, Outcome
from ablate.train.program import Curve
from ablate.train.summary import area_under, first_reached

AREA, REACH = "aulc/", "reach/"
MOST_POINTS = 200  # of a curve that is drawn
_MOST_CURVES = 4  # metrics whose curves are kept for figures


@dataclass(frozen=True)
class Derived:
    """Runs with what their curves tell: more values, the metrics that these are, and what is told of it."""

    runs: list[Run]
    metrics: dict[str, Metric]
    done: list[Done]
    budget: int | None = None


def derived_name(prefix: str, metric: str) -> str:
    """Return what an area or time is called.

    >>> derived_name("aulc/", "val/acc")
    'aulc/val_acc'
    """
    return prefix + metric.replace("/", "_")


def without_areas(table: RunTable, asked: Asked) -> Asked:
    """Return what is asked of the columns of a table: of an area, its metric."""
    metrics: dict[str, Any] = {}
    units: dict[str, str] = {}
    for name, better in asked.metrics.items():
        metric = name
        if name.startswith(AREA) and name not in [*table.head, *map(bare_name, table.head)]:
            rest = name.removeprefix(AREA)
            metric = next((bare_name(one) for one in table.head if bare_name(one).replace("/", "_") == rest), rest)
        metrics[metric] = better or metrics.get(metric)
        if name in asked.units:
            units[metric] = asked.units[name]
    return replace(asked, metrics=metrics, units=units)


def derive(
    runs: Sequence[Run], table: RunTable, metrics: Mapping[str, tuple[int, Metric]], judged: Sequence[str], asked: Asked
) -> Derived:
    """Compute areas under the curves of the judged metrics, and where a target is asked for, the steps to it.

    Raises
    ------
    UserError
        A target or an area is asked for, and there are no curves for it; the target is none the metric can reach.
    """
    derived = Derived(list(runs), {}, [])
    for name in judged:
        place, metric = metrics[name]
        derived = _areas(derived, table, table.head[place], name, metric)
    for name in asked.metrics:
        if name.startswith(AREA) and name not in (*derived.metrics, *metrics):
            raise UserError(f"--metric {name}: {_no_curves(table)}")
    if asked.target is None:
        return derived
    place, metric = metrics[judged[0]]
    return _times(derived, table, table.head[place], judged[0], metric, target=asked.target)


def _areas(derived: Derived, table: RunTable, column: str, name: str, metric: Metric) -> Derived:
    span = _span(derived.runs, table, column)
    if span is None or span[0] == span[1]:
        return derived
    area, runs = derived_name(AREA, name), []
    for run in derived.runs:
        curve = table.curves.get(run.line.number, {}).get(column)
        if curve is not None and run.has_result and run.outcome not in FAILED:
            value = area_under(_within(curve, span))
            if np.isfinite(value):
                runs.append(replace(run, values={**run.values, area: value}))
                continue
        runs.append(run)
    told = Done(msg("areas under curves, over steps that all runs have"), len([r for r in runs if area in r.values]),
                f"{area}: steps {span[0]} to {span[1]}")  # fmt: skip
    area_metric = replace(metric, name=area)
    return replace(derived, runs=runs, metrics={**derived.metrics, area: area_metric}, done=[*derived.done, told])


def _times(derived: Derived, table: RunTable, column: str, name: str, metric: Metric, *, target: float) -> Derived:
    span = _span(derived.runs, table, column)
    if span is None or span[0] == span[1]:
        raise UserError(f"--target {target:g}: {_no_curves(table)}")
    low, high = metric.limits
    if not low <= target <= high:
        raise must("--target", f"lie in [{low:g}, {high:g}], as {name} does", target)
    time, runs, missed = derived_name(REACH, name), list[Run](), 0
    up = 1.0 if metric.better == "higher" else -1.0
    for run in derived.runs:
        curve = table.curves.get(run.line.number, {}).get(column)
        if curve is not None and run.has_result and run.outcome not in FAILED:
            steps = first_reached(Curve(curve.steps, up * curve.values), up * target)
            reached = steps is not None and steps <= span[1]
            missed += not reached
            more = {time: float(steps)} if reached and steps is not None else {}
            end = str(Outcome.REACHED if reached else Outcome.CENSORED)
            runs.append(replace(run, values={**run.values, **more}, outcome=end))
        else:
            runs.append(run)
    time_metric = Metric(time, "lower", "steps", (0.0, None), "budget")
    sign = ">=" if up > 0 else "<="
    told = Done(msg("runs did not reach the target: they count as the whole budget"), missed,
                f"{name} {sign} {target:g} twice in a row, within {span[1]} steps")  # fmt: skip
    return Derived(runs, {**derived.metrics, time: time_metric}, [*derived.done, told], span[1])


def _no_curves(table: RunTable) -> str:
    if not table.curves:
        return f"{table.where} holds no histories: expected folders of logs, or a table with a row per run and step"
    return "its runs have no steps in common along which it was logged"


def _span(runs: Sequence[Run], table: RunTable, column: str) -> tuple[int, int] | None:
    """Return the steps that all runs have which did not fail; None where one has no curve, or there are none."""
    per_run = [table.curves.get(run.line.number, {}).get(column) for run in runs
           if run.has_result and run.outcome not in FAILED]  # fmt: skip
    curves = [curve for curve in per_run if curve is not None]
    if not curves or len(curves) < len(per_run):
        return None
    first, last = max(int(one.steps[0]) for one in curves), min(int(one.steps[-1]) for one in curves)
    return (first, last) if first <= last else None


def _within(curve: Curve, span: tuple[int, int]) -> Curve:
    """Return the part of a curve within some steps; at their ends between its points, on a straight line."""
    inner = curve.steps[(curve.steps > span[0]) & (curve.steps < span[1])]
    steps = np.array([span[0], *inner.tolist(), span[1]], np.int64)
    return Curve(steps, np.interp(steps, curve.steps, curve.values))


def drawn(runs: Sequence[Run], table: RunTable, columns: Mapping[str, str]) -> dict[int, Curves]:
    """Return line number -> metric -> curve, of the first few metrics that were logged along the way.

    A curve of many points is thinned; where runs logged at different steps all are read off at the same ones.

    Parameters
    ----------
    columns
        Metric -> column, the main one first.
    """
    by_line: dict[int, dict[str, Curve]] = {}
    kept = 0
    for name, column in columns.items():
        curves = {run.line.number: curve for run in runs
                  if (curve := table.curves.get(run.line.number, {}).get(column)) is not None}  # fmt: skip
        if kept == _MOST_CURVES or not any(len(curve.steps) > 1 for curve in curves.values()):
            continue
        kept += 1
        grid, exact = _grid(list(curves.values()))
        for number, curve in curves.items():
            steps = grid[(grid >= curve.steps[0]) & (grid <= curve.steps[-1])]
            values = curve.values[np.searchsorted(curve.steps, steps)] if exact else np.interp(
                steps, curve.steps, curve.values)  # fmt: skip
            by_line.setdefault(number, {})[name] = Curve(steps, values)
    return dict(by_line)


def _grid(curves: Sequence[Curve]) -> tuple[Any, bool]:
    """Return the steps at which curves are drawn, and whether each of them was logged at all of these that it spans."""
    every = np.unique(np.concatenate([curve.steps for curve in curves]))
    exact = all(
        len(curve.steps) == int(((every >= curve.steps[0]) & (every <= curve.steps[-1])).sum()) for curve in curves
    )
    if len(every) <= MOST_POINTS and exact:
        return every, True
    if exact:
        return every[np.unique(np.linspace(0, len(every) - 1, MOST_POINTS).round().astype(int))], True
    return np.unique(np.linspace(every[0], every[-1], MOST_POINTS).round().astype(np.int64)), False
