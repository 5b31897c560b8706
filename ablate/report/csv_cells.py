"""CSV files that bring back what was written: floats to the bit, levels with their type."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

from ablate.errors import UserError
from ablate.levels import ListLevel
from ablate.track.record import Level


def read_rows(path: Path, name: str, needed: Sequence[str]) -> tuple[list[str], list[dict[str, str]]]:
    """Return the head and the rows of a CSV file that is known as `name`.

    Raises
    ------
    UserError
        It cannot be read, a line has another number of cells, or a column of `needed` is missing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    head, *rows = list(csv.reader(text.splitlines())) or [[]]
    ragged = next((number for number, row in enumerate(rows, start=2) if len(row) != len(head)), None)
    if ragged is not None:
        raise UserError(f"{path}, line {ragged}: expected {len(head)} cells, as in the first line.")
    missing = [column for column in needed if column not in head]
    if missing:
        raise UserError(f"{path} is no {name}: it has no column {', '.join(missing)}.")
    return head, [dict(zip(head, row, strict=True)) for row in rows]


def line(cells: Sequence[str]) -> str:
    """Return one line of a CSV file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def level_cell(level: Level) -> str:
    """Write a level so that `level_of` brings it back with its type."""
    if level is None:
        return ""
    if isinstance(level, str):
        back = level_of(level) if level else None
        bare = back == level and type(back) is type(level) and level.isprintable() and level == level.strip()
        return level if bare else json.dumps(level, ensure_ascii=not level.isprintable())
    return json.dumps(level)


def level_of(text: str) -> Level:
    """Read what `level_cell` wrote."""
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, float) and not math.isfinite(value):  # `NaN`, `Infinity`: words, as levels go
        return text
    if isinstance(value, list):
        return ListLevel(text)
    return value if isinstance(value, str | int | float) else text
