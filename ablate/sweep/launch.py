"""Where arms are trained: the launcher contract, and in this process; worker processes are `ablate.sweep.workers`.

A launcher of one's own is a class like these two, registered under a name that `--launcher NAME` chooses::

    @register("launcher", "pool")
    @dataclass(frozen=True)
    class Pool(Launcher):
        def train(self, jobs, *, uses=()):
            with ProcessPoolExecutor(self.workers) as pool:
                running = {pool.submit(train_packed, pack(job, uses)): job for job in jobs}
                for done in as_completed(running):
                    yield running[done], done.result()
"""

from __future__ import annotations

import os
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self, cast

from ablate.errors import UserError, must, unknown
from ablate.programs.isolated import processes_ended, run_isolated
from ablate.programs.isolated_child import run_here
from ablate.programs.process_state import hash_seeded
from ablate.programs.uses import Code, code_in_use, code_of_files, own_code, use
from ablate.registry import component, place_of, register
from ablate.sweep.plan import Job, Plan
from ablate.train.program import RunResult

Trained = Iterator[tuple[Job, list[RunResult]]]


@dataclass(frozen=True)
class Launcher(ABC):
    """Trains jobs, each on one thread, and gives them back as they are finished, in any order.

    It calls `train_job`, or `train_packed` in another process; whatever a Program does, both
    return results, `crashed` at worst. A launcher writes nothing. Its fields are its settings.

    Attributes
    ----------
    workers
        How many jobs it trains at a time: what `--jobs` says.

    Raises
    ------
    UserError
        `workers` is below 1.
    """

    by_seed: ClassVar[bool] = False
    """Whether a job takes no longer to begin than a short run: then code that runs seeds one by one is given each as a
    job of its own."""

    workers: int = 1

    def __post_init__(self) -> None:
        worker_count(self.workers)

    @classmethod
    def usual(cls) -> int:
        """Return how many jobs it trains at a time where nobody says: one per usable core of this machine."""
        return worker_count(None)

    def up_to(self, jobs: int) -> Self:
        """Return the launcher for no more than so many jobs at a time."""
        return replace(self, workers=max(min(self.workers, jobs), 1))

    def slots(self) -> int:
        """Return how many jobs run at a time: so many are kept busy to the end (see `schedule.scheduled`)."""
        return self.workers

    def most(self, jobs: Sequence[Job]) -> int:
        """Return how many of these jobs it is worth to train at a time: by default an arm is not more than one."""
        return len(jobs)

    def check(self, plan: Plan) -> None:
        """Refuse settings that do not fit a plan, before anything of it is run; raises `UserError`. By default none."""
        del plan

    def prepare(self) -> Callable[[], None]:
        """Begin to make ready what takes time, in the background; return what waits for it."""
        return lambda: None

    def release(self) -> None:  # noqa: B027 - most hold nothing
        """Give back what it holds ready for the next jobs: a command that trains no more has better use for it."""

    @abstractmethod
    def train(self, jobs: Sequence[Job], *, uses: Sequence[str] = ()) -> Trained:
        """Yield every job with a result for each of its missing seeds.

        Parameters
        ----------
        uses
            The study's own Python files, imported here already; another process has to import them first.

        Raises
        ------
        Failure
            What trains was lost. What was yielded before is whole.
        """


@register("launcher", "serial")
@dataclass(frozen=True)
class Serial(Launcher):
    """Trains in this process, one job after the other, in their order.

    Raises
    ------
    UserError
        More than one job at a time is asked for.
    """

    by_seed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.workers > 1:
            raise UserError(
                f"the launcher serial trains one job at a time, in this process: {self.workers} jobs need another one, "
                "such as `--launcher loky`"
            )

    @classmethod
    def usual(cls) -> int:
        """Return 1."""
        return 1

    def train(self, jobs: Sequence[Job], *, uses: Sequence[str] = ()) -> Trained:
        """Yield every job with its results."""
        code = code_of_files(uses)
        with processes_ended():
            for job in jobs:
                yield job, train_job(job, code)


