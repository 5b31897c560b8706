"""A CSV file as lines of cells, whoever saved it: its encoding, its separator, its decimal commas.

What is repaired is said. What could be read in two ways is refused: nothing here decides by what is more likely.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, near_file, plural
from ablate.lang import msg
from ablate.registry import register
from ablate.sources.contract import Fits, Line, RunTable, Source

CUT_CELL = msg("the file does not end with a line break: if its writer was stopped, the last cell is cut")
CUT_LINE = msg("the last line has too few cells and no line break, as where a writer was stopped: it is left out")
SEPARATORS = {",": "", ";": msg("cells are separated by semicolons"), "\t": msg("cells are separated by tabs")}

_BOMS = (
    (codecs.BOM_UTF8, "utf-8", msg("the text is UTF-8 with a byte order mark")),
    (codecs.BOM_UTF32_LE, "utf-32-le", msg("the text is UTF-32")),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be", msg("the text is UTF-32")),
    (codecs.BOM_UTF16_LE, "utf-16-le", msg("the text is UTF-16")),
    (codecs.BOM_UTF16_BE, "utf-16-be", msg("the text is UTF-16")),
)


@register("source", "csv")
@dataclass(frozen=True)
class Csv(Source):
    """A row per run under a row of names: commas, semicolons or tabs, UTF-8 or UTF-16."""

    endings = (".csv", ".tsv", ".txt")

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the rows of a file; see `read_table`."""
        return read_table(Path(address), fits=fits)

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs with commas."""
        path = folder / "runs.csv"
        table = RunTable.of(str(path), runs)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([table.head, *(line.cells for line in table.lines)])
        return str(path)


def read_table(path: Path, *, fits: Fits) -> RunTable:
    """Read a CSV file: UTF-8, or UTF-16 and UTF-32 by their marks; commas, semicolons or tabs.

    Parameters
    ----------
    fits
        Whether a head is one the caller can use. The separator is the one that gives such a head; where none does, the
        one that gives most columns.

    Raises
    ------
    UserError
        With file and line: it cannot be read or decoded, holds a NUL, a quotation mark is not closed, a line has
        another number of cells than the head, or a column is there twice.
    """
    text, repairs = _decoded(path)
    body, given = text, ""
    first, _, rest = text.partition("\n")
    if re.fullmatch(r"sep=[,;\t]", first.strip('\r "')):  # how Excel is told the separator
        given, body = first.strip('\r "')[4], rest
    skipped = 1 if given else 0
    heads = {mark: _head(path, body, mark) for mark in ([given] if given else SEPARATORS)}
    mark = next((m for m, head in heads.items() if fits(head)), max(heads, key=lambda m: len(heads[m])))
    if mark != ",":
        repairs.append(SEPARATORS[mark])
    head, lines, blank, cut = _lines(path, body, mark, skipped)
    repairs += cut
    if blank:
        repairs.append(msg("blank lines are ignored"))
    return RunTable(str(path), path.name, text, head, lines, tuple(repairs), commas=True)


def _decoded(path: Path) -> tuple[str, list[str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        near = near_file(path) if isinstance(error, FileNotFoundError) else ""
        raise UserError(f"{path} cannot be read: {error.strerror or error}{near}") from None
    mark, name, said = next(((m, n, s) for m, n, s in _BOMS if data.startswith(m)), (b"", "utf-8", ""))
    if not mark and len(data) >= 4 and len(data) % 2 == 0:
        # ASCII letters in UTF-16 have a NUL beside each; no other encoding of a CSV file has.
        for start, unmarked in ((1, "utf-16-le"), (0, "utf-16-be")):
            if data[start::2].count(0) * 10 >= len(data[start::2]) * 9:
                name, said = unmarked, msg("the text is UTF-16")
    try:
        text = data[len(mark) :].decode(name)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path}, line {line}: the file is not UTF-8 text (byte 0x{data[len(mark) + error.start]:02x}); expected "
            "UTF-8 or UTF-16, as a spreadsheet saves it under `CSV UTF-8`"
        ) from None
    place = text.find("\0")
    if place >= 0:
        line = text.count("\n", 0, place) + 1
        raise UserError(f"{path}, line {line}: a NUL byte stands in the text; is this a CSV file?")
    return text, [said] if said else []


def _records(path: Path, body: str, mark: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of every line; a cell may be as long as the file."""
    before = csv.field_size_limit(max(len(body), 131_072))
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=mark, strict=True)
    start = 1
    try:
        for cells in reader:
            yield start + skipped, [cell.strip() for cell in cells]
            start = reader.line_num + 1
    except csv.Error as error:
        why = "a quotation mark is not closed" if "unexpected end" in str(error) else str(error)
        raise UserError(f"{path}, line {start + skipped}: {why}") from None
    finally:
        csv.field_size_limit(before)


def _head(path: Path, body: str, mark: str) -> list[str]:
    try:
        return next((cells for _, cells in _records(path, body, mark, 0) if any(cells)), [])
    except UserError:  # with another separator it may be whole; `_lines` says what is wrong
        return []


def _lines(path: Path, body: str, mark: str, skipped: int) -> tuple[tuple[str, ...], tuple[Line, ...], int, list[str]]:
    """Return names, lines, how many are blank, and what is said of a last one that a writer may not have finished."""
    head: tuple[str, ...] = ()
    lines: list[Line] = []
    blank = 0
    records = list(_records(path, body, mark, skipped))
    open_end = bool(body) and body[-1] not in "\r\n"
    cut = [CUT_CELL] if open_end else []
    for place, (number_, cells) in enumerate(records, 1):
        if not any(cells):
            blank += bool(cells) and bool(head)
        elif not head:
            head = tuple(cells)
        elif len(cells) < len(head) and open_end and lines and place == len(records):
            cut = [CUT_LINE]
        elif len(cells) != len(head):
            raise UserError(f"{path}, line {number_}: {plural(len(cells), 'cell')} under {plural(len(head), 'column')}")
        else:
            lines.append(Line(number_, tuple(cells)))
    if not lines:
        raise UserError(
            f"{path}: expected a line of column names and a line per run, got {plural(len(lines) + bool(head), 'line')}"
        )
    return head, tuple(lines), blank, cut
