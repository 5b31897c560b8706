"""The steps behind `run`, `plan` and `report`: everything but Hydra."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tqdm import tqdm

from ablate.app.request import Request
from ablate.errors import Failure
from ablate.sweep.design.build import DesignArms
from ablate.sweep.plan import Compose, Plan, make_plan
from ablate.sweep.runner import RunSummary, run_plan, start_workers, worker_count
from ablate.sweep.study import Study
from ablate.sweep.study_file import parse_study

if TYPE_CHECKING:
    from ablate.stats.verdict import Verdict
    from ablate.track.record import StudyTables

MARKS = {"supported": "✓", "refuted": "✗", "inconclusive": "?", "not_tested": "–"}


def root_folder() -> Path:
    """Return the folder that holds `mlruns/`: the current one, or what ABLATE_ROOT names."""
    return Path(os.environ.get("ABLATE_ROOT", ".")).resolve()


def say(text: str = "") -> None:
    """Print a line for the user."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


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
    say(f"estimate: {_duration(plan.missing * each / workers)} of training on {workers} processes ({basis})")


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


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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
    Failure
        An arm crashed. Everything else was run, tracked and reported before this is raised.
    """
    from ablate.track.mlflow_tracker import MlflowTracker

    root = root_folder()
    tracker = MlflowTracker(root)
    workers = min(worker_count(n_jobs), len(plan.jobs))
    starting = start_workers(workers)
    session = tracker.open(plan.record)
    for warning in tracker.warnings:
        sys.stderr.write(f"ablate: {warning}\n")
    status = "KILLED"
    try:
        plan = plan.after(session.finished())
        if before is not None:
            before(plan)
        if starting is not None:
            starting.join()
        summary = run_plan(plan, session, workers=workers, progress=progress)
        status = "FAILED" if summary.crashes else "FINISHED"
        _say_summary(plan, summary)
    finally:
        session.close(status)
    if report:
        _judge_and_report(plan.record.name, plan.record.key, root)
    say(f"browse the runs:  {ui_line(root)}")
    if summary.crashes:
        listed = "; ".join(f"{label} ({last_line})" for label, last_line in summary.crashes)
        raise Failure(
            f"{len(summary.crashes)} of {len(plan.jobs)} arms crashed: {listed}; the tracebacks are in MLflow, "
            "the same command tries these arms again"
        )


def ui_line(root: Path) -> str:
    """Return the line that opens the MLflow UI on this store, from the current folder."""
    return f"{_program()} ui" if root == Path.cwd() else f"{_program()} ui --root {shlex.quote(str(root))}"


def _program() -> str:
    """Return how this program was started, as the user would type it again."""
    started = Path(sys.argv[0])
    if started.name != "ablate":
        return "python -m ablate"
    found = shutil.which("ablate")
    on_path = found is not None and Path(found).resolve() == started.resolve()
    return "ablate" if on_path else shlex.quote(_shown(started))


def _say_summary(plan: Plan, summary: RunSummary) -> None:
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


def read_verdicts(name: str, key: str | None, root: Path) -> tuple[Study, StudyTables, list[Verdict]]:
    """Read a tracked study back and judge it by the claims it was tracked with."""
    from ablate.stats.judge import judge
    from ablate.track.read import read_arrays, read_study

    tables = replace(read_study(root, name, key=key), arrays=read_arrays(root, name, key=key))
    study = parse_study(tables.study["definition"], where=f"study {name!r} in {root}")
    return study, tables, judge(study, tables)


def _judge_and_report(name: str, key: str | None, root: Path, *, out: Path | None = None) -> None:
    from ablate.report.write import write_report
    from ablate.track.attach import attach_folder

    study, tables, verdicts = read_verdicts(name, key, root)
    say()
    for verdict in verdicts:
        say(f"{MARKS[verdict.outcome]} {verdict.sentence()}")
    if not verdicts:
        say("no claims in this study: the report compares every arm with the baseline")
    out = out or Path("reports") / name
    with tqdm(desc="report", unit="part", ncols=100, leave=False) as bar:
        paths = write_report(
            study, tables, verdicts, out, progress=lambda done, total, what: _advance(bar, done, total, what)
        )
    attach_folder(root, name, tables.study["key"], out, "report")
    say(f"\nreport:           {_shown(paths.html)}")
    say(f"as Markdown:      {_shown(paths.markdown)}")


def _advance(bar: tqdm[NoReturn], done: int, total: int, what: str) -> None:
    bar.total = total
    bar.set_postfix_str(what, refresh=False)
    bar.update(done - bar.n)


def _shown(path: Path) -> str:
    # Not resolved: a link in a virtual environment is what the user typed.
    here, path = Path.cwd(), path.absolute()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def report_study(name: str | None, *, out: Path | None) -> None:
    """Judge a tracked study again and write its report; None takes the study run last."""
    from ablate.track.read import list_studies

    root = root_folder()
    name = list_studies(root)[0].name if name is None else name
    _judge_and_report(name, None, root, out=out)


def show_studies() -> None:
    """List the studies that can be run, and what is tracked of each."""
    from ablate.sweep.study_file import load_study, study_files
    from ablate.track.database import exists
    from ablate.track.layout import Layout
    from ablate.track.read import list_studies

    root = root_folder()
    done: dict[str, int] = {}
    for line in list_studies(root) if exists(Layout(root)) else []:
        done[line.name] = done.get(line.name, 0) + line.done
    files = study_files()
    width = max(len(name) for name in [*files, *done])
    for name in [*files, *(name for name in done if name not in files)]:
        title = load_study(name).title if name in files else "(no study file)"
        say(f"{name:<{width}}  {done.get(name, 0):>6} runs  {title}")
