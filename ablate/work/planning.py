"""From a request to a plan that is worth running, and what is finished of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from ablate.sweep.found.asked import Asked
from ablate.sweep.found.planned import Compared, comparisons
from ablate.sweep.plan import Compose, Plan, Stored, make_plan
from ablate.sweep.tune import Choice, Tune
from ablate.track.names import check_factor_names, check_level_texts, check_metric_names
from ablate.track.store import Store
from ablate.work.request import Request


def plan_study(
    request: Request,
    compose: Compose,
    store: Store,
    *,
    planned: int | None = None,
    tuned: Mapping[str, Choice] | None = None,
    tune: Tune | None = None,
) -> Plan:
    """Resolve a request into a plan and check its claims, before anything runs.

    `planned` is the number of seeds the claims are planned for, where the request has more: an extension. `tuned` is
    what tuning chose; without it the plan of a study that tunes once is provisional. `tune` is its `tune:` with wider
    grids, where they were widened.

    Raises
    ------
    UserError
        What does not exist; claims that the design cannot answer, that contradict each other, that so few seeds can
        never decide, or whose arms differ in more than their factors.
    """
    from ablate.judge.planning import check_study

    # Arms first: a level that does not exist is the plainer mistake than a claim about it.
    plan = make_plan(
        request.study.model_copy(update={"seeds": request.seeds}),
        name=request.name,
        seeds=request.seeds,
        compose=compose,
        command=request.command,
        note=_note(request),
        tuned=tuned,
        tune=tune,
        stored=stored_under(request.name, store),
    )
    arms = plan.design.arms
    if request.compared is not None:
        plan = plan.claiming(_comparisons(plan, request.compared).claims)
    check_factor_names(plan.study.factors, where=request.name)
    check_level_texts(plan.study.factors, where=request.name)
    check_metric_names([*plan.logged(), *plan.study.metrics], where=request.name)
    check_study(
        plan.study,
        arms=arms,
        facts=[job.arm.facts for job in plan.jobs],
        logged=plan.logged(),
        n_seeds=len(plan.record.seeds) if planned is None else planned,
        metrics=plan.metrics(),
    )
    return plan


def not_compared(request: Request, plan: Plan) -> list[str]:
    """Return why nothing is compared of a sweep that claims nothing; empty where it is, or where nothing varies."""
    why = "" if request.compared is None else _comparisons(plan, request.compared).why_none
    return [f"no verdicts: {why}"] if why else []


def _comparisons(plan: Plan, asked: Asked) -> Compared:
    return comparisons(plan.study, plan.design.arms, plan.record.seeds, plan.metrics(), asked)


def stored_under(name: str, store: Store) -> Stored:
    """Return what gives the arms that were run under a name, read once."""
    return cache(lambda: store.arms(name))


def _note(request: Request) -> str:
    """Return what the note of a study says beside its definition and its command."""
    changes = ", ".join(f"`{k}={v}`" for k, v in request.changes.items())
    return f"Changed on the command line: {changes}" if changes else ""


def data_notes(plan: Plan) -> list[str]:
    """Return what the user should know of the data of a plan: each thing once."""
    return list(dict.fromkeys(note for job in plan.jobs for note in job.arm.facts.get("data_notes", ())))


def finished_runs(plan: Plan, store: Store) -> tuple[frozenset[str], dict[str, float]]:
    """Return the identities of this study run's finished seed runs, and the seconds of those that did not diverge."""
    record = plan.record
    finished = store.finished(record.name, record.key)
    if not finished:
        return finished, {}
    # Of any one metric: reading all that a study logged takes a hundred times as long.
    scores = store.scores(record.name, record.key, "final/test_accuracy")
    # A diverged run ends early: where only such runs are known, they say nothing of the rest.
    return finished, {
        identity: float(seconds)
        for identity, (outcome, _, seconds) in scores.items()
        if identity in finished and outcome != "diverged" and not math.isnan(seconds)
    }
