"""`tuning.csv`: every tuning run as one tidy row, beside `runs.csv`, and back: what a `tuning_edge` gate needs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.report.csv_cells import level_cell, line, read_rows
from ablate.track.record import StudyTables
from ablate.track.tuned import HEAD, WORST, tuned_facts, tuned_keys

NAME = "tuning.csv"


def tuning_csv(tables: StudyTables) -> str | None:
    """Return the file, one column per tuned key after the head (see `track.tuned`); None where nothing was tuned.

    `score` is empty for a run without a value, which counts as the worst.
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
        own = [level_cell(row[key].item() if hasattr(row[key], "item") else row[key]) for key in keys]
        lines.append([*(told[name] for name in HEAD), *own])
    return "".join(line(cells) for cells in lines)


def read_tuning_csv(path: Path) -> pd.DataFrame | None:
    """Read the table back; None where there is no such file.

    Raises
    ------
    UserError
        The file is not a tuning.csv.
    """
    if not path.exists():
        return None
    rows = read_rows(path, NAME, HEAD, ("score",))
    records = []
    for row, record in enumerate(rows.records):
        cells: dict[str, Any] = dict(record)
        cells |= {name: rows.level(row, name, name) for name in rows.head if name not in HEAD}
        cells |= {name: rows.whole(row, name) for name in ("trial", "seed")}
        score = rows.number(row, "score")
        cells["score"] = WORST if math.isnan(score) else score
        cells["chosen"] = rows.truth(row, "chosen")
        records.append(cells)
    return pd.DataFrame(records)


def facts_by_arm(runs: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return arm id -> ``{"tuned": {key: {chosen, grid, edge}}}`` for every arm that takes tuned values."""
    found = {}
    for _, rows in runs.groupby("arm_id", sort=False):
        facts = tuned_facts(rows)
        found.update({arm: {"tuned": facts} for arm in str(rows["serves"].iloc[0]).split()})
    return found
