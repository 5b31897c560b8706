"""Arms trained by jobs of Slurm, or by processes that go on alone on this machine; both through submitit.

submitit (https://github.com/facebookincubator/submitit) is called directly. Its jobs write results into a folder that
the machines share, from which they are delivered to the one process that writes: by the command that submitted them, or
by a later one.
"""

from __future__ import annotations

import atexit
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ablate.errors import Failure, Submitted, must, plural, unknown
from ablate.registry import register
from ablate.sweep.demand import Demand, OnCluster
from ablate.sweep.launch import Trained, pack, worker_count
from ablate.sweep.plan import Job
from ablate.sweep.same_code import code_of_ablate
from ablate.sweep.schedule import dealt
from ablate.sweep.submitit_executor import ask_for, executor_for, in_words, submit
from ablate.sweep.submitted import JobSpool, Pack, Ticket, jobs_folder, part_of, refused_error, states, tidy
from ablate.train.program import RunResult

CLUSTERS = ("slurm", "local")

MOST_IN_ARRAY = 1000
"""Jobs of one array; Slurm takes 1,001 unless it is told otherwise (`MaxArraySize`)."""

MISSES = 3
"""A job is lost that its cluster does not know so many times in a row, and whose results are not there."""


_HELD: list[Any] = []  # a process that is forgotten while it runs makes Python warn, though it is meant to go on
atexit.register(_HELD.clear)  # while submitit can still say that they go on


@dataclass(frozen=True)
class _Asked:
    """One arm of a command: its parts, which are delivered together."""

    jobs: tuple[Job, ...]

    @property
    def identities(self) -> list[str]:
        return [job.identities[seed] for job in self.jobs for seed in job.missing]


