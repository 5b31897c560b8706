"""From a request to a plan that is worth running, and what `ablate plan` shows of it."""

from __future__ import annotations

from ablate.app.console import duration, root_folder, say
from ablate.app.request import Request
from ablate.sweep.design.build import DesignArms
from ablate.sweep.plan import Compose, Plan, make_plan
from ablate.sweep.runner import worker_count


def plan_study(request: Request, compose: Compose) -> Plan:
    """Resolve a request into a plan and check its claims, before anything runs."""
    from ablate.stats.claims import check_claims

    # Arms first: a level that does not exist is the plainer mistake than a claim about it.
    plan = make_plan(
        request.study,
        name=request.name,
        seeds=request.seeds,
        compose=compose,
        command=request.command,
        note=_note(request),
    )
    check_claims(request.study, metrics=plan.metrics(), arms=plan.design.arms)
    return plan


def _note(request: Request) -> str:
    study = request.study
    lines = [f"### {study.title}", "", study.question, ""]
    lines += [f"> {quote.zh}\n>\n> {quote.en} — *{quote.source}*\n" for quote in study.quotes]
    lines += [f"- **{factor}**: {', '.join(map(str, levels))}" for factor, levels in study.factors.items()]
    if request.changes:
        lines += ["", "Changed on the command line: " + ", ".join(f"`{k}={v}`" for k, v in request.changes.items())]
    lines += ["", "Rebuild it with:", "", f"    {request.command}", ""]
    return "\n".join(lines)


def show_plan(plan: Plan, *, n_jobs: int | None) -> None:
    """Print arms x seeds, what is done and missing, and an estimate of the time that is left."""
    finished, known = _history(plan)
    plan = plan.after(finished)
    say(f"{plan.record.name}: {plan.study.title}")
    seeds = plan.record.seeds
    for line in design_lines(plan.design):
        say(line)
    say(f"{len(plan.jobs)} arms x {len(seeds)} seeds = {plan.runs} runs\n")
    width = max(len(job.arm.label) for job in plan.jobs)
    say(f"{'arm':<{width}}  {'done':>5}  {'missing':>7}")
    for job in plan.jobs:
        say(f"{job.arm.label:<{width}}  {job.done:>5}  {len(job.missing):>7}")
    say(f"{'total':<{width}}  {plan.runs - plan.missing:>5}  {plan.missing:>7}\n")
    if plan.missing == 0:
        say("nothing to do: every run is finished")
        return
    workers = min(worker_count(n_jobs), sum(bool(job.missing) for job in plan.jobs))
    job = next(job for job in plan.jobs if job.missing)
    each = known or job.config.program.seconds_per_run(job.config, len(job.missing))
    if each is None:
        say("estimate: none, this program has not run yet")
        return
    basis = "from finished runs of this study" if known else "from a few steps trained just now"
    say(f"estimate: {duration(plan.missing * each / workers)} of training on {workers} processes ({basis})")


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


def _history(plan: Plan) -> tuple[frozenset[str], float | None]:
    """Return the identities of this study run's finished seed runs, and their mean time in seconds."""
    from ablate.track import ledger
    from ablate.track.read import read_study

    root, record = root_folder(), plan.record
    finished = ledger.finished(root, record.name, record.key)
    if not finished:
        return finished, None
    runs = read_study(root, record.name, key=record.key).seeds
    # A diverged run ends early: where only such runs are known, they say nothing of the rest.
    runs = runs[runs["identity"].isin(finished) & (runs["outcome"] != "diverged")]
    return finished, float(runs["seconds"].mean()) if len(runs) else None
