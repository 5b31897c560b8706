"""Worker processes of this machine, which end with the process that they work for, and whose loss costs no study."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ablate.programs.isolated import processes_ended
from ablate.programs.uses import code_of_files
from ablate.registry import register
from ablate.sweep.launch import Launcher, Serial, Trained, pack, train_apart, train_packed
from ablate.sweep.plan import Job
from ablate.train.program import RunResult

PAUSE = 1.0  # seconds between two looks at the parent

_watching: set[int] = set()  # the processes, this one or one that it was forked from, in which a thread looks


@register("launcher", "loky")
@dataclass(frozen=True)
class Loky(Launcher):
    """Trains in worker processes (loky, through joblib); a core that is free takes the next job.

    One job at a time needs no process of its own: it is trained in this one. Where a process is lost (too little
    memory, a fault in compiled code), the arms that were being trained are trained again, each in a process beside
    this one; what ends that one as well is `crashed`, and the others go on. Workers end with this process.
    """

    by_seed: ClassVar[bool] = True

    def prepare(self) -> Callable[[], None]:
        """Start the worker processes: they import for a second or two, while the store is opened, say."""
        if self.workers == 1:
            return super().prepare()

        def start() -> None:
            from joblib import Parallel, delayed, parallel_config

            _start_tracker()
            with (
                contextlib.suppress(_lost()),  # killed while it got ready: training starts others
                parallel_config(backend="loky", n_jobs=self.workers, inner_max_num_threads=1),
            ):
                Parallel()(delayed(_ready)(os.getpid()) for _ in range(self.workers))

        thread = threading.Thread(target=start, daemon=True)
        thread.start()
        return thread.join

    def release(self) -> None:
        """End the worker processes, and the threads of this one that serve them: what is left may fork (a report)."""
        if self.workers > 1:
            from joblib.externals.loky import get_reusable_executor

            get_reusable_executor(reuse=True).shutdown(wait=True)

    def train(self, jobs: Sequence[Job], *, uses: Sequence[str] = ()) -> Trained:
        """Yield every job with its results, as they come in."""
        if min(self.workers, len(jobs)) <= 1:
            yield from Serial().train(jobs, uses=uses)
            return
        code, left = code_of_files(uses), dict(enumerate(jobs))
        with processes_ended():
            while left:
                given: list[int] = []
                try:
                    for index, results in self._pooled(left, uses, given):
                        yield left.pop(index), results
                except _lost():
                    # Whichever of those that were being trained ended its process: each is trained in one of its own.
                    for job in [left.pop(index) for index in given if index in left]:
                        yield job, train_apart(job, code)

    def _pooled(
        self, left: Mapping[int, Job], uses: Sequence[str], given: list[int]
    ) -> Iterator[tuple[int, list[RunResult]]]:
        """Yield what worker processes give back of jobs; `given` are those that they were given."""
        from joblib import Parallel, delayed, parallel_config

        def tasks() -> Iterator[Any]:
            for index, job in list(left.items()):
                given.append(index)
                yield delayed(_train_numbered)(os.getpid(), index, pack(job, uses))

        _start_tracker()
        with parallel_config(backend="loky", n_jobs=self.workers, inner_max_num_threads=1):
            # One arm per dispatch and no look-ahead: arms are few and unequal, a core that is free takes the next.
            pool = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
            yield from pool(tasks())


def _train_numbered(parent: int, index: int, packed: bytes) -> tuple[int, list[RunResult]]:
    end_with(parent)
    return index, train_packed(packed)


def _ready(parent: int) -> None:
    import ablate.programs
    import ablate.train.numpy_program  # noqa: F401

    end_with(parent)


def _start_tracker() -> None:
    """Start the process that tidies up after workers, where none runs: out of reach of a terminal that closes.

    It ignores SIGINT and SIGTERM, which go to a whole group, but not SIGHUP: a driver that ends as after Ctrl-C would
    start it anew, and that one complains of all that the other one knew. A blocked signal is inherited.
    """
    from joblib.externals.loky.backend.resource_tracker import ensure_running

    if not hasattr(signal, "pthread_sigmask"):
        ensure_running()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _lost() -> type[Exception]:
    """Return what joblib raises where a worker process is gone; imported only where there are some."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    return TerminatedWorkerError  # type: ignore[no-any-return]


def remove_left(killed: Sequence[int], folders: Sequence[Path] | None = None) -> None:
    """Remove the semaphores and folders of worker pools whose driver was killed, with the process that would do it.

    Parameters
    ----------
    killed
        The drivers. Of one whose number another process has by now nothing is removed.
    folders
        Where they lie; by default in shared memory, and where temporary files do.
    """
    for pid in killed:
        if _alive(pid):
            continue
        for folder in (Path("/dev/shm"), Path(tempfile.gettempdir())) if folders is None else folders:
            for path in folder.glob(f"sem.loky-{pid}-*"):
                with contextlib.suppress(OSError):
                    path.unlink()
            for path in folder.glob(f"joblib_memmapping_folder_{pid}_*"):
                if not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def end_with(parent: int) -> None:
    """Let this process end within seconds of its parent, however that ends; asked again it does nothing.

    A thread looks whose child this process is. `PR_SET_PDEATHSIG` would be the system's own way, but it goes by the
    thread that started a worker, and that one may end long before its process. Ctrl-C, which a terminal sends to all
    processes, is left to the parent: it ends the workers, and closes what they were training for.
    """
    if os.getpid() in (parent, *_watching):
        return
    _watching.add(os.getpid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PAUSE)
    os._exit(1)  # nobody takes what it would give back; what runs beside it ends with it
