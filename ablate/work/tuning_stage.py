"""The part of a command that comes before a tuned study is judged: trials are run until their grids are wide enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from ablate.sweep.grids import can_widen
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Compose, Plan
from ablate.sweep.runner import RunSummary
from ablate.sweep.tune import Choice, Tune
from ablate.sweep.tuning_plan import plan_tuning
from ablate.work.again import start_over
from ablate.work.bench import Bench
from ablate.work.choosing import with_tuning
from ablate.work.events import KeptNarrow, Widened
from ablate.work.opening import open_study_run
from ablate.work.planning import stored_under
from ablate.work.training import ArmGraphs, train_missing
from ablate.work.tuning import run_tuning
from ablate.work.widening import composes, edges_kept, kept_grids, steps_of, wider_grids

if TYPE_CHECKING:
    import pandas as pd


class Replan(Protocol):
    """Plans the same request again."""

    def __call__(self, *, tuned: Mapping[str, Choice] | None = None, tune: Tune | None = None) -> Plan:
        """Return the plan with values that were chosen, or with wider grids."""


def tuned_plan(
    plan: Plan,
    again: Replan,
    compose: Compose,
    bench: Bench,
    *,
    launcher: Launcher,
    before: Callable[[Plan], None] | None,
    planned: int | None,
    fresh: bool,
) -> tuple[Plan, RunSummary | None]:
    """Run the trials of a study that tunes; returns the plan that is to be judged, and what was run of it already.

    Parameters
    ----------
    again
        Plans the request anew.
    before
        See `open_study_run`.
    planned
        How many of its seeds the claims are planned for, where it has more.
    fresh
        Put everything aside that was run before.

    Raises
    ------
    Failure
        In some cell every tuning run crashed.
    """
    tuning = plan_tuning(plan, compose, stored_under(f"{plan.record.name}-tuning", bench.store))
    if fresh:
        start_over(bench, plan, *([tuning.plan] if tuning is not None else []))
    if tuning is not None:
        chosen = run_tuning(tuning, plan, bench, launcher=launcher)
        return with_tuning(again(tuned=chosen), tuning, bench.store), None
    if plan.record.trials is None or plan.study.tune is None or not can_widen(plan.study.tune):
        return plan, None
    study, most = plan.study, planned or len(plan.record.seeds)
    first = study.any_time.first if study.any_time is not None else (*study.fixed_looks, most)[0]
    seeds = plan.record.seeds[:first]
    return _tuned_in_every_seed(plan, seeds, again, bench, launcher=launcher, before=before)


def _tuned_in_every_seed(
    plan: Plan,
    seeds: tuple[int, ...],
    again: Replan,
    bench: Bench,
    *,
    launcher: Launcher,
    before: Callable[[Plan], None] | None,
) -> tuple[Plan, RunSummary | None]:
    """Run all trials of some seeds, and widen the grids until few of them choose an edge, before anything is judged."""
    declared, earlier, runs = plan.study.tune, None, None
    assert declared is not None
    places = _places(plan)
    tune: Tune | None = kept_grids(declared, plan.record.name, bench.store)
    while tune is not None:
        plan = plan if tune is declared else again(tune=tune)
        with open_study_run(plan, bench, launcher=launcher, before=before) as one:
            part, files = one.plan.with_seeds(seeds), ArmGraphs(plan.record.name, bench.warn)
            summary = train_missing(part, one.session, bench, launcher=one.launcher, files=files)
            one.ended(summary)
        earlier = summary if earlier is None else _joined(earlier, summary)
        if summary.crashes:
            break
        runs = bench.store.read(plan.record.name, key=plan.record.key).tuning
        tune = None if runs is None else _wider(declared, tune, runs, again, places)
        if tune is not None:
            bench.tell(Widened(plan.record.name, steps_of(declared, tune), tune))
    if runs is not None and (kept := edges_kept(declared, runs, places=places)):
        bench.tell(KeptNarrow(plan.record.name, kept))
    return plan, earlier


def _places(plan: Plan) -> dict[str, int]:
    """Return id of an arm -> the number of the space that its values are looked for in."""
    tune = plan.study.tune
    return {} if tune is None else {job.arm.id: tune.place(job.arm.levels) for job in plan.jobs}


def _wider(declared: Tune, tune: Tune, runs: pd.DataFrame, again: Replan, places: Mapping[str, int]) -> Tune | None:
    return wider_grids(declared, tune, runs, composes(lambda wide: again(tune=wide)), places=places)


def _joined(earlier: RunSummary, summary: RunSummary) -> RunSummary:
    earlier.add(summary)
    return earlier


def shown_plan(plan: Plan, again: Replan, bench: Bench) -> Plan:
    """Return the plan of a study that tunes in every seed with its grids as wide as they are known to become."""
    declared = plan.study.tune
    if declared is None or plan.record.trials is None:
        return plan
    tune = kept_grids(declared, plan.record.name, bench.store)
    plan = plan if tune is declared else again(tune=tune)
    finished = bench.store.finished(plan.record.name, plan.record.key)
    if not finished or plan.after(finished).missing:
        return plan
    runs = bench.store.read(plan.record.name, key=plan.record.key).tuning
    wide = None if runs is None else _wider(declared, tune, runs, again, _places(plan))
    return plan if wide is None else again(tune=wide)
