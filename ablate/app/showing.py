"""What `ablate plan` shows: arms and seeds, what is done and left, what is tuned, how long the rest takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ablate.app.console import duration_text, say, say_table, say_words
from ablate.app.printing import processes
from ablate.app.tables import chosen_text
from ablate.errors import plural
from ablate.lang import counted
from ablate.sweep.design.build import DesignArms
from ablate.sweep.own_keys import short_names, with_short_names
from ablate.sweep.plan import Plan
from ablate.sweep.study import FAIRNESS, Level, Study
from ablate.sweep.tune import Choice
from ablate.sweep.tuning_plan import TuningPlan
from ablate.track.store import Store
from ablate.work.choosing import choices_so_far, finished_trials, trial_scores, tuning_runs
from ablate.work.estimating import estimate
from ablate.work.looking import progress, run_bounds
from ablate.work.planning import finished_runs

if TYPE_CHECKING:
    from ablate.judge.anytime import Followed


def show_plan(plan: Plan, store: Store, *, workers: int) -> None:
    """Print arms x seeds, what is done and left, and an estimate of the time that is left."""
    finished, seconds = finished_runs(plan, store)
    plan = plan.after(finished)
    say_words(f"{plan.record.name}: {plan.study.title}", hang=2)
    seeds = plan.record.seeds
    for line in design_lines(plan.design):
        say(line)
    for line in look_lines(plan.study, plan.design.arms):
        say(line)
    for line in metric_lines(plan):
        say_words(line, hang=4)
    shared = sum(bool(job.same_as) for job in plan.jobs)
    tuned = sum(bool(job.same_as) and FAIRNESS in job.arm.levels for job in plan.jobs)
    both = f" ({tuned} tuned to the fixed values: one training serves the fixed and the tuned arm)" if tuned else ""
    if shared > tuned:
        both += f" ({counted(shared - tuned, 'arm')} whose program does not own what it differs in: the same runs)"
    trials = sorted({len(job.trials) for job in plan.jobs if job.trials})
    few = f"{trials[0]} to " if len(trials) > 1 else ""
    tried = f" x {few}{counted(trials[-1], 'trial')}" if trials else ""
    arms = plural(len(plan.jobs), "arm")
    arms = arms if plan.copy is None else f"({arms} + a copy of the baseline)"
    say(f"{arms} x {plural(len(seeds), 'seed')}{tried} = {plural(plan.runs, 'run')}{both}{_fewer(plan)}")
    for line in _trial_lines(plan):
        say(line)
    say()
    state = progress(plan, store)
    if plan.study.any_time is not None and plan.study.claims:
        _say_any_time(plan, state)
    if plan.provisional:
        _say_provisional(plan, seconds, workers)
        return
    jobs = plan.jobs if plan.copy is None else (*plan.jobs, plan.copy)
    rows: list[list[object]] = []
    for job in jobs:
        if job.same_as:
            rows.append([job.arm.label, None, None, "as fixed" if FAIRNESS in job.arm.levels else "the same runs"])
        else:
            done, left = sum(one.done for one in job.trained), sum(len(one.missing) for one in job.trained)
            rows.append([job.arm.label, done, left, ""])
    rows.append(["total", plan.runs - plan.missing, plan.missing, ""])
    heads = ["arm", "done", "left", *([""] if shared else [])]
    say_table(heads, [row[: len(heads)] for row in rows], total=True)
    say()
    if state is not None and state.ends:
        say("nothing to do: every run that a claim needs is finished")
        return
    if plan.missing == 0:
        say("nothing to do: every run is finished")
        return
    _say_estimate(plan, seconds, workers)


def _trial_lines(plan: Plan) -> list[str]:
    """Return what a plan says of arms that are tuned in every seed."""
    tune, trials = plan.study.tune, plan.record.trials
    if tune is None or trials is None:
        return []
    names = short_names(plan.study, plan.study.metrics)
    spaces: dict[tuple[str, ...], int] = {}
    for how in (arm.facts["tuning"] for arm in plan.record.arms if arm.id in trials.of):
        told = tuple(f"  {with_short_names(key, names)}: {space}" for key, space in how["space"].items())
        spaces[told] = spaces.get(told, 0) + 1
    lines = [line for told in spaces for line in told]
    if len(spaces) > 1:
        lines = [line for told, n in spaces.items() for line in (f"  {counted(n, 'arm')}:", *(f"  {t}" for t in told))]
    ties = f", ties by {trials.ties['name']}" if trials.ties else ""
    return [f"tuned in every seed: of its trials each keeps the best by {tune.metric}{ties}", *lines]


def _fewer(plan: Plan) -> str:
    """Say why there are fewer runs than arms x seeds x trials."""
    jobs = plan.jobs if plan.copy is None else (*plan.jobs, plan.copy)
    planned = sum(len(one.identities) for job in jobs for one in job.trained if not job.same_as)
    return (
        f" ({plural(planned - plan.runs, 'run serves', 'runs serve')} two of them)"
        if planned > plan.runs and plan.record.trials
        else ""
    )


def _say_any_time(plan: Plan, state: Followed | None) -> None:
    """Print the fewest and the most runs of a study that may stop at any time, and how far it is."""
    fewest, most = run_bounds(plan)
    say(f"at least {fewest} runs (every claim decided at the first look), at most {most}")
    if state is not None and state.taken:
        decided = sum(v.decided for v in state.verdicts)
        going = "it ends there" if state.ends else "it goes on"
        say(
            f"after {plural(state.seeds, 'seed')} {decided} of "
            f"{plural(len(state.verdicts), 'claim is', 'claims are')} decided; {going}"
        )
    say()


def _say_provisional(plan: Plan, seconds: Mapping[str, float], workers: int) -> None:
    for job in plan.jobs:
        say(job.arm.label)
    say("\nwhich values the tuned arms have, and which of their runs are done, is known when tuning is finished")
    _say_estimate(plan, seconds, workers)


def _say_estimate(plan: Plan, seconds: Mapping[str, float], workers: int) -> None:
    forecast = estimate(plan, seconds, workers=workers)
    if forecast is None:
        say("estimate: none, this program has not run yet")
        return
    say(f"estimate: {duration_text(forecast.seconds)} on {processes(forecast.workers)} (from {forecast.basis})")


def design_lines(design: DesignArms) -> list[str]:
    """Return what a plan says of its design: nothing for a plain full factorial."""
    plain = len(design.parts) == 1 and design.parts[0].kind == "full" and not design.excluded
    if plain or not design.arms[0]:
        return []
    parts = [f"{p.kind} ({plural(p.arms, 'arm')}{f', {p.about}' if p.about else ''})" for p in design.parts]
    lines = [f"design: {' + '.join(parts)}"]
    if design.duplicates:
        lines.append(f"  {design.duplicates} of them asked for more than once, run once")
    lines += [f"  excluded: {count} by {text}" for text, count in design.excluded.items()]
    if design.aliasing:
        lines.append("  aliased: these arms cannot tell them apart:")
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
    if study.any_time is not None and study.claims:
        return [
            f"looks: at any time, after the first {study.any_time.first} seeds, then after every {study.any_time.every}"
        ]
    from ablate.judge.looks import family_size
    from ablate.judge.planning import blind_looks
    from ablate.stats.looks import look_levels

    if not study.fixed_looks or not study.claims:
        return []
    levels = look_levels(study.fixed_looks, family=family_size(study, arms=arms))
    blind = blind_looks(study, arms=arms)
    parts = [
        f"{seeds} seeds at {level:.4f}{' (too strict to decide any claim: skipped)' if seeds in blind else ''}"
        for seeds, level in zip(study.fixed_looks, levels, strict=True)
    ]
    return [f"looks: {', '.join(parts)}"]


def show_tuning(tuning: TuningPlan, plan: Plan, store: Store, *, workers: int) -> dict[str, Choice] | None:
    """Print the trials, what is done and left, an estimate, and what is chosen where every trial is done."""
    todo = tuning.after(finished_trials(tuning, store))
    record = tuning.plan.record
    say(f"{record.name}: {tuning.size()}, seeds {_span(record.seeds)} that judge nothing")
    names = short_names(tuning.plan.study, tuning.plan.study.metrics)
    for key, space in tuning.spaces().items():
        say(f"  {with_short_names(key, names)}: {space}")
    chosen = choices_so_far(tuning, plan, store)
    runs = tuning_runs(tuning, plan, store) if chosen is not None else None
    missing = {job.arm.id: len(job.missing) for job in todo.plan.jobs}
    rows: list[list[object]] = []
    for cell in tuning.cells:
        left = sum(missing[job.arm.id] for job in cell.jobs)
        total = sum(len(job.identities) for job in cell.jobs)
        told = "known when its trials are done" if runs is None else with_short_names(chosen_text(runs, cell), names)
        rows.append([cell.label, total - left, left, told])
    say_table(["arm", "done", "left", f"chosen by {tuning.tune.metric}"], rows)
    if todo.plan.missing:
        _say_tuning_estimate(todo.plan, store, tuning, workers)
    say()
    return chosen


def _say_tuning_estimate(plan: Plan, store: Store, tuning: TuningPlan, workers: int) -> None:
    scores = trial_scores(tuning, store)
    seconds = {i: s for i, (outcome, _, s) in scores.items() if outcome != "diverged" and math.isfinite(s)}
    forecast = estimate(plan, seconds, workers=workers)
    if forecast is not None:
        say(
            f"estimate: {duration_text(forecast.seconds)} of tuning on {processes(forecast.workers)}, "
            "judging comes after"
        )


def _span(seeds: Sequence[int]) -> str:
    consecutive = list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))) and len(seeds) > 1
    return f"{seeds[0]} to {seeds[-1]}" if consecutive else ", ".join(map(str, seeds))