@register("launcher", "submitit")
@dataclass(frozen=True)
class Submitit(OnCluster):
    """Trains in jobs of Slurm. `--jobs N` is how many of them run at a time.

    Attributes
    ----------
    cluster
        `slurm`; or `local`: processes of this machine, which go on when this one ends.
    minutes, partition
        A job's time limit; where it runs.
    arms_per_job, at_once
        How many arms a job trains, and how many of them at the same time. A job asks for the cores and the memory of
        `at_once` arms, and for the graphics cards of one: its arms share them.
    split
        Let seeds of an arm go to several jobs where some would idle.
    detach
        Submit what is missing and end; a later command delivers what is there by then.
    folder
        Where results and logs lie; the machines have to share it. By default `mlruns/jobs`.
    slurm
        Further settings of submitit's Slurm executor: `{account: lab, qos: long, constraint: a100}`.
    setup
        Shell commands before a job begins: `[module load cuda]`.
    poll
        Seconds between two looks at what is there.

    Raises
    ------
    UserError
        submitit is not installed, there is no Slurm, or a setting is out of its range.
    """

    package: ClassVar[str] = "submitit"
    extra: ClassVar[str] = "slurm"
    asks: ClassVar[tuple[str, ...]] = ("cpus", "gpus", "memory_gb", "minutes", "partition")

    cluster: str = "slurm"
    minutes: float = 60.0
    partition: str = ""
    arms_per_job: int = 1
    at_once: int = 1
    split: bool = False
    detach: bool = False
    folder: str = ""
    slurm: Mapping[str, Any] = field(default_factory=dict)
    setup: Sequence[str] = ()
    poll: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cluster not in CLUSTERS:
            raise unknown("cluster", str(self.cluster), CLUSTERS)
        for name in ("arms_per_job", "at_once"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise must(name, "be a whole number >= 1", value)
        for name in ("split", "detach"):
            if not isinstance(getattr(self, name), bool):
                raise must(name, "be true or false", getattr(self, name))
        if any("minutes" in ask and ask["minutes"] is None for ask in ({"minutes": self.minutes}, *self.arms.values())):
            raise must("minutes", "be a number > 0", None)
        if isinstance(self.poll, bool) or not isinstance(self.poll, int | float) or not self.poll > 0:
            raise must("poll", "be a number of seconds > 0", self.poll)
        if isinstance(self.setup, str) or not all(isinstance(line, str) for line in self.setup):
            raise must("setup", "be a list of shell commands", self.setup)
        if not isinstance(self.slurm, Mapping):
            raise must("slurm", "be a mapping such as {account: lab}", self.slurm)

    def slots(self) -> int:
        """Return for how many jobs arms are split; 1 where they stay whole."""
        here = min(self.workers, worker_count(None)) if self.cluster == "local" else self.workers
        return here if self.split else 1

    def most(self, jobs: Sequence[Job]) -> int:
        """Return how many jobs may run at a time: one per arm, or per run where arms may be split."""
        return super().most(jobs) if self.split else len(jobs)

    def train(self, jobs: Sequence[Job], *, uses: Sequence[str] = ()) -> Trained:
        """Yield every arm whose results are there, first those that earlier commands submitted; then wait for the rest.

        Raises
        ------
        UserError
            A setting that the executor does not take; no Slurm; jobs refused to train what they were given.
        Submitted
            With `detach`: jobs are under way. What was there is delivered.
        Failure
            A job ended without all of its results, and did not come back; the cluster does not answer.
        """
        if not jobs:
            return
        self.check_conditions(jobs)
        spool = JobSpool(Path(self.folder).expanduser().resolve() if self.folder else jobs_folder())
        executor = executor_for(self.cluster, spool.logs)
        spool.make()
        spool.note_place()
        tidy(spool)
        arms: dict[str, list[Job]] = {}
        for job in jobs:
            arms.setdefault(job.arm.id, []).append(job)
        todo = [_Asked(tuple(parts)) for parts in arms.values()]
        submitted, misses = False, dict[str, int]()
        while True:
            for asked in list(todo):
                if all(map(spool.has, asked.identities)):
                    todo.remove(asked)
                    for job in asked.jobs:
                        yield job, _results(spool, job)
                    spool.drop(asked.identities)  # it came back for more: they are where they belong
            if refused := spool.refusals(i for asked in todo for i in asked.identities):
                spool.withdraw(refused)
                raise refused_error(refused)
            if not todo:
                break
            live = self._live(spool, todo, misses, patient=submitted)
            if not submitted:
                submitted = self._submit(executor, spool, todo, live, uses)
                if self.detach:
                    raise self._under_way(spool, todo)
                if submitted:
                    continue
            else:
                self._check_lost(spool, todo, live)
            time.sleep(self.poll)
        tidy(spool)

    def _live(self, spool: JobSpool, todo: Sequence[_Asked], misses: dict[str, int], *, patient: bool) -> list[Ticket]:
        """Return the tickets of these arms whose jobs go on, as far as can be told.

        A job that has just ended is unknown to its cluster before a shared disk shows its last result: while this
        process waits, it takes `MISSES` looks to be lost.
        """
        wanted = {identity for asked in todo for identity in asked.identities}
        mine = [ticket for ticket in spool.tickets() if ticket.identities & wanted]
        state_of = states(mine)
        for ticket in mine:
            misses[ticket.id] = 0 if state_of[ticket.id] else misses.get(ticket.id, 0) + 1
        return [ticket for ticket in mine if misses[ticket.id] < (MISSES if patient else 1)]

    def _submit(
        self, executor: Any, spool: JobSpool, todo: Sequence[_Asked], live: Sequence[Ticket], uses: Sequence[str]
    ) -> bool:
        """Submit what is neither there nor under way, the longest arms first, in arrays of jobs that ask alike.

        Returns
        -------
        False where nothing was submitted, because as many processes of this machine run as are asked for.
        """
        under_way = {run for ticket in live for run in ticket.identities if not spool.taken(run)}
        for ticket in spool.tickets():
            if ticket not in live and any(ticket.identities & set(asked.identities) for asked in todo):
                spool.forget(ticket)  # lost: its runs are submitted again
        left = []
        for job in (job for asked in todo for job in asked.jobs):
            seeds = [s for s in job.missing if job.identities[s] not in under_way and not spool.has(job.identities[s])]
            if seeds:
                left.append(replace(job, missing=tuple(seeds)))
        running = len({ticket.id for ticket in live if ticket.cluster == "local"})
        if left and self.cluster == "local" and self._processes(running) < 1:
            return False
        for demand, of in self.grouped(left, together=self.cluster == "local"):
            packs = self._packs(of, running=running)
            ask_for(executor, self._asked(demand, min(max(map(len, packs)), self.at_once)))
            for start in range(0, len(packs), MOST_IN_ARRAY):
                self._send(executor, spool, packs[start : start + MOST_IN_ARRAY], uses)
        return True

    def _processes(self, running: int) -> int:
        """Return how many processes of this machine may be started beside those that run."""
        return min(self.workers, worker_count(None)) - running

    def _packs(self, jobs: Sequence[Job], *, running: int = 0) -> list[list[Job]]:
        """Deal arms to jobs so that these take about as long."""
        number = math.ceil(len(jobs) / self.arms_per_job)
        if self.cluster == "local":  # there is no queue: all of them start at once
            number = min(number, self._processes(running))
        return dealt(jobs, number)

    def _send(self, executor: Any, spool: JobSpool, packs: Sequence[Sequence[Job]], uses: Sequence[str]) -> None:
        sent = [
            Pack(spool.folder, [(pack(job, uses), part_of(job)) for job in of], at_once=self.at_once,
                 planned=code_of_ablate())
            for of in packs
        ]  # fmt: skip
        for job in (job for of in packs for job in of):
            spool.ask(part_of(job).runs)
        made = submit(executor, sent)
        _HELD.extend(made)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for job, of in zip(made, packs, strict=True):
            parts = tuple(part_of(one) for one in of)
            spool.note(Ticket(str(job.job_id), self.cluster, now, str(job.paths.stderr), parts, self._settings()))

    def _settings(self) -> dict[str, Any]:
        usual = type(self)()
        settings = {name: value for name, value in asdict(self).items() if value != getattr(usual, name)}
        settings.pop("workers", None)
        settings.pop("detach", None)
        return settings

    def _asked(self, demand: Demand, at_once: int) -> dict[str, Any]:
        """Return what a job needs in which so many arms are trained at a time, in the words of submitit."""
        slurm = {f"slurm_{name}": value for name, value in self.slurm.items()}
        if self.setup:
            slurm = {"slurm_setup": list(self.setup), **slurm}
        if demand.partition:
            slurm = {"slurm_partition": demand.partition, **slurm}
        for_slurm = {"slurm_array_parallelism": self.workers, **slurm}
        return in_words(demand, at_once) | (for_slurm if self.cluster == "slurm" else {})

    def _under_way(self, spool: JobSpool, todo: Sequence[_Asked]) -> Submitted:
        wanted = {identity for asked in todo for identity in asked.identities}
        tickets = [ticket for ticket in spool.tickets() if ticket.identities & wanted]
        coming = set().union(*(ticket.identities for ticket in tickets))
        waiting = len([identity for identity in wanted - coming if not spool.has(identity)])
        wanted &= coming
        runs = len([identity for identity in wanted if not spool.has(identity)])
        jobs = plural(len(tickets), "job")
        later = f", {plural(waiting, 'run')} not submitted yet" if waiting else ""
        return Submitted(
            f"{jobs} for {plural(runs, 'run')} under way{later} ({self.cluster}: "
            f"{', '.join(ticket.id for ticket in tickets[:5])}"
            f"{', …' if len(tickets) > 5 else ''}); `ablate status STUDY` shows them, `ablate collect STUDY` or the "
            "same command takes in what is there"
        )

    def _check_lost(self, spool: JobSpool, todo: Sequence[_Asked], live: Sequence[Ticket]) -> None:
        """Raise `Failure` where nothing goes on of what is still missing."""
        coming = set().union(*(ticket.identities for ticket in live))
        missing = {i for asked in todo for i in asked.identities if i not in coming and not spool.has(i)}
        if not missing or any(not missing & set(asked.identities) for asked in todo):
            return  # the rest is waited for first
        lost = [ticket for ticket in spool.tickets() if ticket.identities & missing]
        listed = "; ".join(f"{t.cluster} {t.id} ({t.parts[0].label}), log: {t.log}" for t in lost[:3])
        more = f"; and {len(lost) - 3} more" if len(lost) > 3 else ""
        raise Failure(
            f"{plural(len(lost), 'job')} ended without all results: {listed}{more}; what is finished is kept, the same "
            "command submits the rest again"
        )


def _results(spool: JobSpool, job: Job) -> list[RunResult]:
    return [spool.take(job.identities[seed]) for seed in job.missing]
