"""Running a plan: arms go to worker processes, finished runs come back to the one writer."""

from __future__ import annotations

import os
import pickle
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ablate.errors import Failure, UserError, must
from ablate.programs.uses import Code, code_of_files, own_code, use
from ablate.sweep.plan import Job, Plan
from ablate.track.record import SeedRecord
from ablate.track.store import StudySession
from ablate.train.arithmetic import arithmetic
from ablate.train.compiled.ready import NotCompiledError
from ablate.train.config import TrainConfig
from ablate.train.contained import contained
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult
from ablate.train.vouched import Fact

Done = Callable[[Job, RunResult], None]  # called with every run that is tracked
ArmFiles = Callable[[Job], Mapping[str, str]]  # makes the texts that lie beside an arm's run, name -> text


@dataclass
class RunSummary:
    """What a run of a plan did."""

    ran: int = 0
    skipped: int = 0
    seconds: float = 0.0
    training_seconds: float = 0.0  # summed over workers
    workers: int = 1
    outcomes: dict[str, int] = field(default_factory=dict)
    crashes: list[tuple[str, str]] = field(default_factory=list)  # (arm label, last line of the traceback)
    notes: dict[str, int] = field(default_factory=dict)  # what runs had to say -> how many said it

    def add(self, later: RunSummary) -> None:
        """Count in what a later part of the same plan did."""
        self.ran += later.ran
        self.seconds += later.seconds
        self.training_seconds += later.training_seconds
        for outcome, count in later.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        self.crashes += later.crashes
        for note, count in later.notes.items():
            self.notes[note] = self.notes.get(note, 0) + count


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


def start_workers(workers: int) -> threading.Thread | None:
    """Start the worker processes in the background: they import for a second or two while the store is opened."""
    if workers <= 1:
        return None

    def start() -> None:
        from joblib import Parallel, delayed, parallel_config

        with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
            Parallel()(delayed(_ready)() for _ in range(workers))

    thread = threading.Thread(target=start, daemon=True)
    thread.start()
    return thread


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


def run_plan(
    plan: Plan,
    session: StudySession,
    *,
    workers: int,
    files: ArmFiles | None = None,
    done: Done | None = None,
) -> RunSummary:
    """Run what is missing of a plan and write every finished arm to the session as it comes in.

    Parameters
    ----------
    session
        The open study; this process is its only writer, workers return plain arrays.
    workers
        Processes to train in, each with BLAS on one thread; 1 trains in this process.
    files
        Asked for the files of each arm once it was trained.
    done
        Told of every run once it is in the session.

    Raises
    ------
    Failure
        A worker process died (out of memory, killed), or what has to be ready before training cannot be made
        (`Program.ready`). What was finished before is kept.
    """
    todo = [job for job in plan.jobs if job.missing]
    summary = RunSummary(skipped=plan.runs - plan.missing, workers=workers)
    started = time.perf_counter()
    for job in todo:  # here, once: the processes find what is compiled
        job.config.program.ready(job.config)
    for job, results in _trained(todo, workers, plan.study.uses):
        # What cannot be trained can most likely not be described either.
        texts = files(job) if files is not None and results[0].error is None else {}
        session.log_arm(job.arm, [SeedRecord(job.identities[r.seed], r) for r in results], files=texts)
        for result in results:
            summary.ran += 1
            summary.training_seconds += result.took
            summary.outcomes[result.outcome] = summary.outcomes.get(result.outcome, 0) + 1
            for note in dict.fromkeys(result.notes):
                summary.notes[note] = summary.notes.get(note, 0) + 1
            if done is not None:
                done(job, result)
        error = next((result.error for result in results if result.error is not None), None)
        if error is not None:
            summary.crashes.append((job.arm.label, _last_line(error)))
    summary.seconds = time.perf_counter() - started
    return summary


def _last_line(error: str) -> str:
    """Return the last line of a traceback; of an error of our own its sentence."""
    return re.sub(r"^ablate\.[\w.]+: ", "", error.strip().splitlines()[-1])


def _trained(jobs: list[Job], workers: int, uses: Sequence[str]) -> Iterator[tuple[Job, list[RunResult]]]:
    workers = min(workers, len(jobs))
    if workers <= 1:
        for job in jobs:
            yield job, train_job(job.config, job.missing, job.arm.facts)
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
                "a training process was killed (most often: out of memory); finished runs are kept, the same command "
                "goes on with what is missing; fewer processes (`--jobs 1`, `hydra.sweeper.n_jobs=1`) need less memory"
            ) from None


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
