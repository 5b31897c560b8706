"""A logged run, made once more: whether it is the same, to the last bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError, plural
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Job, Plan
from ablate.track.payload import flat_config
from ablate.track.stored_run import LoggedRun
from ablate.train.program import Curve, Program, RunResult

TIMED = ("seconds/", "latency/")
"""Beginnings of metrics that are times: no two runs have them alike."""


@dataclass(frozen=True)
class Gap:
    """One thing that is not the same: what was logged, what came out now, and the largest distance between numbers."""

    what: str
    logged: str
    now: str
    distance: float | None


@dataclass(frozen=True)
class Rerun:
    """A run beside what was logged of it.

    Attributes
    ----------
    compared
        How many metrics, curves, test items and arrays were held against each other.
    gaps
        What is not the same; empty where the run matched to the bit.
    """

    result: RunResult
    compared: dict[str, int]
    gaps: tuple[Gap, ...]


def job_of(logged: LoggedRun, plan: Plan) -> Job:
    """Return the job of a plan that makes a logged run, and nothing else.

    Raises
    ------
    UserError
        No arm of the plan makes a run of that identity: its settings, its code or its data changed.
    """
    seed, identity = logged.run.seed, logged.run.identity
    for job in plan.trained:
        if job.identities.get(seed) == identity:
            return dataclasses.replace(job, identities={seed: identity}, missing=(seed,))
    same = next((job for job in plan.trained if job.arm.levels == logged.arm.levels), None)
    why = "the arm is not in its plan" if same is None else _changed(logged, same)
    raise UserError(
        f"the study's command makes no such run any more ({logged.run.arm}, seed {seed}): {why}; check out the version "
        f"of the code it was made with ({logged.run.code or 'not told'}), and give it the same settings"
    )


def _changed(logged: LoggedRun, job: Job) -> str:
    then, now = flat_config(logged.arm.config), flat_config(job.arm.config)
    keys = [key for key in sorted({*then, *now}) if then.get(key) != now.get(key)]
    if not keys:
        return "its code or its data changed"
    told = ", ".join(f"{key} was {then.get(key, 'not there')}, is {now.get(key, 'not there')}" for key in keys[:5])
    return f"{told}{' and more' if len(keys) > 5 else ''}"


def run_again(logged: LoggedRun, plan: Plan, launcher: Launcher) -> Rerun:
    """Make a logged run once more, and hold it against what was logged; nothing is written.

    Raises
    ------
    UserError
        See `job_of`.
    """
    job = job_of(logged, plan)
    job.program.ready(job.config)
    ((_, (result,)),) = launcher.train([job], uses=plan.study.uses)
    return compare_results(logged.record.result, result, times=timed(job.program))


def timed(program: Program) -> frozenset[str]:
    """Return the metrics that a Program declares to be measured times."""
    return frozenset(name for name, metric in program.metrics().items() if metric.is_measured)


def compare_results(logged: RunResult, now: RunResult, *, times: Collection[str] = ()) -> Rerun:
    """Hold two results against each other: all but times, bit by bit; values that are not finite are not stored.

    Parameters
    ----------
    times
        Metrics that are times, beside those whose names say so (`TIMED`).
    """

    def is_time(name: str) -> bool:
        return name in times or name.startswith(TIMED)

    gaps: list[Gap] = []
    if logged.outcome != now.outcome:
        gaps.append(Gap("outcome", str(logged.outcome), str(now.outcome), None))
    if _last(logged.error) != _last(now.error):
        gaps.append(Gap("error", _last(logged.error) or "none", _last(now.error) or "none", None))
    metrics = [name for name in sorted({*logged.metrics, *now.metrics}) if not is_time(name)]
    for name in metrics:
        then, again = (result.metrics.get(name, np.nan) for result in (logged, now))
        gaps += _gap(name, np.array([then]), np.array([again]), f"{then:.9g}", f"{again:.9g}")
    curves = [name for name in sorted({*logged.curves, *now.curves}) if not is_time(name)]
    for name in curves:
        (steps, one), (others, two) = (_finite(result.curves.get(name)) for result in (logged, now))
        if not np.array_equal(steps, others):
            gaps.append(
                Gap(
                    f"curve {name}", plural(len(steps), "point"), f"{plural(len(others), 'point')} at other steps", None
                )
            )
            continue
        gaps += _gap(f"curve {name}", one, two, plural(len(one), "point"), "other values")
    items = _items(logged, now, gaps)
    arrays = sorted({*logged.arrays, *now.arrays})
    for name in arrays:
        first, second = logged.arrays.get(name), now.arrays.get(name)
        if first is None or second is None or first.shape != second.shape or first.dtype != second.dtype:
            gaps.append(Gap(f"array {name}", _shape(first), _shape(second), None))
            continue
        gaps += _gap(f"array {name}", first, second, _shape(first), "other values")
    counts = {"metrics": len(metrics), "curves": len(curves), "test items": items, "arrays": len(arrays)}
    return Rerun(now, counts, tuple(gaps))


def _items(logged: RunResult, now: RunResult, gaps: list[Gap]) -> int:
    one, two = logged.test_correct, now.test_correct
    if one is None and two is None:
        return 0
    if one is None or two is None or len(one) != len(two):
        counts = ["none" if items is None else str(len(items)) for items in (one, two)]
        gaps.append(Gap("test items", counts[0], counts[1], None))
        return 0
    if different := int((one != two).sum()):
        right = f"{int(one.sum())} of {len(one)} right"
        gaps.append(
            Gap(
                "test items",
                right,
                f"{int(two.sum())} right, {plural(different, 'item differs', 'items differ')}",
                None,
            )
        )
    return len(one)


def _gap(what: str, one: NDArray[Any], two: NDArray[Any], logged: str, now: str) -> Sequence[Gap]:
    same = one == two
    if one.dtype.kind in "fc" and two.dtype.kind in "fc":
        same = same | (np.isnan(one) & np.isnan(two))
    if bool(np.all(same)):
        return ()
    numbers = one.dtype.kind in "iuf" and two.dtype.kind in "iuf"
    far = float(np.nanmax(np.abs(one.astype(float) - two.astype(float)))) if numbers and _some(one, two) else None
    return (Gap(what, logged, now, far),)


def _some(one: NDArray[Any], two: NDArray[Any]) -> bool:
    return bool(np.isfinite(one.astype(float) - two.astype(float)).any())


def _finite(curve: Curve | None) -> tuple[NDArray[Any], NDArray[Any]]:
    if curve is None:
        return np.zeros(0, np.int64), np.zeros(0)
    kept = np.isfinite(curve.values)
    return curve.steps[kept], curve.values[kept]


def _shape(array: NDArray[Any] | None) -> str:
    return "none" if array is None else f"{array.dtype} {'x'.join(map(str, array.shape))}"


def _last(error: str | None) -> str:
    return error.strip().splitlines()[-1] if error and error.strip() else ""
