"""Running a plan: arms go to worker processes, finished runs come back to the one writer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ablate.interrupts import stop_if_asked
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Job, Plan
from ablate.sweep.schedule import ArmParts, scheduled, seed_by_seed
from ablate.track.record import SeedRecord
from ablate.track.store import StudySession
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult

Done = Callable[[Job, RunResult], None]  # called with every run that is tracked
Check = Callable[[Job, list[RunResult]], None]  # called with runs as they come back; raises what ends the sweep
ArmFiles = Callable[[Job], Mapping[str, str]]  # makes the texts that lie beside an arm's run, name -> text

_KEEP_SECONDS = 5.0
"""After so long, runs of arms that are not whole are written as well."""


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
    errors: dict[str, int] = field(default_factory=dict)  # last line of a traceback -> how many runs ended with it
    notes: dict[str, int] = field(default_factory=dict)  # what runs had to say -> how many said it

    def add(self, later: RunSummary) -> None:
        """Count in what a later part of the same plan did."""
        self.ran += later.ran
        self.seconds += later.seconds
        self.training_seconds += later.training_seconds
        for outcome, count in later.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        self.crashes += later.crashes
        for error, count in later.errors.items():
            self.errors[error] = self.errors.get(error, 0) + count
        for note, count in later.notes.items():
            self.notes[note] = self.notes.get(note, 0) + count


def run_plan(
    plan: Plan,
    session: StudySession,
    *,
    launcher: Launcher,
    files: ArmFiles | None = None,
    done: Done | None = None,
    check: Check | None = None,
) -> RunSummary:
    """Run what is missing of a plan and write every finished arm to the session as it comes in.

    Parameters
    ----------
    session
        The open study; this process is its only writer, workers return plain arrays.
    launcher
        Trains the arms: in this process, or in others.
    files
        Asked for the files of each arm once it was trained.
    done
        Told of every run once it is in the session.
    check
        Told of the runs of a part of an arm as they come back. What it raises ends the sweep; they are kept.

    Raises
    ------
    KeyboardInterrupt
        A signal has asked to stop, also where the interrupt itself was lost (`ablate.interrupts`).
    Failure
        A worker process died (out of memory, killed), or what has to be ready before training cannot be made
        (`Program.ready`), or the launcher gave back other runs than it was given. What was finished before is kept,
        also of an arm that was trained in parts.
    """
    todo = [job for job in plan.trained if job.missing]
    summary = RunSummary(skipped=plan.runs - plan.missing, workers=launcher.workers)
    started = time.perf_counter()
    for job in todo:  # here, once: the processes find what is compiled
        job.program.ready(job.config)

    def keep(job: Job, results: list[RunResult]) -> None:
        # What cannot be trained can most likely not be described either.
        texts = dict(files(job)) if files is not None and results[0].error is None else {}
        for result in results:
            texts.update(result.texts)
        session.log_arm(job.arm, [SeedRecord(job.identities[r.seed], r) for r in results], files=texts)
        for result in results:
            summary.ran += 1
            summary.training_seconds += result.took
            summary.outcomes[result.outcome] = summary.outcomes.get(result.outcome, 0) + 1
            if result.error is not None:
                line = last_line(result.error)
                summary.errors[line] = summary.errors.get(line, 0) + 1
            for note in dict.fromkeys(result.notes):
                summary.notes[note] = summary.notes.get(note, 0) + 1
            if done is not None:
                done(job, result)
        error = next((result.error for result in results if result.error is not None), None)
        if error is not None and job.arm.label not in dict(summary.crashes):
            summary.crashes.append((job.arm.label, last_line(error)))

    arms, kept = ArmParts(todo), time.monotonic()
    parts = scheduled(todo, launcher.slots())
    if launcher.by_seed:
        parts = seed_by_seed(parts)
    try:
        for part, results in launcher.train(parts, uses=plan.study.uses) if todo else ():
            if any(result.outcome is Outcome.CRASHED for result in results):
                stop_if_asked()  # what ended the run may be the signal that its whole group got
            arm = arms.add(part, results)
            stop_if_asked()
            if arm is not None:
                keep(*arm)
            if check is not None:
                check(part, results)
            if arm is None and time.monotonic() - kept > _KEEP_SECONDS:  # a driver that is killed can keep nothing more
                for unfinished in arms.unfinished():
                    keep(*unfinished)
                kept = time.monotonic()
        arms.check_whole()
    except BaseException:  # a worker that was lost, Ctrl-C: parts of arms that came back are finished runs
        for unfinished in arms.unfinished():
            keep(*unfinished)
        raise
    planned = {job.arm.label: place for place, job in enumerate(todo)}
    summary.crashes.sort(key=lambda crash: planned[crash[0]])  # whichever worker was first
    summary.seconds = time.perf_counter() - started
    return summary


def last_line(error: str) -> str:
    """Return the last line of a traceback; of an error of our own its sentence."""
    return re.sub(r"^ablate\.[\w.]+: ", "", error.strip().splitlines()[-1])
