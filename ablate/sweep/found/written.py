"""How the numbers of a table are written: per cent signs, decimal commas; and what is written in more than one way."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ablate.errors import UserError
from ablate.lang import msg
from ablate.sources.cells import DECIMAL_COMMAS, decimal_commas, finite_number
from ablate.sources.contract import Done, RunTable
from ablate.sweep.found import names
from ablate.sweep.found.cells import EMPTY
from ablate.sweep.level_cells import BLANK
from ablate.train.metric import PERCENT, Metric

PERCENT_SIGNS = msg("numbers have per cent signs")
TWO_SCALES = msg(
    "shares of at most 1 beside others above 1: all are taken as per cent, so check that none is a fraction"
)

_SHARES_DOWN = frozenset({"err", "error", "error_rate", "wer", "cer", "ece"})
_BEGINS = re.compile(r"[+-]?[.,]?\d")  # a text that was to be a number: `0.91±0.02`


@dataclass(frozen=True)
class NumberStyle:
    """Places of the columns whose numbers all have per cent signs; whether numbers have decimal commas."""

    percent: frozenset[int]
    comma: bool

    def repairs(self, places: Collection[int]) -> tuple[str, ...]:
        """Return what was done to read the numbers, of the columns at some places."""
        signs = (PERCENT_SIGNS,) if self.percent & set(places) else ()
        return ((DECIMAL_COMMAS,) if self.comma else ()) + signs


def written_in(table: RunTable, out: Collection[int], named: Collection[int], judged: Collection[int]) -> NumberStyle:
    """Tell how numbers are written.

    Parameters
    ----------
    out, named, judged
        Places of columns that are left out, are factors by the user's word, and are metrics by it.

    Raises
    ------
    UserError
        A column has per cent signs in some cells only; a column with the name of a metric or of a count of steps holds
        texts that begin as numbers do; some numbers have decimal commas and others points.
    """
    cells = [[line.cells[place] for line in table.lines] for place in range(len(table.head))]
    percent = frozenset(place for place, column in enumerate(cells) if _all_percent(column))
    for place in range(len(cells)):
        if place not in (*percent, *out, *named):
            _check_signs(table, place, cells[place], meant=place in judged)
    comma = table.commas and _commas(table, cells, percent)
    for place, name in enumerate(table.head):
        if place in (*percent, *out, *named, *judged) or names.is_setting(name):
            continue
        if names.meaning_word(name):
            _check_numbers(table, name, cells[place], "has the name of a metric", comma=comma)
        elif names.word_of(name) in names.PROGRESS:
            _check_numbers(table, name, cells[place], "has the name of a count of steps", comma=comma)
    return NumberStyle(percent, comma)


def _sign(cell: str) -> bool:
    return cell.endswith("%") and finite_number(cell[:-1].strip(), comma=True) is not None


def _all_percent(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell not in EMPTY]
    return bool(filled) and all(map(_sign, filled))


def _check_signs(table: RunTable, place: int, cells: Sequence[str], *, meant: bool) -> None:
    """Raise `UserError` where a column of numbers that may have come out has per cent signs in some cells only."""
    filled = [(line, cell) for line, cell in zip(table.lines, cells, strict=True) if cell not in BLANK]
    signs = [(line, cell) for line, cell in filled if _sign(cell)]
    plain = [(line, cell) for line, cell in filled if finite_number(cell, comma=True) is not None]
    if not signs or not plain:
        return
    name = table.head[place]
    result = meant or names.meaning_word(name) is not None or names.is_result(name)
    if names.is_setting(name) or not (result or 2 * len(set(cells)) > len(cells)):
        return  # levels: texts that come back
    raise UserError(
        f"{table.where}: {name!r} is {signs[0][1]!r} in {signs[0][0].told} and {plain[0][1]!r} in {plain[0][0].told}; "
        f"expected a per cent sign in every cell of a column or in none, or --leave-out {name!r}"
    )


def _check_numbers(table: RunTable, name: str, cells: Sequence[str], why: str, *, comma: bool) -> None:
    """Raise `UserError` where what has the name of a metric or a count is not numbers, but was to be."""
    filled = [(line, cell) for line, cell in zip(table.lines, cells, strict=True) if cell not in BLANK]
    odd = [(line, cell) for line, cell in filled if finite_number(cell, comma=comma) is None
           and cell.lower().lstrip("+-") not in ("inf", "infinity")]  # fmt: skip
    if odd and 2 * sum(bool(_BEGINS.match(cell)) for _, cell in filled) > len(filled):
        raise UserError(
            f"{table.where}: {name!r} {why}, so it must hold numbers, got {odd[0][1]!r:.60} in "
            f"{odd[0][0].told}; ignore it with --leave-out {name!r} if it is not one"
        )


def _commas(table: RunTable, cells: Sequence[Sequence[str]], percent: Collection[int]) -> bool:
    """Tell whether numbers have decimal commas, by the columns that are numbers only if they do."""
    numbers: list[tuple[str, str]] = []
    for place, column in enumerate(cells):
        texts = [cell.removesuffix("%").strip() if place in percent else cell for cell in column]
        filled = [text for text in texts if text not in EMPTY]
        if filled and all(finite_number(text, comma=True) is not None for text in filled):
            at = f" ({table.head[place]})" if table.head[place] else ""
            numbers += [(line.told + at, text) for line, text in zip(table.lines, texts, strict=True)]
    return decimal_commas(table.where, numbers)


def read_so(table: RunTable, written: NumberStyle, settings: Collection[int], metrics: Collection[int]) -> RunTable:
    """Return the table with points in the numbers of settings, `majority_rate` as a share, and what was repaired.

    Parameters
    ----------
    settings, metrics
        Places of columns: settings are handed on as they are, metrics are read by how they are written.
    """
    rate = table.head.index("majority_rate") if "majority_rate" in table.head else None

    def plain(place: int, cell: str) -> str:
        if place not in settings or cell in EMPTY:
            return cell
        if place == rate and place in written.percent:
            value = finite_number(cell[:-1].strip(), comma=written.comma)
            return cell if value is None else repr(value / 100.0)
        if written.comma and finite_number(cell) is None and finite_number(cell, comma=True) is not None:
            return cell.replace(",", ".")
        return cell

    places = [*metrics, *([rate] if rate is not None and rate in settings else [])]
    lines = [
        replace(line, cells=tuple(plain(place, cell) for place, cell in enumerate(line.cells))) for line in table.lines
    ]
    return replace(table, lines=tuple(lines), repairs=(*table.repairs, *written.repairs(places)))


def two_scales(
    where: str, metrics: Mapping[str, Metric], runs: Sequence[Mapping[str, float]], sides: Sequence[bool | None] = ()
) -> list[Done]:
    """Return what is told of shares that have values up to 1 and values above: some may be fractions.

    Parameters
    ----------
    sides
        Of every run, on which of the two sides that are compared it stands, None where on neither; empty where no
        comparison was stated.

    Raises
    ------
    UserError
        The small ones are fractions by all appearances: as per cent they are what the others are, or one side of the
        comparison has nothing else and the other none.
    """
    done = []
    for name, metric in metrics.items():
        values = [run[name] for run in runs if name in run]
        word = names.meaning_word(name) or ""
        share = names.MEANINGS.get(word, ("", False))[1] or metric.unit == PERCENT
        small, large = [v for v in values if 0.0 < v <= 1.0], [v for v in values if 1.0 < v <= 100.0]
        alike = small and large and 0.9 * min(large) <= 100.0 * min(small) <= 100.0 * max(small) <= 1.1 * max(large)
        if alike and (share or word in _SHARES_DOWN):
            raise UserError(
                f"{where}: {name} is {small[0]:g} in one run and {large[0]:g} in another, which looks like a "
                "fraction beside per cent; expected one of the two in all runs, or per cent signs"
            )
        if share and small and large and _split(name, runs, sides):
            raise UserError(
                f"{where}: {name} is at most 1 in all runs of one side ({small[0]:g}) and above 1 in all of the other "
                f"({large[0]:g}), which looks like a fraction beside per cent; expected one of the two on both "
                "sides, or per cent signs"
            )
        if share and small and large:
            told = f"{name}: {min(small):g} beside {max(large):g}"
            done.append(Done(TWO_SCALES, min(len(small), len(large)), told))
    return done


def _split(name: str, runs: Sequence[Mapping[str, float]], sides: Sequence[bool | None]) -> bool:
    """Tell whether one side has all values up to 1 and the other all above; zeros, which are both, aside."""
    above: dict[bool, set[bool]] = {}
    for run, side in zip(runs, sides, strict=False):
        if side is not None and run.get(name):
            above.setdefault(side, set()).add(run[name] > 1.0)
    return len(above) == 2 and {True} in above.values() and {False} in above.values()
