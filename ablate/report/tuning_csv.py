"""Beside `runs.csv`, and back: `tuning.csv`, every tuning run as one tidy row, which a `tuning_edge` gate needs.

And `copy.csv`: the runs of a copy of the baseline that tunes for itself, which the A/A gate needs.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.report.csv_cells import csv_line, level_cell, number_cell, read_rows
from ablate.report.recognised import COPY, TUNING
from ablate.track.record import StudyTables
from ablate.track.tuned import HEAD, WORST, absent, join_tables, plain_value, tuned_facts, tuned_keys

_COPY_HEAD = ("copy_of", "seed", "outcome", "majority_rate")


def tuning_csv(tables: StudyTables) -> str | None:
    """Return the file, one column per tuned key after the head (see `track.tuned`); None where nothing was tuned.

    `score` is empty for a run without a value, which counts as the worst; a key that an arm does not have is empty.
    """
    runs = tables.tuning
    if runs is None or runs.empty:
        return None
    keys = tuned_keys(runs)
    lines = [[*HEAD, *keys]]
    for row in runs.to_dict("records"):
        score = float(row["score"])
        told = {name: str(row[name]) for name in HEAD}
        told["score"] = repr(score) if math.isfinite(score) else ""
        told["chosen"] = "true" if row["chosen"] else "false"
        tuned_cells = ["" if absent(row[key]) else level_cell(plain_value(row[key])) for key in keys]
        lines.append([*(told[name] for name in HEAD), *tuned_cells])
    return "".join(csv_line(cells) for cells in lines)


def read_tuning_csv(path: Path) -> pd.DataFrame | None:
    """Read the table back; None where there is no such file.

    Raises
    ------
    UserError
        The file is not a tuning.csv.
    """
    if not path.exists():
        return None
    rows = read_rows(path, TUNING, HEAD, ("score",))
    records = []
    for row, record in enumerate(rows.records):
        cells: dict[str, Any] = dict(record)
        cells |= {name: rows.level(row, name, name) for name in rows.head if name not in HEAD}
        cells |= {name: rows.whole(row, name) for name in ("trial", "seed")}
        score = rows.number(row, "score")
        cells["score"] = WORST if math.isnan(score) else score
        cells["chosen"] = rows.truth(row, "chosen")
        records.append(cells)
    if not records:
        return pd.DataFrame(columns=rows.head)
    by_arm: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_arm.setdefault(record["arm_id"], []).append(record)
    tables = [pd.DataFrame(arm_rows) for arm_rows in by_arm.values()]
    return join_tables([table[[*HEAD, *tuned_keys(table)]] for table in tables])


def facts_by_arm(runs: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return arm id -> ``{"tuned": {key: {chosen, grid, edge}}}`` for every arm that takes tuned values."""
    tuned = {}
    for _, rows in runs.groupby("arm_id", sort=False):
        facts = tuned_facts(rows)
        tuned.update({arm: {"tuned": facts} for arm in str(rows["serves"].iloc[0]).split()})
    return tuned


def copy_csv(tables: StudyTables) -> str | None:
    """Return the file: a row per seed, one column per metric after the head; None without a copy.

    `seed` is the one that the run stands beside; its own lies a million further.
    """
    copy = tables.copy
    if copy is None or copy.empty:
        return None
    metrics = sorted(str(column) for column in copy.columns if column not in _COPY_HEAD)
    lines = [[*_COPY_HEAD, *metrics]]
    for row in copy.to_dict("records"):
        head = [str(row["copy_of"]), str(row["seed"]), str(row["outcome"])]
        lines.append([*head, *(number_cell(float(row[name])) for name in ("majority_rate", *metrics))])
    return "".join(csv_line(cells) for cells in lines)


def read_copy_csv(path: Path) -> pd.DataFrame | None:
    """Read the table back; None where there is no such file.

    Raises
    ------
    UserError
        The file is not a copy.csv.
    """
    if not path.exists():
        return None
    rows = read_rows(path, COPY, _COPY_HEAD, ("majority_rate",))
    records = []
    for row, record in enumerate(rows.records):
        cells: dict[str, Any] = {"copy_of": record["copy_of"], "seed": rows.whole(row, "seed")}
        cells |= {"outcome": record["outcome"]}
        cells |= {name: rows.number(row, name) for name in rows.head if name not in _COPY_HEAD[:3]}
        records.append(cells)
    return pd.DataFrame(records)
