"""Running what is missing of a plan."""

from __future__ import annotations

from collections.abc import Callable

from ablate.errors import Failure
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Compose, Plan
from ablate.sweep.runner import RunSummary
from ablate.sweep.tuning_plan import plan_tuning
from ablate.work.advice import before as advice_before
from ablate.work.advice import changed_code, unread_lines
from ablate.work.again import start_over
from ablate.work.choosing import with_tuning
from ablate.work.events import Bench, Planned, StudyRan
from ablate.work.graphs import ArmGraphs
from ablate.work.judging import stop_of
from ablate.work.looking import run_looks
from ablate.work.places import check_place
from ablate.work.planning import data_notes, plan_study, stored_under
from ablate.work.registering import keep_change, keep_registration
from ablate.work.reporting import judge_and_report
from ablate.work.request import Request
from ablate.work.tuning import run_tuning


def look_over(request: Request, compose: Compose, bench: Bench, *, planned: int | None = None) -> Plan:
    """Plan a request (see `plan_study`), and warn of what the user should know before anything runs."""
    plan = plan_study(request, compose, bench.store, planned=planned)
    bench.warn(*data_notes(plan))
    bench.warn(*advice_before(plan, bench.store, typed=request.typed))
    bench.tell(Planned(plan))
    return plan


def run_request(
    request: Request,
    compose: Compose,
    bench: Bench,
    *,
    launcher: Launcher,
    report: bool,
    planned: int | None = None,
    fresh: bool = False,
    before: Callable[[Plan], None] | None = None,
) -> tuple[Plan, RunSummary]:
    """Plan a request, tune what is to be tuned, run what is missing, judge and report; returns the plan that was run.

    Parameters
    ----------
    planned
        See `plan_study`.
    fresh
        Put everything aside that was run before.
    launcher, report, before
        See `run_study`.

    Raises
    ------
    UserError
        See `plan_study` and `run_study`.
    Failure
        See `run_study` and `run_tuning`.
    """
    plan = look_over(request, compose, bench, planned=planned)
    tuning = plan_tuning(plan, compose, stored_under(f"{plan.record.name}-tuning", bench.store))
    if fresh:
        start_over(bench, plan, *([tuning.plan] if tuning is not None else []))
    if tuning is not None:
        chosen = run_tuning(tuning, plan, bench, launcher=launcher)
        plan = plan_study(request, compose, bench.store, planned=planned, tuned=chosen)
        plan = with_tuning(plan, tuning, bench.store)
    return plan, run_study(plan, bench, launcher=launcher, report=report, before=before)


def run_study(
    plan: Plan, bench: Bench, *, launcher: Launcher, report: bool, before: Callable[[Plan], None] | None = None
) -> RunSummary:
    """Run what is missing, then judge and report; returns what was run.

    Parameters
    ----------
    launcher
        What trains the arms, as many at a time as it says, or as there are.
    report
        Judge and write the report when everything has run.
    before
        Called with what is missing, once the study is registered and before anything is trained.

    Raises
    ------
    UserError
        The report would replace files that ablate did not write; nothing is run then.
    Failure
        An arm crashed. Everything else was run, tracked and reported before this is raised.
    """
    store = bench.store
    check_place(plan.record.name, None, report=report)
    changed = changed_code(plan, store)
    launcher = launcher.up_to(len(plan.trained))
    prepared = launcher.prepare()
    session = store.open(plan.record)
    bench.warn(*store.warnings)
    status = "KILLED"
    try:
        plan = plan.after(session.finished())
        keep_registration(plan, session, bench)
        keep_change(plan, session, changed)
        if before is not None:
            before(plan)
        prepared()
        files = ArmGraphs(plan.record.name)
        summary = run_looks(plan, session, bench, launcher=launcher, files=files)
        status = "FAILED" if summary.crashes else "FINISHED"
        bench.tell(StudyRan(plan, summary, stop_of(session.history())))
    finally:
        session.close(status)
    bench.warn(*summary.notes, *unread_lines(plan, store))
    if report:
        judge_and_report(plan.record.name, plan.record.key, bench)
    bench.tell_ready()
    if summary.crashes:
        listed = "; ".join(f"{label} ({last_line})" for label, last_line in summary.crashes)
        raise Failure(
            f"{len(summary.crashes)} of {len(plan.trained)} arms crashed: {listed}; the tracebacks are in MLflow, "
            "the same command tries these arms again"
        )
    return summary
