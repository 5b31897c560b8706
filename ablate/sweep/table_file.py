"""A CSV file as lines of cells, whoever saved it: its encoding, its separator, its decimal commas.

What is repaired is said. What could be read in two ways is refused: nothing here decides by what is more likely.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablate.errors import UserError
from ablate.lang import msg

SEPARATORS = {",": "", ";": msg("cells are separated by semicolons"), "\t": msg("cells are separated by tabs")}
DECIMAL_COMMAS = msg("numbers have decimal commas")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8", msg("the text is UTF-8 with a byte order mark")),
    (codecs.BOM_UTF32_LE, "utf-32-le", msg("the text is UTF-32")),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be", msg("the text is UTF-32")),
    (codecs.BOM_UTF16_LE, "utf-16-le", msg("the text is UTF-16")),
    (codecs.BOM_UTF16_BE, "utf-16-be", msg("the text is UTF-16")),
)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"([+-]?\d{1,40})(?:[.,]0*)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One line of the file below its head: where it begins, counted from 1, and its cells without blanks around."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class TableFile:
    """A CSV file.

    Attributes
    ----------
    text
        All of it, as it was decoded.
    head
        The names of the columns, without blanks around them.
    lines
        The lines below, every one with as many cells as the head.
    repairs
        What was done to read it, in parts of a sentence.
    """

    path: Path
    text: str
    head: tuple[str, ...]
    lines: tuple[Line, ...]
    repairs: tuple[str, ...]

    def column(self, name: str) -> list[str]:
        """Return the cells of a column, top down."""
        place = self.head.index(name)
        return [line.cells[place] for line in self.lines]


def read_table(path: Path, *, fits: Callable[[Sequence[str]], bool]) -> TableFile:
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
    head, lines, blank = _lines(path, body, mark, skipped)
    if blank:
        repairs.append(msg("blank lines are passed over"))
    return TableFile(path, text, head, lines, tuple(repairs))


def number(text: str, *, comma: bool = False) -> float | None:
    """Return a finite number, None for anything else (`nan`, `inf`, `1_000`, `90 %`).

    >>> number("1e-3"), number("0,5", comma=True), number("0,5"), number("nan")
    (0.001, 0.5, None, None)
    """
    if not _PLAIN.fullmatch(text):
        text = text.replace("\N{MINUS SIGN}", "-")
        if comma and _COMMA.fullmatch(text):
            text = text.replace(",", ".")
        if not _PLAIN.fullmatch(text):
            return None
    value = float(text)
    return value if abs(value) != float("inf") else None


def whole(text: str) -> int | None:
    """Return a whole number to its last digit, as `3` or as a spreadsheet saves it (`3.0`); None for anything else.

    >>> whole("12"), whole("3.0"), whole("3.5"), whole("1e3")
    (12, 3, None, None)
    """
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found else None


def decimal_commas(path: Path, cells: Iterable[tuple[int, str]]) -> bool:
    """Tell whether the numbers of a file have decimal commas.

    Parameters
    ----------
    cells
        (line, text) of every cell that should be a number.

    Raises
    ------
    UserError
        Some have commas and others points, or nothing tells `1,234` from 1234.
    """
    commas: list[tuple[int, str]] = []
    point: tuple[int, str] | None = None
    for line, text in cells:
        if _COMMA.fullmatch(text):
            commas.append((line, text))
        elif point is None and _PLAIN.fullmatch(text) and "." in text and whole(text) is None:
            point = (line, text)
    if not commas:
        return False
    if point is not None:
        raise UserError(
            f"{path}: line {commas[0][0]} has the number {commas[0][1]!r} and line {point[0]} has {point[1]!r}; "
            "expected decimal points or decimal commas, not both"
        )
    if all(_THOUSANDS.fullmatch(text) for _, text in commas):
        line, text = commas[0]
        raise UserError(
            f"{path}, line {line}: {text!r} can be read as {text.replace(',', '.')} or as {text.replace(',', '')}; "
            "expected numbers with a decimal point"
        )
    return True


def _decoded(path: Path) -> tuple[str, list[str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
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


def _lines(path: Path, body: str, mark: str, skipped: int) -> tuple[tuple[str, ...], tuple[Line, ...], int]:
    head: tuple[str, ...] = ()
    lines: list[Line] = []
    blank = 0
    for number_, cells in _records(path, body, mark, skipped):
        if not any(cells):
            blank += bool(cells) and bool(head)
        elif not head:
            head = tuple(cells)
        elif len(cells) != len(head):
            raise UserError(f"{path}, line {number_}: {len(cells)} cells under {len(head)} columns")
        else:
            lines.append(Line(number_, tuple(cells)))
    for column in head:
        if column and head.count(column) > 1:
            raise UserError(f"{path}: the column {column!r} is there twice")
    if not lines:
        raise UserError(
            f"{path}: expected a line of column names and a line per run, got {len(lines) + bool(head)} lines"
        )
    return head, tuple(lines), blank
