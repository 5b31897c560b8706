"""Running what is missing of a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ablate.errors import Failure, plural
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Compose, Plan
from ablate.sweep.runner import RunSummary
from ablate.sweep.tune import Choice, Tune
from ablate.work.advice import before as advice_before
from ablate.work.advice import unread_lines
from ablate.work.bench import Bench
from ablate.work.events import Planned, StudyRan
from ablate.work.judging import stop_of
from ablate.work.looking import run_looks
from ablate.work.opening import open_study_run
from ablate.work.places import check_place
from ablate.work.planning import data_notes, not_compared, plan_study
from ablate.work.reporting import judge_and_report
from ablate.work.request import Request
from ablate.work.training import ArmGraphs
from ablate.work.tuning_stage import tuned_plan

_MOST_NAMED = 3  # arms of one error; `ablate status` has them all


def look_over(request: Request, compose: Compose, bench: Bench, *, planned: int | None = None) -> Plan:
    """Plan a request (see `plan_study`), and warn of what the user should know before anything runs."""
    plan = plan_study(request, compose, bench.store, planned=planned)
    bench.warn(*data_notes(plan))
    bench.warn(*not_compared(request, plan))
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

    def again(*, tuned: Mapping[str, Choice] | None = None, tune: Tune | None = None) -> Plan:
        return plan_study(request, compose, bench.store, planned=planned, tuned=tuned, tune=tune)

    plan, earlier = tuned_plan(
        plan, again, compose, bench, launcher=launcher, before=before, planned=planned, fresh=fresh
    )
    return plan, run_study(plan, bench, launcher=launcher, report=report, before=before, earlier=earlier)


def run_study(
    plan: Plan,
    bench: Bench,
    *,
    launcher: Launcher,
    report: bool,
    before: Callable[[Plan], None] | None = None,
    earlier: RunSummary | None = None,
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
    earlier
        What this command has run of the plan already; where some of that crashed nothing more is run.

    Raises
    ------
    UserError
        The report would replace files that ablate did not write; nothing is run then.
    Failure
        An arm crashed. Everything else was run, tracked and reported before this is raised.
    """
    store = bench.store
    check_place(plan.record.name, None, report=report)
    with open_study_run(plan, bench, launcher=launcher, before=before) as one:
        if earlier is not None and earlier.crashes:
            summary = earlier
        else:
            files = ArmGraphs(plan.record.name, bench.warn)
            summary = run_looks(one.plan, one.session, bench, launcher=one.launcher, files=files)
            if earlier is not None:
                summary.add(earlier)
                summary.skipped -= earlier.ran
        one.ended(summary)
        bench.tell(StudyRan(one.plan, summary, stop_of(one.session.history())))
        if report and summary.ran:
            one.launcher.release()
    bench.warn(*summary.notes, *unread_lines(plan, store))
    if report:
        judge_and_report(plan.record.name, plan.record.key, bench)
    bench.tell_ready()
    if summary.crashes:
        raise Failure(
            f"{len(summary.crashes)} of {plural(len(plan.trained), 'arm')} crashed: {crashes_text(summary.crashes)}; "
            "the tracebacks are in MLflow, the same command tries these arms again"
        )
    return summary


def crashes_text(crashes: Sequence[tuple[str, str]]) -> str:
    """Return which arms crashed and with what, each error once however many arms it ended.

    >>> crashes_text([("lr=1", "ValueError: no"), ("lr=3", "ValueError: no"), ("lr=9", "OSError: full")])
    'lr=1; lr=3 (ValueError: no); lr=9 (OSError: full)'
    """
    arms: dict[str, list[str]] = {}
    for label, error in crashes:
        arms.setdefault(error, []).append(label)
    texts = []
    for error, labels in arms.items():
        more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
        texts.append(f"{'; '.join(labels[:_MOST_NAMED])}{more} ({error})")
    return "; ".join(texts)
