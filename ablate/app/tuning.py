"""Tuning before judging: running the trials that are missing, choosing, and saying what was chosen."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ablate.app.advice import advise, unread_lines
from ablate.app.choosing import choices, choices_so_far, finished_trials, trial_scores, tuning_runs
from ablate.app.console import duration, root_folder, say
from ablate.app.estimating import estimate
from ablate.levels import level_name
from ablate.sweep.plan import Plan
from ablate.sweep.runner import RunSummary, run_plan, start_workers, worker_count
from ablate.sweep.tune import Choice
from ablate.sweep.tuning_plan import TunedCell, TuningPlan
from ablate.track.record import ArmRecord, SeedRecord
from ablate.track.tracker import StudySession

if TYPE_CHECKING:
    import pandas as pd


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


def run_tuning(tuning: TuningPlan, plan: Plan, *, n_jobs: int | None, progress: bool) -> dict[str, Choice]:
    """Run the trials that are missing, and return what is chosen for each cell.

    Raises
    ------
    Failure
        In some cell every run crashed: there is nothing to choose from.
    """
    from ablate.track.mlflow_tracker import MlflowTracker

    root = root_folder()
    todo = tuning.after(finished_trials(tuning, root)).plan
    if todo.missing:
        workers = min(worker_count(n_jobs), len(todo.jobs))
        starting = start_workers(workers)
        session = BlindSession(MlflowTracker(root).open(todo.record))
        status = "KILLED"
        try:
            todo = todo.after(session.finished())
            if starting is not None:
                starting.join()
            summary = run_plan(todo, session, workers=workers, progress=progress)
            status = "FAILED" if summary.crashes else "FINISHED"
        finally:
            session.close(status)
        _say_summary(tuning, summary)
        advise([*summary.notes, *unread_lines(todo, root)])
    runs = tuning_runs(tuning, plan, root)
    chosen = choices(tuning, runs)
    for line in choice_lines(tuning, runs):
        say(line)
    say()
    return chosen


def show_tuning(tuning: TuningPlan, plan: Plan, *, n_jobs: int | None) -> dict[str, Choice] | None:
    """Print the trials, what is done and missing, an estimate, and what is chosen where every trial is done."""
    root = root_folder()
    todo = tuning.after(finished_trials(tuning, root))
    record = tuning.plan.record
    say(f"{record.name}: {tuning.size()}, seeds {_span(record.seeds)} that judge nothing")
    for key, space in tuning.spaces().items():
        say(f"  {key}: {space}")
    chosen = choices_so_far(tuning, plan)
    runs = tuning_runs(tuning, plan, root) if chosen is not None else None
    missing = {job.arm.id: len(job.missing) for job in todo.plan.jobs}
    width = max(len(cell.label) for cell in tuning.cells)
    say(f"{'arm':<{width}}  {'done':>5}  {'missing':>7}  chosen by {tuning.tune.metric}")
    for cell in tuning.cells:
        left = sum(missing[job.arm.id] for job in cell.jobs)
        total = sum(len(job.identities) for job in cell.jobs)
        told = "known when its trials are done" if runs is None else _chosen_text(runs, cell)
        say(f"{cell.label:<{width}}  {total - left:>5}  {left:>7}  {told}")
    if todo.plan.missing:
        _say_estimate(todo.plan, root, tuning, n_jobs)
    say()
    return chosen


def _say_estimate(plan: Plan, root: Path, tuning: TuningPlan, n_jobs: int | None) -> None:
    scores = trial_scores(tuning, root)
    known = {i: s for i, (outcome, _, s) in scores.items() if outcome != "diverged" and math.isfinite(s)}
    found = estimate(plan, known, n_jobs=n_jobs)
    if found is not None:
        say(f"estimate: {duration(found.seconds)} of tuning on {found.workers} processes, judging comes after")


def choice_lines(tuning: TuningPlan, runs: pd.DataFrame) -> list[str]:
    """Return one line per cell: what was chosen, and a warning where it lies on the edge of what was tried."""
    metric, n = tuning.tune.metric, len(tuning.trials)
    head = f"tuned by the best mean {metric} of {n} trials x {len(tuning.plan.record.seeds)} seeds:"
    return [head, *(f"  {cell.label}: {_chosen_text(runs, cell)}" for cell in tuning.cells)]


def _chosen_text(runs: pd.DataFrame, cell: TunedCell) -> str:
    from ablate.judge.tuned import tuned_facts

    found = tuned_facts(runs[runs["arm_id"] == cell.id])
    text = ", ".join(f"{key}={level_name(held['chosen'])}" for key, held in found.items())
    edges = [key for key, held in found.items() if held["edge"]]
    return f"{text}  (on the edge of what was tried: {', '.join(edges)})" if edges else text


def _say_summary(tuning: TuningPlan, summary: RunSummary) -> None:
    ended = ", ".join(f"{n} {outcome}" for outcome, n in sorted(summary.outcomes.items()))
    already = f", {summary.skipped} finished before" if summary.skipped else ""
    name = tuning.plan.record.name
    say(f"{name}: {summary.ran} runs in {summary.seconds:.1f} s on {summary.workers} processes{already}: {ended}")
    if summary.crashes:
        label, last = summary.crashes[0]
        sys.stderr.write(
            f"ablate: {len(summary.crashes)} of {len(tuning.plan.jobs)} tuning trials crashed, {label} first ({last}); "
            "they count as the worst, and the same command tries them again\n"
        )


def _span(seeds: Sequence[int]) -> str:
    consecutive = list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))) and len(seeds) > 1
    return f"{seeds[0]} to {seeds[-1]}" if consecutive else ", ".join(map(str, seeds))
