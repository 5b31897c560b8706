"""CSV files that bring back what was written: floats to the bit, levels with their type."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ablate.errors import UserError
from ablate.levels import ListLevel
from ablate.sources.cells import decimal_commas, finite_number, whole
from ablate.sources.contract import RunTable
from ablate.sources.csv_file import read_table
from ablate.sweep.level_cells import BLANK, level_in
from ablate.track.record import Level
from ablate.train.outcome import LARGEST
from ablate.values import from_json

_FORMULA = ("=", "+", "-", "@")  # a spreadsheet would compute it


def number_cell(value: float) -> str:
    """Return a number as a cell, with as many digits as bring the same bits back; NaN is an empty one.

    >>> number_cell(0.1), number_cell(math.nan)
    ('0.1', '')
    """
    return "" if math.isnan(value) else repr(value)


@dataclass(frozen=True)
class Rows:
    """A CSV file of ours, as it is or as another program saved it again.

    Attributes
    ----------
    head
        Names of the columns, those that only number the rows left out.
    records
        A row each, column -> cell.
    lines
        Where each row stands in the file.
    comma
        Whether numbers have decimal commas.
    """

    path: Path
    head: list[str]
    records: list[dict[str, str]]
    lines: list[int]
    comma: bool

    def number(self, row: int, column: str) -> float:
        """Return a number, NaN for an empty cell."""
        text = self.records[row][column]
        value = finite_number(text, comma=self.comma)
        if value is None and text not in BLANK:
            raise UserError(f"{self._where(row, column)}: expected a number or an empty cell, got {text!r}")
        if value is not None and abs(value) > LARGEST:
            raise UserError(f"{self._where(row, column)}: expected a number within ±{LARGEST:g}, got {text!r}")
        return math.nan if value is None else value

    def whole(self, row: int, column: str) -> int | None:
        """Return a whole number, None for an empty cell."""
        text = self.records[row][column]
        value = whole(text)
        if value is None and text not in BLANK:
            raise UserError(f"{self._where(row, column)}: expected a whole number, got {text!r}")
        return value

    def truth(self, row: int, column: str) -> bool:
        """Return a truth value."""
        text = self.records[row][column]
        if text.lower() not in ("true", "false"):
            raise UserError(f"{self._where(row, column)}: expected true or false, got {text!r}")
        return text.lower() == "true"

    def level(self, row: int, column: str, factor: str, levels: Sequence[Level] | None = None) -> Level:
        """Return a level: what `level_cell` wrote, or which of `levels` a cell that was saved again means."""
        text = self.records[row][column]
        written = level_of(text)
        if levels is None or any(type(level) is type(written) and level == written for level in levels):
            return written
        return level_in(f"{self.path}, line {self.lines[row]}", factor, text, levels, comma=self.comma)

    def _where(self, row: int, column: str) -> str:
        return f"{self.path}, line {self.lines[row]}, {column}"


def read_rows(path: Path, name: str, needed: Sequence[str], numeric: Sequence[str]) -> Rows:
    """Return the rows of a CSV file that is known as `name`.

    Parameters
    ----------
    needed
        Columns that must be there.
    numeric
        Columns of numbers, by which decimal commas are known.

    Raises
    ------
    UserError
        It cannot be read, a line has another number of cells, or a column of `needed` is missing.
    """
    table = read_table(path, fits=lambda head: all(column in head for column in needed))
    missing = [column for column in needed if column not in table.head]
    if missing:
        raise UserError(f"{path} is not a {name}: it has no column {', '.join(missing)}.")
    kept = [place for place, column in enumerate(table.head) if not _numbers_rows(table, place)]
    if unnamed := [place for place in kept if not table.head[place]]:
        raise UserError(f"{path} is not a {name}: its column {unnamed[0] + 1} has no name.")
    head = [table.head[place] for place in kept]
    cells = ((line.number, line.cells[place]) for line in table.lines for place in kept if table.head[place] in numeric)
    return Rows(
        path,
        head,
        [{table.head[place]: line.cells[place] for place in kept} for line in table.lines],
        [line.number for line in table.lines],
        decimal_commas(str(path), cells),
    )


def _numbers_rows(table: RunTable, place: int) -> bool:
    """Whether a column is the index that pandas writes beside the data."""
    name = table.head[place]
    if name and not re.fullmatch(r"index|level_\d+|Unnamed: \d+", name):
        return False
    return all(whole(line.cells[place]) is not None or not line.cells[place] for line in table.lines)


def csv_line(cells: Sequence[str]) -> str:
    """Return one line of a CSV file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)  # so that a cell with either letter is quoted
    return out.getvalue().removesuffix("\r\n") + "\n"


def visible(text: str) -> str:
    r"""Write a text for people: letters that nobody sees, and that a file may not hold, by their code points.

    >>> visible("norm=\0")
    'norm=\\x00'
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def level_cell(level: Level) -> str:
    """Write a level so that `level_of` brings it back with its type."""
    if level is None:
        return ""
    if isinstance(level, str):
        back = level_of(level) if level else None
        plain = back == level and type(back) is type(level) and level == level.strip() and level.isprintable()
        plain = plain and not level.startswith(_FORMULA)
        return level if plain else json.dumps(level, ensure_ascii=not level.isprintable())
    return json.dumps(level)


def level_of(text: str) -> Level:
    """Read what `level_cell` wrote."""
    if not text:
        return None
    try:
        value = from_json(text)
    except ValueError:
        return text
    if isinstance(value, float) and not math.isfinite(value):  # `NaN`, `Infinity`: words, as levels go
        return text
    if isinstance(value, list):
        return ListLevel(text)
    return value if isinstance(value, str | int | float) else text
