"""How studies stand: who runs them now, what failed and why, what is left of their plans."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ablate.errors import Failure
from ablate.sweep.job_states import JobState, job_states
from ablate.track.record import StudyRecord
from ablate.track.store import Store, StudyLine
from ablate.track.stored_run import StoredRun
from ablate.train.outcome import FAILED, Outcome
from ablate.work.judging import stop_of

_RAISED = re.compile(r"^ablate\.errors\.\w+: ", re.MULTILINE)
_TAIL = 6  # lines of a traceback
_ENDED = {"FINISHED": "finished", "FAILED": "ended with crashes", "KILLED": "interrupted", "RUNNING": "interrupted"}


@dataclass(frozen=True)
class ArmState:
    """How far one arm is: seed runs that ended, that crashed, and that its plan still lacks (crashed ones too)."""

    arm: str
    done: int
    crashed: int
    left: int


@dataclass(frozen=True)
class Crash:
    """Runs that crashed with one error: what it says, the last lines of the first traceback, and which they are."""

    error: str
    tail: str
    runs: tuple[StoredRun, ...]


@dataclass(frozen=True)
class StudyStatus:
    """How one study stands.

    Attributes
    ----------
    state
        `running`, `submitted`, `finished`, `ended with crashes`, `interrupted`, or why nobody can tell.
    driver
        Who runs it now, in words; empty where nobody does.
    command
        The line that goes on with it.
    stopped
        Why it needs no more runs, though its plan has some: it stopped at a look. Else empty.
    jobs
        The jobs that were submitted for it and whose results were not all taken in.
    """

    line: StudyLine
    state: str
    driver: str
    command: str
    arms: tuple[ArmState, ...]
    crashes: tuple[Crash, ...]
    failed: dict[str, int]
    stopped: str
    jobs: tuple[JobState, ...] = ()

    @property
    def left(self) -> int:
        """Planned seed runs that are not finished."""
        return 0 if self.stopped else sum(arm.left for arm in self.arms)


def state_of(line: StudyLine, store: Store) -> tuple[str, str]:
    """Return the state of a study run, and who runs it now."""
    if line.status != "RUNNING":
        return _ENDED.get(line.status, line.status.lower()), ""
    try:
        driver = store.driver(line.name, line.key)
    except Failure as error:
        return str(error), ""
    return ("running" if driver else "interrupted"), driver


def study_status(name: str, store: Store) -> StudyStatus:
    """Return how the study run of a name that was opened last stands.

    Raises
    ------
    UserError
        No study of that name was run; the nearest is named.
    """
    record = store.plan(name)
    line = next(line for line in store.studies() if (line.name, line.key) == (record.name, record.key))
    runs = store.seed_runs(name, key=record.key)
    state, driver = state_of(line, store)
    jobs = tuple(job_states(arm.id for arm in record.run_arms))
    if state == "interrupted" and any(job.live for job in jobs):
        state = "submitted"
    return StudyStatus(
        line=line,
        state=state,
        driver=driver,
        command=record.command,
        arms=tuple(_arms(record, runs)),
        crashes=tuple(_crashes(record, runs, store)),
        failed={outcome: count for outcome, count in line.outcomes.items() if outcome in FAILED},
        stopped=_stopped(record, store),
        jobs=jobs,
    )


def _arms(record: StudyRecord, runs: Sequence[StoredRun]) -> list[ArmState]:
    outcomes: dict[str, dict[int, str]] = {}
    for run in runs:
        outcomes.setdefault(run.arm_id, {})[run.seed] = run.outcome
    copied = _copy_seeds(record)
    states = []
    for arm in record.run_arms:
        if arm.facts.get("same_as"):
            continue  # its runs are another arm's
        by_seed, planned = outcomes.get(arm.id, {}), copied.get(arm.id, set(record.seeds))
        crashed = sum(outcome == Outcome.CRASHED for outcome in by_seed.values())
        finished = {seed for seed, outcome in by_seed.items() if outcome != Outcome.CRASHED}
        states.append(ArmState(arm.label, len(finished), crashed, len(planned - finished)))
    return states


def _copy_seeds(record: StudyRecord) -> dict[str, set[int]]:
    """Return the seeds of the trials of the baseline's copy, by arm id: it may have seeds of its own."""
    trials = record.trials
    if trials is None or trials.copy is None:
        return {}
    copies = {trials.copy_seed(seed) for seed in record.seeds}
    others = {trial for arm, ids in trials.of.items() if arm != trials.copy.id for trial in ids}
    others |= {arm.id for arm in record.arms}
    return {
        trial: copies | (set(record.seeds) if trial in others else set()) for trial in trials.of.get(trials.copy.id, ())
    }


def _crashes(record: StudyRecord, runs: Sequence[StoredRun], store: Store) -> list[Crash]:
    grouped: dict[str, list[StoredRun]] = {}
    for run in runs:
        if run.outcome == Outcome.CRASHED:
            grouped.setdefault(run.error, []).append(run)
    if not grouped:
        return []
    first = [group[0].run_id for group in grouped.values()]
    told = {one.run.run_id: one.record.result.error for one in store.logged(record.name, key=record.key, only=first)}
    return [Crash(error, tail(told.get(group[0].run_id) or ""), tuple(group)) for error, group in grouped.items()]


def tail(error: str) -> str:
    r"""Return the last lines of a traceback; of an error that ablate raises its text, whose frames tell a user nothing.

    >>> tail('Traceback (most recent call last):\n  File "a.py", line 9, in b\nablate.errors.Failure: exit code 3')
    'exit code 3'
    """
    said = [match.end() for match in _RAISED.finditer(error)]
    if said and "\nTraceback (most recent call last)" not in error[said[-1] :]:
        error = error[said[-1] :]
    return "\n".join(error.strip().splitlines()[-_TAIL:])


def _stopped(record: StudyRecord, store: Store) -> str:
    if not record.definition.get("looks"):
        return ""
    stop = stop_of(store.read(record.name, key=record.key).study["history"])
    return "" if stop is None else str(stop["reason"])


def outcome_counts(line: StudyLine) -> str:
    """Return how many runs ended how, the most frequent first: `12 reached, 1 crashed`."""
    return ", ".join(f"{count} {outcome}" for outcome, count in Counter(line.outcomes).most_common())
