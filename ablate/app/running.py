"""Running what is missing of a plan."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from ablate.app.advice import advise, changed_code, unread_lines
from ablate.app.console import root_folder, say, ui_line
from ablate.app.graphs import ArmGraphs
from ablate.app.judging import stop_of
from ablate.app.looking import run_looks
from ablate.app.places import check_place
from ablate.app.registering import keep_change, keep_registration
from ablate.app.reporting import judge_and_report
from ablate.errors import Failure
from ablate.sweep.plan import Plan
from ablate.sweep.runner import RunSummary, start_workers, worker_count


def run_study(
    plan: Plan,
    *,
    n_jobs: int | None,
    report: bool,
    progress: bool,
    before: Callable[[Plan], None] | None = None,
) -> None:
    """Run what is missing, then judge and report.

    Raises
    ------
    UserError
        The report would replace files that ablate did not write; nothing is run then.
    Failure
        An arm crashed. Everything else was run, tracked and reported before this is raised.
    """
    from ablate.track.mlflow_tracker import MlflowTracker

    root = root_folder()
    check_place(plan.record.name, None, report=report)
    changed = changed_code(plan, root)
    tracker = MlflowTracker(root)
    workers = min(worker_count(n_jobs), len(plan.jobs))
    starting = start_workers(workers)
    session = tracker.open(plan.record)
    for warning in tracker.warnings:
        sys.stderr.write(f"ablate: {warning}\n")
    status = "KILLED"
    try:
        plan = plan.after(session.finished())
        keep_registration(plan, session)
        keep_change(plan, session, changed)
        if before is not None:
            before(plan)
        if starting is not None:
            starting.join()
        files = ArmGraphs(plan.record.name)
        summary = run_looks(plan, session, root, workers=workers, progress=progress, files=files)
        status = "FAILED" if summary.crashes else "FINISHED"
        _say_summary(plan, summary, stop_of(session.history()))
    finally:
        session.close(status)
    advise([*summary.notes, *unread_lines(plan, root)])
    if report:
        judge_and_report(plan.record.name, plan.record.key, root)
    say(f"browse the runs:  {ui_line(root)}")
    if summary.crashes:
        listed = "; ".join(f"{label} ({last_line})" for label, last_line in summary.crashes)
        raise Failure(
            f"{len(summary.crashes)} of {len(plan.jobs)} arms crashed: {listed}; the tracebacks are in MLflow, "
            "the same command tries these arms again"
        )


def _say_summary(plan: Plan, summary: RunSummary, stopped: Mapping[str, Any] | None) -> None:
    if summary.ran == 0 and stopped is not None:
        say(f"{plan.record.name}: nothing to do: stopped {stopped['reason']}")
        return
    if summary.ran == 0:
        say(f"{plan.record.name}: nothing to do, all {plan.runs} runs are finished")
        return
    ended = ", ".join(f"{n} {outcome}" for outcome, n in sorted(summary.outcomes.items()))
    share = summary.training_seconds / (summary.seconds * summary.workers)
    already = f", {summary.skipped} finished before" if summary.skipped else ""
    say(
        f"{plan.record.name}: {summary.ran} runs in {summary.seconds:.1f} s on {summary.workers} processes "
        f"({share:.0%} of it training){already}: {ended}"
    )
