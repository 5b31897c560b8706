"""`copy.csv`: the runs of a copy of the baseline that tunes for itself, and back: what the A/A gate needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ablate.report.csv_cells import line, number_cell, read_rows
from ablate.track.record import StudyTables

NAME = "copy.csv"
HEAD = ("copy_of", "seed", "outcome", "majority_rate")


def copy_csv(tables: StudyTables) -> str | None:
    """Return the file: a row per seed, one column per metric after the head; None where there is no copy.

    `seed` is the one that the run stands beside; its own lies a million further.
    """
    copy = tables.copy
    if copy is None or copy.empty:
        return None
    metrics = sorted(str(column) for column in copy.columns if column not in HEAD)
    lines = [[*HEAD, *metrics]]
    for row in copy.to_dict("records"):
        head = [str(row["copy_of"]), str(row["seed"]), str(row["outcome"])]
        lines.append([*head, *(number_cell(float(row[name])) for name in ("majority_rate", *metrics))])
    return "".join(line(cells) for cells in lines)


def read_copy_csv(path: Path) -> pd.DataFrame | None:
    """Read the table back; None where there is no such file.

    Raises
    ------
    UserError
        The file is not a copy.csv.
    """
    if not path.exists():
        return None
    rows = read_rows(path, NAME, HEAD, ("majority_rate",))
    records = []
    for row, record in enumerate(rows.records):
        cells: dict[str, Any] = {"copy_of": record["copy_of"], "seed": rows.whole(row, "seed")}
        cells |= {"outcome": record["outcome"]}
        cells |= {name: rows.number(row, name) for name in rows.head if name not in HEAD[:3]}
        records.append(cells)
    return pd.DataFrame(records)
