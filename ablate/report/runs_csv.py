"""`runs.csv`: every seed run as one tidy row, and back: the verdicts can be recomputed from the committed file alone.

Floats are written with as many digits as bring the same bits back. Levels keep their type: a number, `true`, `false`
or an empty cell (no level) stand for themselves; a text that would read as one of these is quoted JSON.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import UserError, unknown
from ablate.judge.collapses import outcome_told
from ablate.judge.endpoint import MISSING, metric_names
from ablate.report.arms import arm_levels
from ablate.report.csv_cells import Rows, csv_line, level_cell, read_rows, visible
from ablate.report.recognised import COPY, TUNING
from ablate.report.tuning_csv import facts_by_arm, read_copy_csv, read_tuning_csv
from ablate.sources.cells import finite_number
from ablate.sweep.level_cells import equals_rounded
from ablate.sweep.metrics import Metrics
from ablate.sweep.study import Study
from ablate.track.columns import METRIC, PLANNED, RUN, factor_column, factor_of, metric_column
from ablate.track.record import StudyTables
from ablate.train.metric import STEPS_TO_TARGET
from ablate.train.metric_values import check_count, check_metric_value
from ablate.train.outcome import FAILED, Outcome

_TEXT = ("run_id", "identity")
_NUMBER = ("first_nonfinite_step", "seconds", "majority_rate")
_NEEDED = ("arm_id", "baseline", "seed", "outcome", "budget")  # what is judged by; the rest may be left out


def runs_csv(tables: StudyTables) -> str:
    """Return the file: arms in design order, seeds ascending; one column per factor, then one per metric.

    How the columns of factors and metrics are named: see `track.columns`. `budget` is the number of optimizer steps an
    arm may take, which a run that never reached its target counts as; where the task changes, those from the change on.
    `outcome` is what was written down when the run ended (see `judge.collapses`).
    """
    metrics = [metric_column(name, tables.factors) for name in metric_names(tables)]
    levels = arm_levels(tables)
    order = {arm: i for i, arm in enumerate(levels)}
    base = dict(zip(tables.planned["arm_id"].astype(str), tables.planned["baseline"], strict=True))
    lines: list[list[str]] = [[*PLANNED, *map(factor_column, tables.factors), *RUN, *metrics]]
    records = tables.seeds.to_dict("records")
    for row in sorted(records, key=lambda row: (order[str(row["arm_id"])], int(row["seed"]))):
        arm = str(row["arm_id"])
        outcome = outcome_told(tables, arm, int(row["seed"]), row["outcome"])
        run: dict[Any, Any] = {**row, "outcome": outcome, "budget": _budget(tables.facts.get(arm, {}))}
        head = [arm, visible(str(row["arm"])), "true" if base[arm] else "false"]
        level_cells = [level_cell(levels[arm][factor]) for factor in tables.factors]
        lines.append([*head, *level_cells, *(_cell(run.get(column)) for column in (*RUN, *metrics))])
    return "".join(csv_line(cells) for cells in lines)


def tables_from_csv(path: Path, study: Study, *, arms: Collection[str] = ()) -> StudyTables:
    """Read `runs.csv`, and `tuning.csv` beside it, back as tables without curves: what claims are judged by.

    Columns may stand in any order, and the file may have been saved again by pandas or a spreadsheet (see `Rows`).

    Parameters
    ----------
    arms
        The ids of the arms, where they are known: one that is all digits may have been saved as a number.

    Raises
    ------
    UserError
        The file is not a runs.csv, or its factors or arms are others.
    """
    places = {factor: factor_column(factor) for factor in study.factors}
    rows = read_rows(path, "runs.csv", _NEEDED, (*_NUMBER, "budget"))
    strange = sorted(factor for factor, column in places.items() if column not in rows.head)
    strange += sorted(_other_factors(rows.head) - set(study.factors))
    if strange:
        raise UserError(f"{path} and the study differ in their factors: {', '.join(strange)}.")
    levels: dict[str, dict[str, Any]] = {}
    first: dict[str, int] = {}
    arm_of: list[str] = []
    for row, record in enumerate(rows.records):
        arm = _arm_id(f"{path}, line {rows.lines[row]}", record["arm_id"], arms)
        row_levels = {f: rows.level(row, column, f, study.factors[f]) for f, column in places.items()}
        if levels.setdefault(arm, row_levels) != row_levels:
            raise UserError(
                f"{path}, line {rows.lines[row]}: {arm} has other levels than in line {rows.lines[first[arm]]}"
            )
        first.setdefault(arm, row)
        arm_of.append(arm)
    label: dict[str, str] = {arm: rows.records[row].get("arm", arm) for arm, row in first.items()}
    planned = pd.DataFrame(
        [{"arm_id": arm, "arm": label[arm], "baseline": rows.truth(row, "baseline")} for arm, row in first.items()]
    )
    seeds: dict[str, Any] = {"arm_id": arm_of, "arm": [label[arm] for arm in arm_of]}
    seeds["seed"] = [_needed(rows, row, "seed") for row in range(len(arm_of))]
    _check_once(rows, arm_of, seeds["seed"])
    seeds["outcome"] = [_outcome(rows, row) for row in range(len(arm_of))]
    for name in _NUMBER:
        seeds[name] = [rows.number(row, name) if name in rows.head else math.nan for row in range(len(arm_of))]
    seeds |= {name: [record.get(name, "") for record in rows.records] for name in _TEXT}
    for factor, column in places.items():
        # `object` keeps 1, 1.0, True and None apart as they were planned; pandas would unify them.
        planned[column] = pd.Series([levels[arm][factor] for arm in first], dtype=object)
        seeds[column] = pd.Series([levels[arm][factor] for arm in arm_of], dtype=object)
    ours = {*PLANNED, *RUN, *places.values()}
    seeds |= {name: [rows.number(row, name) for row in range(len(arm_of))] for name in rows.head if name not in ours}
    curves = pd.DataFrame(columns=["run_id", "arm_id", "seed", "metric", "step", "value"])
    budgets = {arm: rows.whole(row, "budget") for arm, row in first.items()}
    logged = [name for name in rows.head if name not in ours]
    _check_values(rows, seeds, arm_of, budgets, metrics=Metrics(study.metrics), columns=logged)
    facts: dict[str, dict[str, Any]] = {
        arm: dict.fromkeys(STEPS_TO_TARGET.values(), budget) if budget else {} for arm, budget in budgets.items()
    }
    tuning = read_tuning_csv(path.with_name(TUNING))
    for arm, tuned in (facts_by_arm(tuning) if tuning is not None else {}).items():
        facts.setdefault(arm, {}).update(tuned)
    about = {"name": path.parent.name, "key": "", "run_id": "", "experiment_id": "", "created": "", "command": ""}
    return StudyTables(
        {**about, "definition": study.model_dump(), "provenance": {}},
        planned,
        pd.DataFrame(seeds),
        curves,
        facts,
        tuning=tuning,
        copy=read_copy_csv(path.with_name(COPY)),
    )


def _arm_id(where: str, text: str, arms: Collection[str]) -> str:
    if not arms or text in arms:
        return text
    value = finite_number(text)
    matching = [arm for arm in arms if value is not None and equals_rounded(finite_number(arm), value)]
    if len(matching) != 1:
        raise UserError(f"{where}: {unknown('arm', text, arms)}")
    return matching[0]


def _other_factors(head: Sequence[str]) -> set[str]:
    """Return what stands where ablate writes the factors: between `baseline` and `seed`, unless columns were moved."""
    if tuple(head[: len(PLANNED)]) != PLANNED or "seed" not in head:
        return set()
    return {factor_of(column) for column in head[len(PLANNED) : head.index("seed")] if column not in RUN}


def _needed(rows: Rows, row: int, column: str) -> int:
    value = rows.whole(row, column)
    if value is None:
        raise UserError(
            f"{rows.path}, line {rows.lines[row]}: expected a whole number as `{column}`, got an empty cell"
        )
    return value


def _check_once(rows: Rows, arms: Sequence[str], seeds: Sequence[int]) -> None:
    """Refuse a second run of an arm and seed."""
    first: dict[tuple[str, int], int] = {}
    for row, run in enumerate(zip(arms, seeds, strict=True)):
        if first.setdefault(run, row) != row:
            raise UserError(
                f"{rows.path}, line {rows.lines[row]}: {run[0]} has a run of seed {run[1]} in line "
                f"{rows.lines[first[run]]} already; expected one run for an arm and seed"
            )


def _outcome(rows: Rows, row: int) -> str:
    text = rows.records[row]["outcome"]
    outcomes = [*Outcome, MISSING]
    if text not in outcomes:
        raise UserError(f"{rows.path}, line {rows.lines[row]}: {unknown('outcome', text, outcomes)}")
    return text


def _check_values(
    rows: Rows,
    runs: Mapping[str, Sequence[Any]],
    arms: Sequence[str],
    budgets: Mapping[str, int | None],
    *,
    metrics: Metrics,
    columns: Sequence[str],
) -> None:
    """Refuse values that a metric cannot have, as an import does: somebody has changed the file."""
    failed = [outcome in FAILED for outcome in runs["outcome"]]
    for column in columns:
        metric = metrics.of(column.removeprefix(METRIC))
        for row, arm in enumerate(arms):
            where, value = f"{rows.path}, line {rows.lines[row]}", runs[column][row]
            if metric.counts_to_target:
                check_count(where, metric.name, value, budgets[arm])
            elif not failed[row]:
                check_metric_value(metric, value, where)


def budget_clock(facts: Mapping[str, Any]) -> str | None:
    """Return the fact that an arm's column `budget` holds: the last of its clocks, where it has several."""
    return next((name for name in reversed(STEPS_TO_TARGET.values()) if facts.get(name) is not None), None)


def _budget(facts: Mapping[str, Any]) -> int | None:
    clock = budget_clock(facts)
    return None if clock is None else facts[clock]


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return str(value)
