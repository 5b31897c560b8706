"""`runs.csv`: every seed run as one tidy row, and back: the verdicts can be recomputed from the committed file alone.

Floats are written with as many digits as bring the same bits back. Levels keep their type: a number, `true`, `false`
or an empty cell (no level) stand for themselves; a text that would read as one of these is quoted JSON.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import UserError
from ablate.report.arms import arm_levels
from ablate.report.csv_cells import level_cell, level_of, line, read_rows
from ablate.report.tuning_csv import NAME as TUNING
from ablate.report.tuning_csv import facts_by_arm, read_tuning_csv
from ablate.stats.endpoint import metrics_of
from ablate.stats.sequential import judge_planned
from ablate.stats.verdict import Verdict
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.train.metric import STEPS_TO_TARGET

_TEXT = ("arm_id", "arm", "run_id", "identity", "outcome")
_NUMBER = ("first_nonfinite_step", "seconds", "majority_rate")
_HEAD = ("arm_id", "arm", "baseline")
_RUN = ("seed", "outcome", "first_nonfinite_step", "seconds", "majority_rate", "budget", "run_id", "identity")


def runs_csv(tables: StudyTables) -> str:
    """Return the file: arms in design order, seeds ascending; one column per factor, then one per metric.

    `budget` is the number of optimizer steps an arm may take, which a run that never reached its target counts as;
    where the task changes, those from the change on.
    """
    metrics = [name for name in metrics_of(tables) if name not in _RUN]
    taken = {*_HEAD, *_RUN, *metrics} & set(tables.factors)
    if taken:
        raise UserError(f"runs.csv: a factor has the name of another column: {', '.join(sorted(taken))}.")
    levels = arm_levels(tables)
    order = {arm: i for i, arm in enumerate(levels)}
    base = dict(zip(tables.planned["arm_id"].astype(str), tables.planned["baseline"], strict=True))
    lines: list[list[str]] = [[*_HEAD, *tables.factors, *_RUN, *metrics]]
    records = tables.seeds.to_dict("records")
    for row in sorted(records, key=lambda row: (order[str(row["arm_id"])], int(row["seed"]))):
        arm = str(row["arm_id"])
        run: dict[Any, Any] = {**row, "budget": _budget(tables.facts.get(arm, {}))}
        head = [arm, str(row["arm"]), "true" if base[arm] else "false"]
        own = [level_cell(levels[arm][factor]) for factor in tables.factors]
        lines.append([*head, *own, *(_cell(run.get(name)) for name in (*_RUN, *metrics))])
    return "".join(line(cells) for cells in lines)


def tables_from_csv(path: Path, study: Study) -> StudyTables:
    """Read `runs.csv`, and `tuning.csv` beside it, back as tables without curves: what claims are judged by.

    Raises
    ------
    UserError
        The file is no runs.csv, or its factors are not the study's.
    """
    head, records = read_rows(path, "runs.csv", (*_HEAD, *_RUN))
    factors = head[len(_HEAD) : head.index(_RUN[0])]
    strange = sorted(set(study.factors) ^ set(factors))
    if strange:
        raise UserError(f"{path} and the study differ in their factors: {', '.join(strange)}.")
    metrics = head[head.index(_RUN[-1]) + 1 :]
    levels = {row["arm_id"]: {f: level_of(row[f]) for f in factors} for row in records}
    first = {row["arm_id"]: row for row in reversed(records)}
    arms = dict.fromkeys(row["arm_id"] for row in records)
    planned = pd.DataFrame(
        [{"arm_id": arm, "arm": first[arm]["arm"], "baseline": first[arm]["baseline"] == "true"} for arm in arms]
    )
    seeds: dict[str, Any] = {name: [row[name] for row in records] for name in _TEXT}
    seeds["seed"] = [int(row["seed"]) for row in records]
    seeds |= {name: [_number(row[name]) for row in records] for name in (*_NUMBER, *metrics)}
    for factor in factors:
        # `object` keeps 1, 1.0, True and None apart as they were planned; pandas would unify them.
        planned[factor] = pd.Series([levels[arm][factor] for arm in arms], dtype=object)
        seeds[factor] = pd.Series([levels[row["arm_id"]][factor] for row in records], dtype=object)
    table = pd.DataFrame(seeds)
    columns = ["arm_id", "arm", "seed", "outcome", *_NUMBER, "run_id", "identity", *factors, *metrics]
    facts: dict[str, dict[str, Any]] = {
        arm: dict.fromkeys(STEPS_TO_TARGET.values(), int(first[arm]["budget"])) if first[arm]["budget"] else {}
        for arm in arms
    }
    tuning = read_tuning_csv(path.with_name(TUNING))
    for arm, tuned in (facts_by_arm(tuning) if tuning is not None else {}).items():
        facts.setdefault(arm, {}).update(tuned)
    curves = pd.DataFrame(columns=["run_id", "arm_id", "seed", "metric", "step", "value"])
    name = {"name": path.parent.name, "key": "", "run_id": "", "experiment_id": "", "created": "", "command": ""}
    return StudyTables(
        {**name, "definition": study.model_dump(), "provenance": {}},
        planned,
        table[columns],
        curves,
        facts,
        tuning=tuning,
    )


def _budget(facts: Mapping[str, Any]) -> int | None:
    return next((facts[name] for name in reversed(STEPS_TO_TARGET.values()) if facts.get(name) is not None), None)


def recompute(path: Path, study: Study) -> list[Verdict]:
    """Judge a study by its committed `runs.csv`: as planned, the verdicts that the tracked runs gave."""
    return judge_planned(study, tables_from_csv(path, study))


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return str(value)


def _number(text: str) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        raise UserError(f"runs.csv: expected a number or an empty cell, got {text!r}.") from None
