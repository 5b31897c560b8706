"""How long what is missing of a plan will take."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ablate.identity import digest
from ablate.sweep.plan import Job, Plan
from ablate.sweep.schedule import makespan, scheduled, work

KEEPING = 0.015
"""Seconds that tracking takes for a run, in the one process that writes: 0.009 to 0.015 (`benchmarks/scale.py`)."""

TRYING = 6.0
"""Seconds after which no further kind of arm is tried; the rest is estimated from those that were."""


@dataclass(frozen=True)
class TimeEstimate:
    """Wall-clock seconds of what is missing of a plan, the processes it runs on, and what that rests on."""

    seconds: float
    workers: int
    basis: str


def estimate(plan: Plan, finished: Mapping[str, float], *, workers: int) -> TimeEstimate | None:
    """Return how long the missing runs of a plan will take, with tracking; None where their program cannot say.

    An arm's run takes as long as finished runs of arms that cost the same, where there are any, or else as long as a
    little trial says (`Program.seconds_per_run`). Arms go to the processes as they are `scheduled`.

    Parameters
    ----------
    finished
        Identity -> seconds of the finished runs of this study; those that diverged, and so ended early, left out.
    workers
        How many arms are trained at a time.
    """
    todo = [job for job in plan.trained if job.missing]
    workers = max(min(workers, len(todo)), 1)
    measured: dict[str, list[float]] = {}
    for job in plan.trained:
        measured.setdefault(kind(job), []).extend(finished[i] for i in job.identities.values() if i in finished)
    means = {name: fmean(seconds) for name, seconds in measured.items() if seconds}
    kinds: dict[str, list[Job]] = {}
    for job in todo:
        kinds.setdefault(kind(job), []).append(job)
    tried = _tried({name: jobs for name, jobs in kinds.items() if name not in means})
    each = {**tried, **means}
    if not each:
        return None
    jobs = plan.trained
    rate = sum(each.get(kind(job), 0.0) for job in jobs) / sum(_work(job) for job in jobs if kind(job) in each)
    times = [each.get(kind(job), rate * _work(job)) * len(job.missing) for job in scheduled(todo, workers)]
    keeping = KEEPING * plan.missing
    # The processes that train leave no core to the one that writes; on its own it needs as long all the same.
    seconds = max(makespan(times, workers) + keeping / workers, keeping)
    finished_say = "finished runs of this study"
    basis = " and ".join([finished_say] * any(n in means for n in kinds) + ["a little run just now"] * bool(tried))
    return TimeEstimate(seconds, workers, basis or finished_say)


def kind(job: Job) -> str:
    """Return what arms share whose runs take as long: all but the amounts that are real numbers.

    A learning rate costs the same whatever it is, a width does not; a real number that is 0 often means: not at all.
    """
    sizes = {name: job.arm.facts.get(name) for name in ("parameters", "multiply_adds", "train_size", "steps")}
    return digest([_sketched(job.arm.config), sizes])


def _sketched(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sketched(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sketched(item) for item in value]
    return value != 0.0 if isinstance(value, float) else value


def _tried(kinds: Mapping[str, Sequence[Job]]) -> dict[str, float]:
    """Try an arm of each kind, those with the most work first, until that has taken long enough."""
    began, by_kind = time.perf_counter(), dict[str, float]()
    order = sorted(kinds, key=lambda name: -sum(_work(job) * len(job.missing) for job in kinds[name]))
    for name in order:
        if by_kind and time.perf_counter() - began > TRYING:
            break
        job = kinds[name][0]
        seconds = job.program.seconds_per_run(job.config, len(job.missing))
        if seconds is not None:
            by_kind[name] = seconds
    return by_kind


def _work(job: Job) -> float:
    return work(job) or 1.0
