"""The numbers in the cells of a table of runs, as programs and spreadsheets write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ablate.errors import UserError
from ablate.lang import msg

DECIMAL_COMMAS = msg("numbers have decimal commas")

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"([+-]?\d{1,40})(?:[.,]0*)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


def finite_number(text: str, *, comma: bool = False) -> float | None:
    """Return a finite number, None for anything else (`nan`, `inf`, `1_000`, `90 %`).

    >>> finite_number("1e-3"), finite_number("0,5", comma=True), finite_number("0,5"), finite_number("nan")
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
    match = _WHOLE.fullmatch(text)
    return int(match[1]) if match else None


def decimal_commas(where: str, cells: Iterable[tuple[int | str, str]]) -> bool:
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
    commas: list[tuple[str, str]] = []
    point: tuple[str, str] | None = None
    for at, text in cells:
        line = at if isinstance(at, str) else f"line {at}"
        if _COMMA.fullmatch(text):
            commas.append((line, text))
        elif point is None and _PLAIN.fullmatch(text) and "." in text and whole(text) is None:
            point = (line, text)
    if not commas:
        return False
    if point is not None:
        raise UserError(
            f"{where}: {commas[0][0]} has the number {commas[0][1]!r} and {point[0]} has {point[1]!r}; "
            "expected decimal points or decimal commas, not both"
        )
    if all(_THOUSANDS.fullmatch(text) for _, text in commas):
        line, text = commas[0]
        raise UserError(
            f"{where}, {line}: {text!r} can be read as {text.replace(',', '.')} or as {text.replace(',', '')}; "
            "expected numbers with a decimal point"
        )
    return True
