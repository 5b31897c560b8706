"""Training in worker processes of this machine, whose loss costs no study."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from ablate.interrupts import asked_to_stop
from ablate.programs.isolated import processes_ended
from ablate.programs.uses import code_of_files
from ablate.registry import register
from ablate.sweep.launch import Launcher, Serial, Trained, pack, train_apart, train_packed
from ablate.sweep.plan import Job
from ablate.sweep.pool import in_pool, lost, pool, release, starting, submitted
from ablate.train.program import RunResult


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

        failed: list[Exception] = []

        def start() -> None:
            try:
                executor, begun = pool(self.workers), []
                for _ in range(self.workers):
                    with starting:
                        if _ending():
                            return
                        begun.append(submitted(executor, _ready))
                for one in begun:
                    one.result()
            except Exception as error:  # noqa: BLE001 - told to who waits for it; where this process ends, to nobody
                failed.append(error)

        def ready() -> None:
            thread.join()
            if failed and not isinstance(failed[0], lost()):  # killed while it got ready: training starts others
                raise failed[0]

        thread = threading.Thread(target=start, daemon=True)
        thread.start()
        return ready

    def release(self) -> None:
        """See `pool.release`."""
        if self.workers > 1:
            release()

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
                except lost():
                    # Whichever of those that were being trained ended its process: each is trained in one of its own.
                    for job in [left.pop(index) for index in given if index in left]:
                        yield job, train_apart(job, code)

    def _pooled(
        self, left: Mapping[int, Job], uses: Sequence[str], given: list[int]
    ) -> Iterator[tuple[int, list[RunResult]]]:
        """Yield what worker processes give back of jobs; `given` are those that they were given."""

        def tasks() -> Iterator[Callable[[], tuple[int, list[RunResult]]]]:
            for index, job in list(left.items()):
                given.append(index)
                yield partial(_train_numbered, index, pack(job, uses))

        # One arm per task and no look-ahead: arms are few and unequal, a core that is free takes the next.
        return in_pool(self.workers, tasks())


def _train_numbered(index: int, packed: bytes) -> tuple[int, list[RunResult]]:
    return index, train_packed(packed)


def _ending() -> bool:
    """Tell whether this process is about to end: what workers need is gone before they have imported anything."""
    return asked_to_stop() or not threading.main_thread().is_alive()


def _ready() -> None:
    import ablate.programs
    import ablate.train.numpy_program  # noqa: F401
