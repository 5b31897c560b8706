"""Learning curves of one arm, with its failures: what the curve figures draw."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ablate.sweep.metrics import metrics_in
from ablate.track.record import StudyTables
from ablate.train.metric import Metric
from ablate.train.outcome import FAILED

WELL = ("reached", "censored", "finished", "unknown")


@dataclass(frozen=True)
class Series:
    """One metric of one arm over training.

    Attributes
    ----------
    steps
        Optimizer steps, int64 (evaluations,).
    runs
        The metric of each seed that was run, float64 (seeds run, evaluations), NaN where a run had
        ended or was not finite.
    failures
        Step and last value of each failed run (x, y); y is NaN where it failed before the first evaluation.
    mean, low, high
        Pointwise mean and 95 % t interval over the seeds, float64 (evaluations,). For accuracies a failed run
        counts at the majority rate from its failure on. Other metrics have no such floor: there the mean ends
        where the first run failed, because a mean over survivors flatters an arm.
    outcomes
        Outcome -> number of planned seeds, `missing` included.
    chance
        The metric's value of knowing nothing, on the data of this arm; NaN where there is none.
    """

    arm_id: str
    steps: NDArray[np.int64]
    runs: NDArray[np.float64]
    failures: tuple[tuple[float, float], ...]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    outcomes: dict[str, int]
    chance: float = math.nan

    @property
    def planned(self) -> int:
        """Number of planned seeds."""
        return sum(self.outcomes.values())

    @property
    def well(self) -> int:
        """Number of seeds that were run and are not known to have failed: neither stalled nor diverged nor crashed."""
        return sum(self.outcomes.get(outcome, 0) for outcome in WELL)

    @property
    def failed(self) -> int:
        """Number of seeds that failed."""
        return sum(self.outcomes.get(outcome, 0) for outcome in FAILED)


def chance_level(metric: Metric, rate: float) -> float:
    """Return the value of knowing nothing, in the metric's unit: by the majority rate; NaN where there is none."""
    if metric.failed_counts_as == "one_minus_chance":
        return metric.whole * (1.0 - rate)
    by_rate = metric.is_share and metric.failed_counts_as in ("chance", "as_logged")
    return metric.whole * rate if by_rate else float("nan")


def majority_rates(tables: StudyTables) -> dict[str, float]:
    """Return, by arm id, the rate of always answering the most frequent class of the data that the arm has.

    Averaged over the seeds of all arms with these data, so that they have one rate; NaN where it is not known.
    """
    arms = [str(arm) for arm in tables.planned["arm_id"]]
    data = {arm: str(tables.facts.get(arm, {}).get("dataset", "")) for arm in arms}
    rates = {}
    for name in dict.fromkeys(data.values()):
        alike = {arm for arm in arms if data[arm] == name}
        rows = tables.seeds[tables.seeds["arm_id"].astype(str).isin(alike)]
        rates[name] = _rate(rows, [tables.facts[arm] for arm in alike if arm in tables.facts])
    return {arm: rates[data[arm]] for arm in arms}


def _rate(rows: pd.DataFrame, facts: Iterable[Mapping[str, Any]]) -> float:
    rates = pd.to_numeric(rows["majority_rate"], errors="coerce") if "majority_rate" in rows else pd.Series(dtype=float)
    if rates.notna().any():
        return float(rates.mean())
    arm_rates = [float(arm_facts["majority_rate"]) for arm_facts in facts if "majority_rate" in arm_facts]
    return float(np.mean(arm_rates)) if arm_rates else float("nan")


def series(tables: StudyTables, metric: str) -> dict[str, Series]:
    """Return the curves of every planned arm, by arm id; arms without any curve have empty arrays."""
    rows = tables.curves[tables.curves["metric"] == metric]
    every_step = np.unique(rows["step"].to_numpy(np.int64))
    by_arm = dict(tuple(rows.groupby("arm_id", sort=False)))
    seeds_by_arm = dict(tuple(tables.seeds.groupby("arm_id", sort=False)))
    declared = metrics_in(tables).of(metric)
    rates, lines = majority_rates(tables), {}
    for arm_id in tables.planned["arm_id"]:
        arm_rows, seeds = by_arm.get(arm_id), seeds_by_arm.get(arm_id)
        one = _one(arm_id, arm_rows, seeds, every_step=every_step, metric=declared, tables=tables)
        lines[arm_id] = replace(one, chance=chance_level(declared, rates[str(arm_id)]))
    return lines


def _one(
    arm_id: str,
    rows: pd.DataFrame | None,
    seeds: pd.DataFrame | None,
    *,
    every_step: NDArray[np.int64],
    metric: Metric,
    tables: StudyTables,
) -> Series:
    outcomes = {} if seeds is None else {str(k): int(v) for k, v in seeds["outcome"].value_counts().items()}
    none = np.empty(0)
    if seeds is None or not (seeds["outcome"] != "missing").any():
        return Series(arm_id, np.empty(0, np.int64), np.empty((0, 0)), (), none, none, none, outcomes)
    run = seeds[seeds["outcome"] != "missing"].sort_values("seed")
    failed = run["outcome"].isin(FAILED).to_numpy()
    # An arm whose every run failed early has no late evaluations of its own; it still goes on, at chance.
    steps = every_step if rows is None or failed.all() else np.unique(rows["step"].to_numpy(np.int64))
    values = np.full((len(run), len(steps)), np.nan)
    if rows is not None:
        at_seed = run["seed"].to_numpy()
        ran_rows = rows[rows["seed"].isin(at_seed)]
        where = np.searchsorted(at_seed, ran_rows["seed"].to_numpy())
        values[where, np.searchsorted(steps, ran_rows["step"].to_numpy(np.int64))] = ran_rows["value"].to_numpy(
            np.float64
        )
    values[~np.isfinite(values)] = np.nan
    first_bad = pd.to_numeric(run["first_nonfinite_step"], errors="coerce").to_numpy(np.float64)
    ends = tuple(_end(steps, values[i], first_bad[i]) for i in np.flatnonzero(failed))
    chance = chance_level(metric, _rate(seeds, [tables.facts[arm_id]] if arm_id in tables.facts else []))
    mean, low, high = _band(values, failed, chance)
    return Series(arm_id, steps, values, ends, mean, low, high, outcomes)


def _end(steps: NDArray[np.int64], values: NDArray[np.float64], first_bad: float) -> tuple[float, float]:
    finite = np.flatnonzero(np.isfinite(values))
    if not finite.size:
        return (0.0 if np.isnan(first_bad) else first_bad), float("nan")
    last = finite[-1]
    return (float(steps[last]) if np.isnan(first_bad) else max(first_bad, float(steps[last]))), float(values[last])


def _band(
    values: NDArray[np.float64], failed: NDArray[np.bool_], chance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    filled = values.copy()
    for i in np.flatnonzero(failed):
        finite = np.flatnonzero(np.isfinite(filled[i]))
        filled[i, finite[-1] + 1 if finite.size else 0 :] = chance
    count = filled.shape[0]
    mean = filled.mean(axis=0)  # NaN where any run has no value: deliberately not nanmean
    if count < 2:
        return mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    half = stats.t.ppf(0.975, count - 1) * filled.std(axis=0, ddof=1) / np.sqrt(count)
    return mean, mean - half, mean + half
