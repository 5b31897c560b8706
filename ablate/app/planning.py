"""From a request to a plan that is worth running, and what `ablate plan` shows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from ablate.app.console import duration, root_folder, say, warn
from ablate.app.estimating import estimate
from ablate.app.request import Request
from ablate.levels import level_list
from ablate.sweep.design.build import DesignArms
from ablate.sweep.plan import Compose, Plan, Stored, make_plan
from ablate.sweep.study import Level, Study
from ablate.sweep.tune import Choice
from ablate.track.known import stored_arms
from ablate.track.names import check_factor_names, check_metric_names


def plan_study(
    request: Request, compose: Compose, *, planned: int | None = None, tuned: Mapping[str, Choice] | None = None
) -> Plan:
    """Resolve a request into a plan and check its claims, before anything runs.

    `planned` is the number of seeds the claims are planned for, where the request has more: an extension. `tuned` is
    what tuning chose; without it the plan of a tuned study is provisional.

    Raises
    ------
    UserError
        What does not exist; claims that the design cannot answer, that contradict each other, that so few seeds can
        never decide, or whose arms differ in more than their factors.
    """
    from ablate.judge.comparable import check_comparable
    from ablate.judge.expand import check_claims
    from ablate.judge.planning import check_plan

    # Arms first: a level that does not exist is the plainer mistake than a claim about it.
    plan = make_plan(
        request.study.model_copy(update={"seeds": request.seeds}),
        name=request.name,
        seeds=request.seeds,
        compose=compose,
        command=request.command,
        note=_note(request),
        tuned=tuned,
        stored=stored_under(request.name),
    )
    arms = plan.design.arms
    check_factor_names(plan.study.factors, where=request.name)
    check_metric_names([*plan.logged(), *plan.study.metrics], where=request.name)
    check_claims(plan.study, metrics=plan.logged(), arms=arms)
    check_plan(plan.study, len(plan.record.seeds) if planned is None else planned, plan.metrics(), arms=arms)
    check_comparable(plan.study, arms, [job.arm.facts for job in plan.jobs])
    return plan


def stored_under(name: str) -> Stored:
    """Return what gives the arms that were run under a name, read once."""
    return cache(lambda: stored_arms(root_folder(), name))


def _note(request: Request) -> str:
    study = request.study
    lines = [f"### {study.title}", "", study.question, ""]
    lines += [f"> {quote.zh}\n>\n> {quote.en} — *{quote.source}*\n" for quote in study.quotes]
    lines += [f"- **{factor}**: {level_list(levels)}" for factor, levels in study.factors.items()]
    if request.changes:
        lines += ["", "Changed on the command line: " + ", ".join(f"`{k}={v}`" for k, v in request.changes.items())]
    lines += ["", "Rebuild it with:", "", f"    {request.command}", ""]
    return "\n".join(lines)


def tell_of_data(plan: Plan) -> None:
    """Say, on standard error, what the user should know of the data of a plan: each thing once."""
    notes = dict.fromkeys(note for job in plan.jobs for note in job.arm.facts.get("data_notes", ()))
    for note in notes:
        warn(note)


def show_plan(plan: Plan, *, n_jobs: int | None) -> None:
    """Print arms x seeds, what is done and missing, and an estimate of the time that is left."""
    finished, known = _history(plan)
    plan = plan.after(finished)
    say(f"{plan.record.name}: {plan.study.title}")
    seeds = plan.record.seeds
    for line in design_lines(plan.design):
        say(line)
    for line in look_lines(plan.study, plan.design.arms):
        say(line)
    for line in metric_lines(plan):
        say(line)
    shared = sum(bool(job.same_as) for job in plan.jobs)
    both = f" ({shared} tuned to the fixed values: one training serves the fixed and the tuned arm)" if shared else ""
    say(f"{len(plan.jobs)} arms x {len(seeds)} seeds = {plan.runs} runs{both}\n")
    if plan.provisional:
        _say_provisional(plan, known, n_jobs)
        return
    width = max(len(job.arm.label) for job in plan.jobs)
    say(f"{'arm':<{width}}  {'done':>5}  {'missing':>7}")
    for job in plan.jobs:
        if job.same_as:
            say(f"{job.arm.label:<{width}}  {'as fixed':>14}")
            continue
        say(f"{job.arm.label:<{width}}  {job.done:>5}  {len(job.missing):>7}")
    say(f"{'total':<{width}}  {plan.runs - plan.missing:>5}  {plan.missing:>7}\n")
    if plan.missing == 0:
        say("nothing to do: every run is finished")
        return
    _say_estimate(plan, known, n_jobs)


def _say_provisional(plan: Plan, known: Mapping[str, float], n_jobs: int | None) -> None:
    for job in plan.jobs:
        say(job.arm.label)
    say("\nwhich values the tuned arms have, and which of their runs are done, is known when tuning is finished")
    _say_estimate(plan, known, n_jobs)


def _say_estimate(plan: Plan, known: Mapping[str, float], n_jobs: int | None) -> None:
    found = estimate(plan, known, n_jobs=n_jobs)
    if found is None:
        say("estimate: none, this program has not run yet")
        return
    say(f"estimate: {duration(found.seconds)} on {found.workers} processes (from {found.basis})")


def design_lines(design: DesignArms) -> list[str]:
    """Return what a plan says of its design: nothing for a plain full factorial."""
    plain = len(design.parts) == 1 and design.parts[0].kind == "full" and not design.excluded
    if plain or not design.arms[0]:
        return []
    parts = [f"{p.kind} ({p.arms} arms{f', {p.about}' if p.about else ''})" for p in design.parts]
    lines = [f"design: {' + '.join(parts)}"]
    if design.duplicates:
        lines.append(f"  {design.duplicates} of them asked for more than once, run once")
    lines += [f"  excluded: {count} by {text}" for text, count in design.excluded.items()]
    if design.aliasing:
        lines.append("  aliased, not to be told apart by these arms:")
        lines += [f"    {relation}" for relation in design.aliasing]
    return lines


def metric_lines(plan: Plan) -> list[str]:
    """Return what a plan says of the metrics its claims and its tuning ask for: what they mean, and who says so."""
    from ablate.claims.comparison import metrics_used

    metrics, study = plan.metrics(), plan.study
    asked = [name for claim in study.claims for name in metrics_used(claim)]
    asked += [study.tune.metric] if study.tune is not None else []
    if not asked:
        return []
    width = max(map(len, asked))
    said_by = {"study": "the study", "program": "its program", "known": "a known name", "nobody": "nobody"}
    lines = ["metrics:"]
    for name in dict.fromkeys(asked):
        metric = metrics.of(name)
        better = f"{metric.better} is better" if metric.better else "no direction"
        rule = metric.failed_counts_as
        failed = "has no value" if rule == "nothing" else f"counts as {str(rule).replace('_', ' ')}"
        parts = [better, *([metric.unit] if metric.unit else []), f"a failed run {failed}"]
        lines.append(f"  {name:<{width}}  {', '.join(parts)} (says {said_by[metrics.source(name)]})")
    return lines


def look_lines(study: Study, arms: Sequence[Mapping[str, Level]]) -> list[str]:
    """Return what a plan says of its looks, and of those at which no claim could be decided."""
    from ablate.judge.looks import family_size
    from ablate.judge.planning import blind_looks
    from ablate.stats.looks import look_levels

    if not study.looks or not study.claims:
        return []
    levels = look_levels(tuple(study.looks), family=family_size(study, arms=arms))
    blind = blind_looks(study, arms=arms)
    parts = [
        f"{seeds} seeds at {level:.4f}{' (too strict to decide any claim: passed over)' if seeds in blind else ''}"
        for seeds, level in zip(study.looks, levels, strict=True)
    ]
    return [f"looks: {', '.join(parts)}"]


def _history(plan: Plan) -> tuple[frozenset[str], dict[str, float]]:
    """Return the identities of this study run's finished seed runs, and the seconds of those that did not diverge."""
    from ablate.track import ledger
    from ablate.track.read import read_study

    root, record = root_folder(), plan.record
    finished = ledger.finished(root, record.name, record.key)
    if not finished:
        return finished, {}
    runs = read_study(root, record.name, key=record.key).seeds
    # A diverged run ends early: where only such runs are known, they say nothing of the rest.
    runs = runs[runs["identity"].isin(finished) & (runs["outcome"] != "diverged")].dropna(subset="seconds")
    return finished, dict(zip(runs["identity"], runs["seconds"].astype(float), strict=True))
