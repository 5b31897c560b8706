"""Tuning before judging: running the trials that are missing, and choosing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Plan
from ablate.sweep.tune import Choice
from ablate.sweep.tuning_plan import TuningPlan
from ablate.track.record import ArmRecord, SeedRecord
from ablate.track.store import StudySession
from ablate.work.advice import unread_lines
from ablate.work.bench import Bench
from ablate.work.choosing import choices, finished_trials, tuning_runs
from ablate.work.events import Tuned, TuningRan
from ablate.work.training import train_missing


class BlindSession(StudySession):
    """Writes tuning runs without anything that was measured on the test part: it is not there to be looked at."""

    def __init__(self, session: StudySession) -> None:
        self._session = session

    def finished(self) -> frozenset[str]:
        """Return the identities of the seed runs that are finished."""
        return self._session.finished()

    def log_arm(
        self, arm: ArmRecord, runs: Sequence[SeedRecord], *, files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Write seed runs of one trial."""
        self._session.log_arm(arm, [dataclasses.replace(run, result=_blind(run)) for run in runs], files=files)

    def set_aside(self) -> int:
        """Let none of the finished seed runs count any more."""
        return self._session.set_aside()

    def register(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what was fixed before the runs."""
        return self._session.register(document)

    def note(self, event: Mapping[str, Any]) -> None:
        """Add an event to the history."""
        self._session.note(event)

    def history(self) -> list[dict[str, Any]]:
        """Return the events, the earliest first."""
        return self._session.history()

    def close(self, status: str) -> None:
        """End the session."""
        self._session.close(status)


def _blind(run: SeedRecord) -> Any:
    def seen(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if "test" not in name}

    result = run.result
    return dataclasses.replace(
        result, metrics=seen(result.metrics), curves=seen(result.curves), arrays=seen(result.arrays), test_correct=None
    )


def run_tuning(tuning: TuningPlan, plan: Plan, bench: Bench, *, launcher: Launcher) -> dict[str, Choice]:
    """Run the trials that are missing, and return what is chosen for each cell.

    Raises
    ------
    Failure
        In some cell every run crashed: there is nothing to choose from.
    """
    store = bench.store
    todo = tuning.after(finished_trials(tuning, store)).plan
    if todo.missing:
        launcher = launcher.up_to(launcher.most(todo.jobs))
        prepared = launcher.prepare()
        session = BlindSession(bench.store.open(todo.record))
        status = "KILLED"
        try:
            todo = todo.after(session.finished())
            prepared()
            summary = train_missing(todo, session, bench, launcher=launcher)
            status = "FAILED" if summary.crashes else "FINISHED"
        finally:
            session.close(status)
        bench.tell(TuningRan(tuning, summary))
        bench.warn(*summary.notes, *unread_lines(todo, store))
    runs = tuning_runs(tuning, plan, store)
    chosen = choices(tuning, runs, plan)
    bench.tell(Tuned(tuning, runs))
    return chosen
