"""Tables that are not text: Parquet files, and the sheets of an Excel workbook.

Cells come with their types, so nothing about separators or decimal commas has to be found out. Formulas are not
computed: what a spreadsheet stored as their result counts, and one without a result is an error.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
import uuid
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, unknown
from ablate.lang import msg
from ablate.registry import register
from ablate.sources.contract import Fits, Line, RunTable, Source
from ablate.zips import check_unpacked, zip_damage

ABOVE = msg("rows above the table are ignored")
_ROWS = 1_048_576  # of a sheet: what Excel holds
_CELLS = 50_000_000  # of a table: each takes some 100 bytes while it is read


@register("source", "parquet")
@dataclass(frozen=True)
class Parquet(Source):
    """A row per run in a Parquet file, as pandas, polars or Arrow write it."""

    endings = (".parquet", ".pq")

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the rows of a file; an index of pandas without a name is left out."""
        del fits
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = _file(address)
        try:
            file = pq.ParquetFile(path, memory_map=False)
            _check_cells(path, file.metadata.num_rows, file.metadata.num_columns)
            table = file.read()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read as a Parquet file: {_short(error)}") from None
        return RunTable.of(str(path), arrow_runs(str(path), table), name=path.name)

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs with columns of their types; where a column has several, as texts."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = folder / "runs.parquet"
        columns = {}
        for name in runs[0]:
            cells = [run[name] for run in runs]
            alike = len({type(value) for value in cells if value is not None}) <= 1
            columns[name] = cells if alike else [None if value is None else str(value) for value in cells]
        pq.write_table(pa.table(columns), path)
        return str(path)


