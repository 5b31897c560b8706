"""When runs were made, by columns of times as programs and spreadsheets write them: which of several is the last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import product

from ablate.sources.cells import finite_number
from ablate.sources.contract import Line, RunTable
from ablate.sweep.found import names
from ablate.sweep.level_cells import BLANK

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
         "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%a %d %b %Y", "%a %b %d %Y")  # fmt: skip
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %H-%M-%S", " %H%M%S")
_ZONES = ("", " %z")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d*)?))?(?: ?([AaPp][Mm]))?")
_LONG_AGO = 1e8  # 1973, in seconds since 1970: a smaller `time` is how long something took


class Moments:
    """The times of a table's rows, read when they are asked for: most tables have no runs between which they decide.

    Parameters
    ----------
    places
        Of the columns that hold times, in the order of the file; where one does not tell two rows apart the next does.
    """

    def __init__(self, table: RunTable, places: Sequence[int]) -> None:
        self.table, self.places = table, places

    def ordered(self, lines: Sequence[Line]) -> tuple[list[int], str]:
        """Return the places of lines from the first made to the last; and what is in the way of telling, else empty.

        Lines of the same times, or of none, stay in the order of the file.
        """
        keys: list[tuple[float, ...]] = [() for _ in lines]
        for name, moments in self._columns:
            times = [moments.get(line.number) for line in lines]
            if len({*keys}) == len(lines) or (times.count(None) == len(times) and not self._holds(name, lines)):
                continue
            if None in times:
                odd = next(line for line, value in zip(lines, times, strict=True) if value is None)
                return list(range(len(lines))), f"{name!r} is {odd.cells[self.table.head.index(name)]!r} in {odd.told}"
            keys = [(*key, value) for key, value in zip(keys, times, strict=True) if value is not None]
        return sorted(range(len(lines)), key=lambda i: (keys[i], lines[i].number)), ""

    def _holds(self, name: str, lines: Sequence[Line]) -> bool:
        return any(line.cells[self.table.head.index(name)] not in BLANK for line in lines)

    @cached_property
    def _columns(self) -> list[tuple[str, dict[int, float]]]:
        """Return each column of times with the moment of every line in which it can be read in one way."""
        columns = list[tuple[str, dict[int, float]]]()
        for place in self.places:
            name = self.table.head[place]
            filled = [line for line in self.table.lines if line.cells[place] not in BLANK]
            cells = [line.cells[place] for line in filled]
            if names.word_of(name) in ("time", "wall_time") and _lasts(cells):
                continue
            read = moments_of(cells, clock=bool(columns))
            columns.append(
                (name, {} if read is None else dict(zip([line.number for line in filled], read, strict=True)))
            )
        return columns


def _lasts(cells: Sequence[str]) -> bool:
    """Tell whether numbers are how long something took, and not when it was."""
    values = [finite_number(cell) for cell in cells]
    return all(value is not None and abs(value) < _LONG_AGO for value in values)


def moments_of(cells: Sequence[str], *, clock: bool = False) -> list[float] | None:
    """Return times as numbers that grow with them; None where they cannot be read, or in two ways that differ.

    Parameters
    ----------
    clock
        A time of day alone will do, because another column says the day.

    >>> early, late = moments_of(["2026-01-02T01:00:00+00:00", "2026-01-01T23:00:00-05:00"])
    >>> late - early, moments_of(["999", "1000"]), moments_of(["31.12.2025", "02.01.2026"]) is None
    (10800.0, [999.0, 1000.0], False)
    >>> moments_of(["02/01/2026", "01/02/2026"]), moments_of(["yesterday", "today"]), moments_of(["9:30", "10:15"])
    (None, None, None)
    """
    every = list(dict.fromkeys(cells))
    values = [finite_number(cell) for cell in every]
    if all(value is not None for value in values):
        read: list[float] | None = [value for value in values if value is not None]
    else:
        read = _dates(every) or (_clocks(every) if clock else None)
    if read is None:
        return None
    by_cell = dict(zip(every, read, strict=True))
    return [by_cell[cell] for cell in cells]


def _dates(cells: Sequence[str]) -> list[float] | None:
    try:
        return _seconds([datetime.fromisoformat(cell) for cell in cells])
    except ValueError:
        pass
    plain = [_plain(cell) for cell in cells]
    readings = [read for day in _DAYS if (read := _by_day(plain, day)) is not None]
    orders = {tuple(sorted(range(len(read)), key=read.__getitem__)) for read in readings}
    return readings[0] if len(orders) == 1 else None


def _plain(cell: str) -> str:
    """Return a time with blanks between its parts, and UTC as an offset.

    >>> _plain("2026-01-02_10-00-00"), _plain("Mon, 02 Feb 2026 10:00:00 GMT"), _plain("2/1/2026, 1:00 pm")
    ('2026-01-02 10-00-00', 'Mon 02 Feb 2026 10:00:00 +0000', '2/1/2026 1:00 PM')
    """
    text = re.sub(r"(?<=\d)[T_](?=\d)", " ", cell).replace(",", " ")
    text = re.sub(r"\s*\b(UTC|GMT|Z)$", " +0000", re.sub(r"(?<=\d)Z$", " Z", text))
    text = re.sub(r"(?<=\d) ?([ap])\.?m\.?$", lambda m: f" {m[1].upper()}M", text, flags=re.IGNORECASE)
    return " ".join(text.split())


def _by_day(cells: Sequence[str], day: str) -> list[float] | None:
    """Return times whose days are all written in one way."""
    dates = []
    for cell in cells:
        read = None
        for clock, zone in product(_CLOCKS, _ZONES):
            try:
                read = datetime.strptime(cell, day + clock + zone)
            except ValueError:
                continue
            break
        if read is None:
            return None
        dates.append(read)
    return _seconds(dates)


def _seconds(times: Sequence[datetime]) -> list[float] | None:
    """Return times as seconds; None where some have a time zone and others none."""
    if len({time.tzinfo is None for time in times}) > 1:
        return None
    first = datetime(1970, 1, 1, tzinfo=UTC)
    return [((time if time.tzinfo else time.replace(tzinfo=UTC)) - first).total_seconds() for time in times]


def _clocks(cells: Sequence[str]) -> list[float] | None:
    """Return times of a day as seconds."""
    seconds = []
    for cell in cells:
        parts = _CLOCK.fullmatch(cell)
        if parts is None:
            return None
        hour = int(parts[1]) % 12 + (12 if parts[4].lower() == "pm" else 0) if parts[4] else int(parts[1])
        seconds.append(3600.0 * hour + 60.0 * int(parts[2]) + float(parts[3] or 0))
    return seconds
