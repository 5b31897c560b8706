"""Where arms are trained: the launcher contract, in this process and in worker processes of this machine.

A launcher of one's own is a class like the two here, registered under a name that `--launcher NAME` chooses::

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
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from ablate.errors import Failure, UserError, must, unknown
from ablate.programs.uses import code_of_files, own_code, use
from ablate.registry import component, place_of, register
from ablate.sweep.plan import Job
from ablate.train.arithmetic import arithmetic
from ablate.train.compiled.ready import NotCompiledError
from ablate.train.contained import contained
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult
from ablate.train.vouched import Fact

Trained = Iterator[tuple[Job, list[RunResult]]]


@dataclass(frozen=True)
class Launcher(ABC):
    """Trains jobs, each on one thread, and gives them back as they are finished, in any order.

    It calls `train_job`, or `train_packed` in another process; both make whatever a Program raises `crashed` results.
    A launcher writes nothing. Its fields are its settings.

    Attributes
    ----------
    workers
        How many jobs it trains at a time: what `--jobs` says.

    Raises
    ------
    UserError
        `workers` is below 1.
    """

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

    def prepare(self) -> Callable[[], None]:
        """Begin to make ready what takes time, in the background; return what waits for it."""
        return lambda: None

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
        del uses
        for job in jobs:
            yield job, train_job(job)


@register("launcher", "loky")
@dataclass(frozen=True)
class Loky(Launcher):
    """Trains in worker processes (loky, through joblib); a core that is free takes the next job.

    One job at a time needs no process of its own: it is trained in this one.
    """

    def prepare(self) -> Callable[[], None]:
        """Start the worker processes: they import for a second or two, while the store is opened, say."""
        if self.workers == 1:
            return super().prepare()

        def start() -> None:
            from joblib import Parallel, delayed, parallel_config

            with parallel_config(backend="loky", n_jobs=self.workers, inner_max_num_threads=1):
                Parallel()(delayed(_ready)() for _ in range(self.workers))

        thread = threading.Thread(target=start, daemon=True)
        thread.start()
        return thread.join

    def train(self, jobs: Sequence[Job], *, uses: Sequence[str] = ()) -> Trained:
        """Yield every job with its results, as they come in."""
        workers = min(self.workers, len(jobs))
        if workers <= 1:
            yield from Serial().train(jobs, uses=uses)
            return
        from joblib import Parallel, delayed, parallel_config
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
            # One arm per dispatch and no look-ahead: arms are few and unequal, a core that is free takes the next.
            pool = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
            try:
                tasks = (delayed(_train_numbered)(i, pack(job, uses)) for i, job in enumerate(jobs))
                for index, results in pool(tasks):
                    yield jobs[index], results
            except TerminatedWorkerError:
                raise Failure(
                    "a training process was killed (most often: out of memory); finished runs are kept, the same "
                    "command goes on with what is missing; fewer processes (`--jobs 1`, `hydra.sweeper.n_jobs=1`) "
                    "need less memory"
                ) from None


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
            raise UserError(f"the number of jobs is said twice: {jobs}, and by {asked}; say it once")
        return asked
    if asked is None:
        workers = worker_count(jobs)
        return Loky(workers) if workers > 1 else Serial()
    name, settings = _parts(asked)
    cls = component("launcher", name)
    if not issubclass(cls, Launcher):
        raise UserError(f"{place_of(cls)} is registered as a launcher, but is not derived from {place_of(Launcher)}")
    names = [field.name for field in fields(cls) if field.init and field.name != "workers"]
    for key in settings:
        if key == "workers":
            raise UserError(f"launcher {name}: the number of jobs is `--jobs {settings[key]}`, hydra.sweeper.n_jobs")
        if key not in names:
            raise UserError(f"launcher {name}: {unknown('setting', key, ['kind', *names])}")
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
        `asked` is zero or negative.
    """
    if asked is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if asked < 1:
        raise must("n_jobs", "be >= 1 (or null for one per core)", asked)
    return asked


def _ready() -> None:
    import ablate.programs
    import ablate.train.numpy_program  # noqa: F401


def train_job(job: Job) -> list[RunResult]:
    """Train what is missing of one arm in this process, BLAS held to one thread; a raised error becomes `crashed` runs.

    This is the boundary at which anything a Program raises, `SystemExit` too, is recorded instead of ending the sweep;
    but for compiled code that cannot be made, which says nothing of the arm. It is trained as it was planned.
    Results say what computed them where the Program vouches that this process did.
    """
    from ablate.train.threads import one_thread

    seeds, started = job.missing, time.perf_counter()
    try:
        with one_thread(), contained():
            results = job.program.planned(job.arm.facts).run(job.config, seeds)
            if Fact.MACHINE not in job.program.vouches:
                return results
            made_by = arithmetic()
            return [replace(result, arithmetic=made_by) for result in results]
    except NotCompiledError:
        raise
    except Exception:  # noqa: BLE001
        seconds = (time.perf_counter() - started) / len(seeds)
        text = traceback.format_exc()
        return [RunResult(seed=seed, outcome=Outcome.CRASHED, seconds=seconds, error=text) for seed in seeds]


def pack(job: Job, uses: Sequence[str] = ()) -> bytes:
    """Return a job as bytes, for `train_packed` in another process: with the current folder, and what its files say."""
    from joblib.externals.loky.backend.reduction import dumps  # takes classes of scripts and notebooks along

    folder = os.getcwd()  # noqa: PTH109 - a worker may be older than the current folder is current
    return bytes(dumps((folder, code_of_files(uses), bytes(dumps(job)))))


def train_packed(packed: bytes) -> list[RunResult]:
    """Train a job that another process of this project packed; see `train_job`.

    Raises
    ------
    UserError
        The code that the job uses is not what it was when the study was planned.
    """
    folder, code, pickled = pickle.loads(packed)  # made by the process that started this one
    os.chdir(folder)
    use(list(code), code=code)  # before the job is unpickled: its classes may stand in these files
    job: Job = pickle.loads(pickled)
    planned = job.arm.facts.get("uses", {})
    if any(planned.get(name) != said for name, said in own_code([job.program, job.config], list(code)).items()):
        raise UserError(
            f"the code that {job.arm.label} uses changed while the study was running; the same command runs what is "
            "missing with the code as it is now"
        )
    return train_job(job)


def _train_numbered(index: int, packed: bytes) -> tuple[int, list[RunResult]]:
    return index, train_packed(packed)
