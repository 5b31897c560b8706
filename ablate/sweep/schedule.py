"""In which order arms are trained, and which are split by their seeds: no worker idles while another has work for two.

The longest arms go first (R. L. Graham, Bounds on multiprocessing timing anomalies, SIAM J. Appl. Math. 17, 1969): what
is left at the end is short. Where even so one worker would end much later than the others, the longest arm is halved by
its seeds, whose numbers do not depend on the seeds beside them (`ablate.testing.program`). How long an arm takes is
known when it has ended (one that diverges takes half the time), so the last ones are given in ever smaller parts
(C. Polychronopoulos and D. Kuck, Guided self-scheduling, IEEE Trans. Computers C-36, 1987). Code that runs its seeds
one by one shares no work between them: it is given a seed at a time, so that whatever ends a sweep costs a run, not an
arm.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from ablate.errors import Failure
from ablate.programs.per_seed import PerSeed
from ablate.sweep.plan import Job
from ablate.train.program import RunResult

IDLE = 0.1
"""Share of the time that a worker may idle at the end before arms are split: a split arm shares less work per step."""

SMALLEST = 0.05
"""Share of the time of a worker below which no half of an arm is."""

_MOST_SPLITS = 10_000
_ROUNDING = 1e-9


def work(job: Job) -> float | None:
    """Return what the time of one of its runs is taken to be proportional to; None where nothing is known of it."""
    products, steps = job.arm.facts.get("multiply_adds"), job.arm.facts.get("steps")
    return float(products or 1.0) * float(steps or 1.0) if products or steps else None


def costs(jobs: Sequence[Job]) -> list[float]:
    """Return what the missing runs of each job cost, in one unit; one of which nothing is known is like the others."""
    each = [work(job) for job in jobs]
    estimates = [one for one in each if one is not None]
    usual = fmean(estimates) if estimates else 1.0
    return [(usual if one is None else one) * len(job.missing) for one, job in zip(each, jobs, strict=True)]


def scheduled(jobs: Sequence[Job], slots: int) -> list[Job]:
    """Return the jobs in the order in which `slots` of them are trained at a time, the longest first; some in parts.

    The parts of an arm have the same `arm`, and its missing seeds between them (see `ArmParts`). With one slot, jobs
    are as they were: there is nothing to gain.

    Parameters
    ----------
    slots
        How many are trained at a time.
    """
    if slots <= 1 or not jobs:
        return list(jobs)
    queue = [(-cost, number, job) for number, (cost, job) in enumerate(zip(costs(jobs), jobs, strict=True))]
    run = max(-cost / len(job.missing) for cost, _, job in queue)  # no split makes this shorter
    least = max(-sum(cost for cost, _, _ in queue) / slots, run)
    number = len(queue)
    for _ in range(_MOST_SPLITS):
        queue.sort(key=lambda one: one[:2])
        if makespan([-cost for cost, _, _ in queue], slots) <= least * (1 + IDLE):
            break
        longest = next((at for at, (_, _, job) in enumerate(queue) if len(job.missing) > 1), None)
        if longest is None:
            break
        cost, place, job = queue.pop(longest)
        half = (len(job.missing) + 1) // 2
        for seeds in (job.missing[:half], job.missing[half:]):
            queue.append((cost * len(seeds) / len(job.missing), place, replace(job, missing=seeds)))
            place, number = number, number + 1
    ordered = [(-cost, job) for cost, _, job in sorted(queue, key=lambda one: one[:2])]
    return _tapered(ordered, slots, SMALLEST * least)


def _tapered(queue: Sequence[tuple[float, Job]], slots: int, smallest: float) -> list[Job]:
    """Return jobs, each with its cost, in their order; none is more than a worker's share of what is left by then.

    But the first of every worker: nothing waits for those.
    """
    waiting, left = list(reversed(queue[slots:])), sum(cost for cost, _ in queue[slots:])
    given = [job for _, job in queue[:slots]]
    while waiting:
        cost, job = waiting.pop()
        while len(job.missing) > 1 and cost * slots > left * (1 + _ROUNDING) and cost / 2 >= smallest:
            half = (len(job.missing) + 1) // 2
            first = cost * half / len(job.missing)
            waiting.append((cost - first, replace(job, missing=job.missing[half:])))
            cost, job = first, replace(job, missing=job.missing[:half])
        given.append(job)
        left -= cost
    return given


def dealt(jobs: Sequence[Job], hands: int) -> list[list[Job]]:
    """Deal jobs like cards, the longest first and to and fro, so that all hands take about as long."""
    packs: list[list[Job]] = [[] for _ in range(hands)]
    ordered = sorted(zip(costs(jobs), jobs, strict=True), key=lambda one: -one[0])
    for at, (_, job) in enumerate(ordered):
        lap, place = divmod(at, hands)
        packs[place if lap % 2 == 0 else hands - 1 - place].append(job)
    return packs


def seed_by_seed(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs in their order, those of a Program that runs its seeds one by one as a part per seed."""
    return [
        part
        for job in jobs
        for part in (
            [replace(job, missing=(seed,)) for seed in job.missing] if isinstance(job.program, PerSeed) else [job]
        )
    ]


