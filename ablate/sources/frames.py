"""A table of pandas or polars as the runs of a file."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from ablate.errors import UserError, must
from ablate.sources.contract import Line, RunTable
from ablate.sources.workbooks import arrow_runs, plain_cell


def is_frame(given: Any) -> bool:
    """Tell whether something is a table of pandas or polars."""
    lazy = hasattr(given, "collect_schema") and hasattr(given, "collect")
    return lazy or (hasattr(given, "columns") and (hasattr(given, "to_csv") or hasattr(given, "write_csv")))


def frame_table(frame: Any) -> RunTable:
    """Return a table of pandas or polars as the runs of a file: every cell as a text, a named index as a column.

    Raises
    ------
    UserError
        It is not a table, has no rows, or a column is there twice.
    """
    where = "the table"
    if hasattr(frame, "collect_schema") and hasattr(frame, "collect"):  # a lazy one of polars
        frame = frame.collect()
    if hasattr(frame, "write_csv") and hasattr(frame, "to_arrow"):  # polars
        return RunTable.of(where, arrow_runs(where, frame.to_arrow()))
    if not hasattr(frame, "to_csv") or not hasattr(frame, "columns"):
        raise must("results", "be a table of pandas or polars, or the path or address of results", frame)
    columns = [*(name for name in frame.index.names if name is not None), *frame.columns]
    if frame.columns.nlevels > 1:
        raise UserError(
            f"{where}: its columns have {frame.columns.nlevels} levels of names, expected one; join them, as in "
            'frame.columns = ["/".join(map(str, name)) for name in frame.columns]'
        )
    texts = [str(name).strip() for name in columns]
    for name in texts:  # 1 and "1" are one name, and so are "a" and " a"
        if texts.count(name) > 1:
            raise UserError(f"{where}: the column {name!r} is there twice; rename one, or leave it out")
    if len(columns) > len(frame.columns):  # what was made an index is a column: a seed, often
        frame = frame.reset_index()
    frame = frame.set_axis([str(name).strip() for name in frame.columns], axis="columns")
    sparse = [name for name in frame.columns if hasattr(frame[name].dtype, "fill_value")]
    frame = frame.assign(**{name: frame[name].sparse.to_dense() for name in sparse})
    nested = [name for name in frame.columns if frame[name].map(lambda cell: isinstance(cell, dict | list)).any()]
    frame = frame.assign(**{name: frame[name].map(_nested) for name in nested})
    rows = list(csv.reader(io.StringIO(frame.to_csv(index=False))))
    if len(rows) < 2:
        raise UserError(f"{where}: expected a row per run, got none")
    head = tuple(cell.strip() for cell in rows[0])
    lines = tuple(Line(i, tuple(cell.strip() for cell in row)) for i, row in enumerate(rows[1:], start=1))
    return RunTable(where, where, json.dumps(rows), head, lines)


def _nested(cell: Any) -> Any:
    """Return a cell that holds others as JSON."""
    return json.dumps(plain_cell(cell)) if isinstance(cell, dict | list) else cell
