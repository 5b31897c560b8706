"""What was read of tables of runs, as lines for the console: their columns, what was done with their rows."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ablate.errors import plural
from ablate.levels import level_name
from ablate.sources.of_one import done_text
from ablate.sweep.own_keys import short_names, with_short_names

if TYPE_CHECKING:
    import pandas as pd

    from ablate.sweep.found.build import Found
    from ablate.sweep.found.items import ItemComparison
    from ablate.sweep.imported import Imported
    from ablate.sweep.runner import RunSummary
    from ablate.sweep.tuning_plan import TunedCell, TuningPlan

_MOST_NAMED = 12


def read_lines(imported: Imported, address: str) -> Iterator[str]:
    """Yield what was read from a file, a line for the columns of every kind."""
    repairs = f" ({'; '.join(imported.repairs)})" if imported.repairs else ""
    yield f"{plural(imported.rows, 'row')} read from {address}{repairs}"
    kinds: dict[str, list[str]] = {}
    for one in imported.columns:
        why, column = one.what, one.column
        if one.value:  # each its own value: beside its name
            why, column = one.what.partition(": {value}")[0].replace("{value}", "").strip(), f"{column} ({one.value})"
        kinds.setdefault(f"{one.role}, {why}" if why else one.role, []).append(column)
    for kind, names in kinds.items():
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"  {kind}: {', '.join(names[:_MOST_NAMED])}{more}"


def found_lines(reading: Found, address: str, rows: int) -> Iterator[str]:
    """Yield what was found of a table: what its columns are, what was done with its rows, and the baseline."""
    repairs = f" ({'; '.join(reading.table.repairs)})" if reading.table.repairs else ""
    yield f"{plural(rows, 'row')} read from {address}{repairs}"
    kinds: dict[str, list[str]] = {}
    for one in reading.columns:
        column = one.column or "(no name)"
        if one.role == "factor":
            name = one.value if one.what == "{value}" else one.column
            levels = ", ".join(level_name(level) for level in reading.study["factors"][name])
            kinds.setdefault("factors", []).append(f"{column} ({levels})")
            continue
        if one.role == "metric":
            kinds.setdefault("metrics", []).append(f"{column} ({one.what} is better)")
            continue
        why = one.what.partition(": {value}")[0].replace("{value}", one.value).strip()
        more = f" ({one.value})" if ": {value}" in one.what else ""
        kinds.setdefault(f"{one.role}: {why}" if why else one.role, []).append(column + more)
    for kind, names in sorted(kinds.items(), key=lambda item: item[0] not in ("factors", "seed", "metrics")):
        rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"  {kind}: {', '.join(names[:_MOST_NAMED])}{rest}"
    base = [f"{name}={level_name(level)} ({reading.base.why[name]})" for name, level in reading.base.levels.items()]
    yield f"  baseline: {', '.join(base)}"
    judged = list(dict.fromkeys(claim["metric"] for claim in reading.study["claims"]))
    many = len(reading.study["claims"])
    yield f"  judged: {', '.join(judged)}; {plural(many, 'comparison')}, Holm over all"
    for done in reading.done:
        yield f"  {done.count:>5} {done_text(done.what, done.count)}" + (f" ({done.which})" if done.which else "")


def failed_line(summary: RunSummary, log: str) -> str:
    """Return what says that every run failed, with the most frequent error and the command that shows its log."""
    from ablate.words.failing import failure_text

    outcomes = [outcome for outcome, n in summary.outcomes.items() for _ in range(n)]
    error, runs = max(summary.errors.items(), key=lambda one: one[1], default=("", 0))
    text = failure_text(outcomes, error=error, runs=runs, log=log)
    return text[:1].lower() + text[1:]


def item_lines(compared: Sequence[ItemComparison]) -> Iterator[str]:
    """Yield what other test items would show of every comparison."""
    yield "other test items: mean difference and 95 % interval, p by Holm over all"
    for one in compared:
        over = "other items and seeds" if one.seeds > 1 else "other items, with these runs"
        yield (
            f"  {one.claim}: {one.found.mean:+.4f} [{one.found.low:.4f}, {one.found.high:.4f}], p = {one.p:.2g} "
            f"({plural(one.items, 'item')}, {plural(one.seeds, 'seed')}; for {over})"
        )


def follow_lines(holding: Sequence[str], about: Sequence[str]) -> Iterator[str]:
    """Yield what the user should know of columns that differ together with a factor."""
    if holding:
        leave = " ".join(f"--leave-out {shlex.quote(name)}" for name in holding[:_MOST_NAMED])
        yield (
            "  comparisons of arms that differ in another setting as well are held back. If that setting belongs to "
            f"what is compared, give {leave}; if it is a result of the runs, declare it as a metric "
            "(`--metric NAME:lower`, or `metrics:` of a study file, which can make it a factor, too)"
        )
    if about:
        yield f"  warning: what the file says about the runs differs between arms: {', '.join(about[:_MOST_NAMED])}"


def choice_lines(tuning: TuningPlan, runs: pd.DataFrame) -> list[str]:
    """Return one line per cell: what was chosen, and a warning where it lies on the edge of what was tried."""
    from ablate.report.metric_names import metric_title

    study, n = tuning.plan.study, len(tuning.trials)
    called = study.labels.metrics if study.labels is not None else {}
    metric = called.get(tuning.tune.metric) or metric_title(tuning.tune.metric)
    head = f"tuned by the best mean {metric} of {plural(n, 'trial')} x {plural(len(tuning.plan.record.seeds), 'seed')}:"
    names = short_names(tuning.plan.study, tuning.plan.study.metrics)
    return [head, *(f"  {cell.label}: {with_short_names(chosen_text(runs, cell), names)}" for cell in tuning.cells)]


def chosen_text(runs: pd.DataFrame, cell: TunedCell) -> str:
    """Return what was chosen for one cell."""
    from ablate.track.tuned import tuned_facts

    facts = tuned_facts(runs[runs["arm_id"] == cell.id])
    text = ", ".join(f"{key}={level_name(fact['chosen'])}" for key, fact in facts.items())
    edges = [key for key, fact in facts.items() if fact["edge"]]
    return f"{text}  (on the edge of what was tried: {', '.join(edges)})" if edges else text
