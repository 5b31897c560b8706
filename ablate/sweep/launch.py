"""Where arms are trained: the launcher contract, in this process and in worker processes of this machine."""

from __future__ import annotations

import os
import pickle
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ablate.errors import Failure, UserError, must
from ablate.programs.uses import Code, code_of_files, own_code, use
from ablate.sweep.plan import Job
from ablate.train.arithmetic import arithmetic
from ablate.train.compiled.ready import NotCompiledError
from ablate.train.config import TrainConfig
from ablate.train.contained import contained
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult
from ablate.train.vouched import Fact

Trained = Iterator[tuple[Job, list[RunResult]]]


class Launcher(ABC):
    """Trains jobs, each on one thread, and gives them back as they are finished, in any order.

    It calls `train_job`, where whatever a Program raises becomes `crashed` results; nothing is written by it.

    Attributes
    ----------
    workers
        How many jobs it trains at a time.
    """

    workers: int

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


class Serial(Launcher):
    """Trains in this process, one job after the other, in their order."""

    workers = 1

    def train(self, jobs: Sequence[Job], *, uses: Sequence[str] = ()) -> Trained:
        """Yield every job with its results."""
        del uses
        for job in jobs:
            yield job, train_job(job.config, job.missing, job.arm.facts)


@dataclass
class Loky(Launcher):
    """Trains in worker processes (loky, through joblib); a core that is free takes the next job."""

    workers: int

    def prepare(self) -> Callable[[], None]:
        """Start the worker processes: they import for a second or two, while the store is opened, say."""

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
        from joblib.externals.loky.backend.reduction import dumps
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
            # One arm per dispatch and no look-ahead: arms are few and unequal, a core that is free takes the next.
            pool = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
            try:
                folder = os.getcwd()  # noqa: PTH109 - workers may be older than the current folder is current
                code = code_of_files(uses)
                tasks = (delayed(_train_numbered)(i, bytes(dumps(job)), folder, code) for i, job in enumerate(jobs))
                for index, results in pool(tasks):
                    yield jobs[index], results
            except TerminatedWorkerError:
                raise Failure(
                    "a training process was killed (most often: out of memory); finished runs are kept, the same "
                    "command goes on with what is missing; fewer processes (`--jobs 1`, `hydra.sweeper.n_jobs=1`) "
                    "need less memory"
                ) from None


def launcher_for(workers: int) -> Launcher:
    """Return what trains in so many processes: 1 is this one."""
    return Loky(workers) if workers > 1 else Serial()


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


def train_job(
    config: TrainConfig, seeds: Sequence[int], facts: Mapping[str, Any] = MappingProxyType({})
) -> list[RunResult]:
    """Train one arm in this process, BLAS held to one thread; a raised error becomes `crashed` results.

    This is the boundary at which anything a Program raises, `SystemExit` too, is recorded instead of ending the sweep;
    but for compiled code that cannot be made, which says nothing of the arm. `facts` are those it was planned by.
    Results say what computed them where the Program vouches that this process did.
    """
    from ablate.train.threads import one_thread

    started = time.perf_counter()
    try:
        with one_thread(), contained():
            results = config.program.planned(facts).run(config, seeds)
            if Fact.MACHINE not in config.program.vouches:
                return results
            made_by = arithmetic()
            return [replace(result, arithmetic=made_by) for result in results]
    except NotCompiledError:
        raise
    except Exception:  # noqa: BLE001
        seconds = (time.perf_counter() - started) / len(seeds)
        text = traceback.format_exc()
        return [RunResult(seed=seed, outcome=Outcome.CRASHED, seconds=seconds, error=text) for seed in seeds]


def _train_numbered(index: int, pickled: bytes, folder: str, code: Code) -> tuple[int, list[RunResult]]:
    """Train one job in a worker. It comes pickled: its classes may stand in files that have to be imported first."""
    os.chdir(folder)
    use(list(code), code=code)
    job: Job = pickle.loads(pickled)  # made by the process that started this one
    if own_code(job.config, list(code)) != job.arm.facts.get("uses", {}):
        raise UserError(
            f"the code that {job.arm.label} uses changed while the study was running; the same command runs what is "
            "missing with the code as it is now"
        )
    return index, train_job(job.config, job.missing, job.arm.facts)
