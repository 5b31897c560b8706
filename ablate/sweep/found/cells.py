"""The cells of a column as numbers and as levels, typed as they are meant in a table that nobody declared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ablate.claims.parts import Level
from ablate.sources.cells import finite_number, whole
from ablate.sweep.level_cells import BLANK

EMPTY = frozenset(BLANK) - {"none", "None", "NONE"}
"""What holds nothing: `none` is the name of a level as often."""

_TRUTH = {"true": True, "false": False}


def cell_number(cell: str, *, percent: bool, comma: bool) -> float | None:
    """Return the number of a cell, without its per cent sign where the column has them."""
    return finite_number(cell.removesuffix("%").strip() if percent else cell, comma=comma)


def levels_in(cells: Iterable[str], *, comma: bool = False) -> dict[str, Level]:
    """Return cell -> the level it is: numbers where all are, truth values where all are, else texts; blanks are none.

    >>> levels_in(["0.10", "1e-1", "1"]), levels_in(["True", "FALSE"]), levels_in(["none", "batch", ""])
    ({'0.10': 0.1, '1e-1': 0.1, '1': 1}, {'True': True, 'FALSE': False}, {'none': 'none', 'batch': 'batch', '': None})
    """
    every = list(dict.fromkeys(cells))
    filled = [cell for cell in every if cell not in EMPTY]
    blanks: dict[str, Any] = {cell: None for cell in every if cell in EMPTY}
    numeric = [cell for cell in filled if cell not in BLANK]
    values = {cell: finite_number(cell, comma=comma) for cell in numeric}
    if numeric and all(value is not None for value in values.values()):
        exact = {cell: whole(cell) for cell in numeric}
        numbers = {cell: (exact[cell] if exact[cell] is not None else values[cell]) for cell in numeric}
        return {cell: blanks[cell] if cell in blanks else numbers.get(cell) for cell in every}
    if filled and all(cell.lower() in _TRUTH for cell in filled):
        return {cell: blanks[cell] if cell in blanks else _TRUTH[cell.lower()] for cell in every}
    return {cell: blanks.get(cell, cell) for cell in every}


def one_number(levels: Iterable[Level]) -> tuple[str, str] | None:
    """Return two texts among levels that are one number, as of a column in which not all are numbers; else None.

    >>> one_number(["0.1", "0.10", "auto"]), one_number(["1", "10", "auto"]), one_number([0.1, 1])
    (('0.1', '0.10'), None, None)
    """
    seen: dict[float, str] = {}
    for level in levels:
        value = finite_number(level) if isinstance(level, str) else None
        if isinstance(level, str) and value is not None and seen.setdefault(value, level) != level:
            return seen[value], level
    return None