def launcher_for(asked: str | Mapping[str, Any] | Launcher | None, jobs: int | None) -> Launcher:
    """Return the launcher that is asked for; without one, worker processes, or this process for one job at a time.

    Parameters
    ----------
    asked
        Its name; `{"kind": name, setting: value}`; or the launcher itself.
    jobs
        How many jobs it trains at a time; None: as many as it usually does.

    Raises
    ------
    UserError
        No launcher has that name, or that setting; a value is wrong; the number of jobs is, or is said twice.
    """
    worker_count(jobs)
    if isinstance(asked, Launcher):
        if jobs is not None:
            raise UserError(f"the number of jobs is given twice: {jobs}, and by {asked}; give it once")
        return asked
    if asked is None:
        asked = "loky" if worker_count(jobs) > 1 else "serial"
        return cast("type[Launcher]", component("launcher", asked))(worker_count(jobs))
    name, settings = _parts(asked)
    cls = component("launcher", name)
    if not issubclass(cls, Launcher):
        raise UserError(f"{place_of(cls)} is registered as a launcher, but is not derived from {place_of(Launcher)}")
    names = [field.name for field in fields(cls) if field.init and field.name != "workers"]
    for key in settings:
        if key == "workers":
            raise UserError(f"launcher {name}: the number of jobs is `--jobs {settings[key]}`, hydra.sweeper.n_jobs")
        if key not in names:
            raise UserError(f"launcher {name}: {unknown('setting', key, names)}")
    return cls(workers=cls.usual() if jobs is None else jobs, **settings)


def _parts(asked: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    settings = {"kind": asked} if isinstance(asked, str) else dict(asked) if isinstance(asked, Mapping) else {}
    name = settings.pop("kind", None)
    if not isinstance(name, str):
        raise must("launcher", "be a name such as loky, or {kind: NAME, SETTING: value}", asked)
    return name, settings


def worker_count(asked: int | None) -> int:
    """Return the number of worker processes: what was asked for, or one per usable core.

    Raises
    ------
    UserError
        `asked` is not a whole number, or below 1.
    """
    if asked is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(asked, bool) or not isinstance(asked, int) or asked < 1:
        raise must("jobs", "be a whole number >= 1, or none for one per core", asked)
    return asked


def train_job(job: Job, uses: Code | None = None) -> list[RunResult]:
    """Train what is missing of one arm; whatever happens, every seed has a result, and the sweep goes on.

    Our own core is trained in this process, BLAS held to one thread. Code of the user's own (`Program.isolated`, or a
    component of the user's) runs in a process beside it, so that what ends a process costs one run (see
    `programs.isolated`). Only compiled code that cannot be made says nothing of the arm, and is raised. An arm is
    trained as it was planned.

    Parameters
    ----------
    uses
        The Python files that the study uses, and what they say (`code_of_files`); by default those in use here.

    Raises
    ------
    Failure
        Compiled code cannot be made, or no process can be started.
    """
    with hash_seeded(job.hash_seed):
        if job.program.isolated or job.arm.facts.get("uses"):
            return train_apart(job, code_in_use() if uses is None else uses)
        return run_here(job.program.planned(job.arm.facts), job.config, job.missing)


def train_apart(job: Job, uses: Code | None = None) -> list[RunResult]:
    """Do the same in a process beside this one, whatever trains the arm."""
    return run_isolated(job.program.planned(job.arm.facts), job.config, job.missing, code=uses)


def pack(job: Job, uses: Sequence[str] = ()) -> bytes:
    """Return a job as bytes, for `train_packed` in another process: with the current folder, and what its files say."""
    from joblib.externals.loky.backend.reduction import dumps  # takes classes of scripts and notebooks along

    folder = os.getcwd()  # noqa: PTH109 - a worker may be older than the current folder is current
    return bytes(dumps((folder, code_of_files(uses), bytes(dumps(job)))))


def train_packed(packed: bytes, *, folder: str | None = None) -> list[RunResult]:
    """Train a job that another process of this project packed, in its folder or another; see `train_job`.

    Raises
    ------
    UserError
        The code that the job uses is not what it was when the study was planned.
    """
    packed_in, code, pickled = pickle.loads(packed)  # made by the process that started this one
    os.chdir(packed_in if folder is None else folder)
    use(list(code), code=code)  # before the job is unpickled: its classes may stand in these files
    job: Job = pickle.loads(pickled)
    planned = job.arm.facts.get("uses", {})
    if any(planned.get(name) != said for name, said in own_code([job.program, job.config], list(code)).items()):
        raise UserError(
            f"the code that {job.arm.label} uses changed while the study was running; the same command runs what is "
            "missing with the code as it is now"
        )
    return train_job(job, code)