def makespan(times: Sequence[float], workers: int) -> float:
    """Return when the last worker is done, each taking the next job as soon as it is free.

    >>> makespan([1.0, 5.0, 1.0, 1.0], 2)
    5.0
    """
    busy = [0.0] * workers
    for seconds in times:
        heapq.heapreplace(busy, busy[0] + seconds)
    return max(busy)


class ArmParts:
    """Takes the parts of arms as a launcher yields them, and gives every arm once all parts of it are there.

    Parameters
    ----------
    jobs
        As they were before they were scheduled.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._asked = {job.arm.id: job for job in jobs}
        self._held: dict[str, dict[int, RunResult]] = {}
        self._given: set[str] = set()
        self._before: dict[str, int] = {}  # results of an arm that were given before it was whole

    def add(self, part: Job, results: Sequence[RunResult]) -> tuple[Job, list[RunResult]] | None:
        """Return the arm that a part completes, its results in the order of its missing seeds; else None.

        Raises
        ------
        Failure
            The part is of no arm that was asked for, or has not one result for each of its seeds. What it has of them
            is kept.
        """
        job = self._asked.get(part.arm.id)
        seeds, wanted = [result.seed for result in results], part.missing
        if job is not None and part.arm.id not in self._given:
            by_seed = self._held.setdefault(job.arm.id, {})
            by_seed.update({result.seed: result for result in results if result.seed in job.missing})
        if job is None or sorted(seeds) != sorted(wanted) or not set(wanted) <= set(job.missing):
            raise Failure(
                f"the launcher gave back seeds {_listed(seeds)} of {part.arm.label}, expected {_listed(wanted)}; what "
                "is finished is kept"
            )
        if job.arm.id in self._given or len(by_seed) + self._before.get(job.arm.id, 0) < len(job.missing):
            return None
        self._given.add(job.arm.id)
        return _part(job, self._held.pop(job.arm.id))

    def unfinished(self) -> Iterator[tuple[Job, list[RunResult]]]:
        """Yield what is there of arms that are not whole, each once: the job with those seeds, and their results."""
        while self._held:
            arm, by_seed = self._held.popitem()
            if by_seed:
                self._before[arm] = self._before.get(arm, 0) + len(by_seed)
                yield _part(self._asked[arm], by_seed)

    def check_whole(self) -> None:
        """Raise `Failure` where a launcher has ended, and some arm is not whole."""
        lacking = {
            job.arm.label: len(job.missing) - len(self._held.get(arm, ())) - self._before.get(arm, 0)
            for arm, job in self._asked.items() if arm not in self._given
        }  # fmt: skip
        if lacking:
            more = ", …" if len(lacking) > 3 else ""
            raise Failure(
                f"the launcher ended without {sum(lacking.values())} of the runs that it was given, of "
                f"{', '.join(list(lacking)[:3])}{more}; what is finished is kept, the same command runs the rest"
            )


def _listed(seeds: Sequence[int]) -> str:
    return (", ".join(map(str, seeds[:8])) + (", …" if len(seeds) > 8 else "")) or "none"


def _part(job: Job, results: Mapping[int, RunResult]) -> tuple[Job, list[RunResult]]:
    """Return the job with the seeds of some results, and these in their order."""
    there = tuple(seed for seed in job.missing if seed in results)
    part = job if there == job.missing else replace(job, missing=there)
    return part, [results[seed] for seed in part.missing]