@register("source", "excel")
@dataclass(frozen=True)
class Excel(Source):
    """A row per run in a sheet: `runs.xlsx`, or `excel:runs.xlsx#SHEET` of several."""

    endings = (".xlsx", ".xlsm", ".xls")
    schemes = ("excel",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the rows of a sheet under its first line of names."""
        del fits
        file, mark, sheet = address.partition("#") if not Path(address).exists() else (address, "", "")
        path = _file(file)
        if path.suffix.lower() == ".xls":
            raise UserError(f"{path}: old workbooks (.xls) are not read; save it as .xlsx or CSV")
        values = _sheets(path, computed=True)
        full = {name: rows for name, rows in values.items() if any(any(_held(cell) for cell in row) for row in rows)}
        if mark and sheet not in values:
            raise unknown(f"sheet in {path}", sheet, values)
        if not full:
            raise UserError(f"{path}: expected a row per run, got an empty workbook")
        if not mark and len(full) > 1:
            raise UserError(
                f"{path} holds {len(full)} sheets: say which with excel:{path}#NAME, one of {', '.join(full)}"
            )
        name = sheet if mark else next(iter(full))
        _computed(path, name, values[name])
        return _table(f"{path}#{name}" if mark else str(path), path.name, values[name])

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs to the only sheet; a number with more digits than a workbook keeps as a text."""
        import openpyxl

        book, path = openpyxl.Workbook(), folder / "runs.xlsx"
        sheet: Any = book.active
        sheet.append(list(runs[0]))
        for run in runs:
            cells = [repr(v) if isinstance(v, float) and float(f"{v:.16g}") != v else v for v in run.values()]
            sheet.append([str(v) if type(v) is int and abs(v) > 10**15 else v for v in cells])
        book.save(path)
        return str(path)


def _check_cells(path: Path, rows: int, columns: int) -> None:
    """Refuse a table that would fill the memory; a Parquet file of equal values is small whatever it holds."""
    if rows * columns > _CELLS:
        raise UserError(
            f"{path} holds {rows:,} rows of {columns:,} columns; expected a row per run, at most {_CELLS:,} cells"
        )


def arrow_runs(where: str, table: Any) -> list[dict[str, Any]]:
    """Return the rows of an Arrow table as mappings of plain values, without an index that has no name.

    Raises
    ------
    UserError
        A column is there twice, or there are no rows.
    """
    import pyarrow as pa

    columns: dict[str, list[Any]] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if re.fullmatch(r"__index_level_\d+__", name):
            continue
        if name in columns:
            raise UserError(f"{where}: the column {name!r} is there twice")
        values = column.to_pylist()
        if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
            values = [None if value is None else _shortest(value, column.type.bit_width) for value in values]
        columns[name] = [plain_cell(value) for value in values]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _file(address: str) -> Path:
    path = Path(address)
    if path.is_dir():
        raise UserError(f"{path} is a folder; expected a file")
    if not path.is_file():
        raise UserError(f"{path} cannot be read: No such file or directory")
    return path


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _shortest(value: float, bits: int) -> float:
    """Return a number of fewer bits as it was written: 0.1, not 0.10000000149."""
    import numpy as np

    return float(str(np.float16(value) if bits == 16 else np.float32(value)))


def plain_cell(value: Any) -> Any:
    """Return a cell as a table of runs holds it: times, decimals and identifiers as texts, bytes as UTF-8."""
    if isinstance(value, dt.date | dt.time | dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, Mapping):
        return {str(key): plain_cell(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain_cell(part) for part in value]
    return value


def _sheets(path: Path, *, computed: bool) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every sheet; with the results of formulas, or with the formulas themselves."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings():  # of parts that a table has no use for: styles, drop-down lists
            warnings.simplefilter("ignore")
            with zipfile.ZipFile(path) as archive:
                check_unpacked(path, archive)
            book = openpyxl.load_workbook(path, read_only=True, data_only=computed)
            try:
                # How many rows a sheet has is told wrongly by some programs: those that come are counted.
                rows = {sheet.title: sheet.iter_rows(values_only=True, max_row=_ROWS + 1) for sheet in book.worksheets}
                return {name: _counted(path, coming) for name, coming in rows.items()}
            finally:
                book.close()
    except zip_damage(InvalidFileException, KeyError, ValueError, TypeError, SyntaxError, AttributeError) as error:
        raise UserError(f"{path} cannot be read as an Excel workbook: {_short(error)}") from None


def _counted(path: Path, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    held: list[tuple[Any, ...]] = []
    cells = 0
    for row in rows:
        held.append(row)
        cells += len(row)
        if len(held) > _ROWS or cells > _CELLS:
            raise UserError(
                f"{path} holds a sheet of more than {_ROWS:,} rows or {_CELLS:,} cells; expected a row per run"
            )
    return held


def _computed(path: Path, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Refuse a formula whose result is not stored: its cell would look empty.

    Raises
    ------
    UserError
        There is one; names its cell.
    """
    if all(_held(cell) for row in rows for cell in row):
        return
    from openpyxl.utils import get_column_letter

    for at, (row, formulas) in enumerate(zip(rows, _sheets(path, computed=False)[name], strict=True), start=1):
        for place, (value, formula) in enumerate(zip(row, formulas, strict=True), start=1):
            if value is None and isinstance(formula, str) and formula.startswith("="):
                raise UserError(
                    f"{path}, sheet {name}, cell {get_column_letter(place)}{at}: the formula {formula!r:.40} has no "
                    "result in the file; open it in a spreadsheet and save it, or write the numbers"
                )


def _held(cell: Any) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _table(where: str, name: str, rows: Iterable[tuple[Any, ...]]) -> RunTable:
    """Return the rows below the first that has names; lines are numbered as the spreadsheet does."""
    filled = [(number, row) for number, row in enumerate(rows, start=1) if any(map(_held, row))]
    widest = max(sum(map(_held, row)) for _, row in filled)
    first = next(i for i, (_, row) in enumerate(filled) if sum(map(_held, row)) > (1 if widest > 1 else 0))
    width = max(place for _, row in filled[first:] for place, cell in enumerate(row, start=1) if _held(cell))
    (top, *numbers), (names, *below) = zip(*((n, _as_wide(row, width)) for n, row in filled[first:]), strict=True)
    head = tuple("" if cell is None else str(cell).strip() for cell in names)
    keys = [column or f"unnamed column {place}" for place, column in enumerate(head, start=1)]
    for column in head:
        if column and head.count(column) > 1:
            raise UserError(f"{where}: the column {column!r} is there twice")
    table = RunTable.of(where, [dict(zip(keys, row, strict=True)) for row in below], name=name)
    lines = tuple(Line(number, line.cells) for number, line in zip(numbers, table.lines, strict=True))
    told = [ABOVE] if first else []
    if numbers[-1] - top > len(numbers):
        told.append(msg("blank lines are ignored"))
    return RunTable(where, name, table.text, head, lines, tuple(told))


def _as_wide(row: Sequence[Any], width: int) -> list[Any]:
    return [plain_cell(cell) for cell in (*row, *[None] * width)[:width]]
