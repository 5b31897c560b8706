"""A level of a factor: how it is read, kept, compared and written. Each of the four is done here and nowhere else.

A level is a text, a whole number, a real number, true, false, nothing (null), or a list of these. How a word is read as
one of them stands in `ablate.values`.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ablate.values import check_value, from_json, plain

Level = str | int | float | bool | None

Names = Mapping[str, Mapping[Level, str]]

DIGITS = 6
"""Significant digits of a real number in a label; more where two levels of one factor would look alike."""

EXACT = 17
"""Digits with which no real number is rounded."""

NO_NAMES: Names = {}


class ListLevel(str):
    """A list that is a level: its compact JSON text, ``[50,50]``, by which it is grouped, stored and shown.

    It is equal to the text of the same letters, so that both cannot be levels of one factor, but is known from it:
    what trains gets `expanded`, the list.

    >>> level = compact([50, 50])
    >>> level, isinstance(level, ListLevel), expanded(level), expanded("[50,50]")
    ('[50,50]', True, [50, 50], '[50,50]')
    """

    __slots__ = ()


def compact(value: Any) -> Any:
    """Return a level as it is kept: a list as a `ListLevel`, everything else as it is."""
    if isinstance(value, list | tuple):
        return ListLevel(json.dumps(value, separators=(",", ":"), allow_nan=False))
    return value


def expanded(value: Any) -> Any:
    """Return what a level stands for, as it is handed to what trains: the list of a `ListLevel`."""
    return from_json(value) if isinstance(value, ListLevel) else value


def read_level(value: Any) -> Level:
    """Return a value of a study file or the command line as a level, as it is: nothing is converted.

    Raises
    ------
    ValueError
        It is a mapping, not finite, or no kind of value that a level can be.
    """
    if isinstance(value, dict):
        raise ValueError("text, a number, true, false, null or a list, for a mapping cannot be a level")  # noqa: TRY004 - pydantic reads ValueError
    check_value(value)
    level: Level = compact(value)
    return level


def stored(level: Level) -> Level:
    """Return a level as JSON documents keep it: a list as its text, a text that reads like a list in JSON quotes.

    Lists have always been kept so: nothing that is stored changes. `restored` gives the level back.

    >>> stored(compact([1, 2])), stored("[1,2]"), stored("[INST] a")
    ('[1,2]', '"[1,2]"', '[INST] a')
    """
    if isinstance(level, ListLevel):
        return str(level)
    return _quoted(level) if isinstance(level, str) and _is_list(level) else level


def restored(level: Level) -> Level:
    """Return the level that a JSON document keeps (see `stored`).

    >>> expanded(restored("[1,2]")), restored('"[1,2]"'), restored("[INST] a")
    ([1, 2], '[1,2]', '[INST] a')
    """
    if isinstance(level, str) and level[:2] == '"[' and _is_json(level):
        text: str = from_json(level)
        return text if _is_list(text) else level
    return ListLevel(level) if isinstance(level, str) and _is_list(level) else level


def stored_levels(levels: Mapping[str, Level]) -> dict[str, Level]:
    """Return factor -> level as JSON documents keep it."""
    return {factor: stored(level) for factor, level in levels.items()}


def restored_levels(levels: Mapping[str, Level]) -> dict[str, Level]:
    """Return factor -> the level that a JSON document keeps."""
    return {factor: restored(level) for factor, level in levels.items()}


def level_key(level: Any) -> tuple[str, Any]:
    """Return a hashable key that is the same for two levels that count as one.

    1 and 1.0 are one level; 1, true and the text ``1`` are three. None and NaN (how a table holds None) are one.

    >>> [level_key(1) == level_key(other) for other in (1.0, True, "1")], level_key(2**53) == level_key(2**53 + 1)
    ([True, False, False], False)
    """
    if hasattr(level, "item"):
        level = level.item()  # a NumPy scalar of a table
    if level is None or (isinstance(level, float) and math.isnan(level)):
        return "none", None
    if isinstance(level, bool):
        return "bool", level
    return ("number", level) if isinstance(level, int | float) else ("text", str(level))


def same_level(one: Any, other: Any) -> bool:
    """Return whether two levels count as one."""
    return level_key(one) == level_key(other)


def among(level: Any, levels: Iterable[Any]) -> bool:
    """Return whether a level is one of these."""
    return any(same_level(level, other) for other in levels)


def own_level(level: Any, levels: Iterable[Any]) -> Any:
    """Return the one of `levels` that `level` counts as, with its own type; `level` itself where none does.

    >>> own_level(1, [0.5, 1.0])
    1.0
    """
    return next((other for other in levels if same_level(level, other)), level)


def levels_alike(levels: Sequence[Level]) -> tuple[Level, Level] | None:
    """Return two levels that tables or readers could not keep apart, or None.

    1 and 1.0, 1 and true, a list and its text, the text ``1`` and one that has the quotes in it.
    """
    seen: dict[Level, Level] = {}
    written: dict[str, Level] = {}
    for level in levels:
        text = level_name(stored(level), EXACT)
        if level in seen or text in written:
            return seen[level] if level in seen else written[text], level
        seen[level] = written[text] = level
    return None


def level_name(level: Level, digits: int = DIGITS) -> str:
    """Write a level for people, on one line; read back as an unquoted word or a quoted text it is the level again.

    Real numbers that need more digits are rounded to `digits`; `level_names` keeps the levels of a factor apart.

    >>> [level_name(level) for level in (0.0001, 1.0, 0.541169527, None, True, compact([50, 50]))]
    ['0.0001', '1.0', '0.54117', 'null', 'true', '[50,50]']

    A text that would read as something else, or run into its neighbours, stands in quotes:

    >>> [level_name(level) for level in ("batch", "1", "true", "a, b", "")]
    ['batch', '"1"', '"true"', '"a, b"', '""']
    """
    if level is None:
        return "null"
    if isinstance(level, bool):
        return str(level).lower()
    if isinstance(level, float):
        rounded = f"{level:.{digits}g}"
        return rounded if float(rounded) != level else str(level)
    if isinstance(level, ListLevel) or not isinstance(level, str):
        return str(level)
    if _is_plain(level) or (level.isprintable() and level[:1] in ("[", '"') and _is_json(level)):  # see `stored`
        return level
    return _quoted(level)


def level_names(levels: Iterable[Level]) -> dict[Level, str]:
    """Write the levels of one factor, each told from the others: real numbers with as many digits as that takes.

    >>> level_names([0.12345671, 0.12345674, 0.5])
    {0.12345671: '0.12345671', 0.12345674: '0.12345674', 0.5: '0.5'}
    """
    names = {level: level_name(stored(level)) for level in levels}
    for digits in range(DIGITS + 1, EXACT + 1):
        values = {level: _worth(level, text) for level, text in names.items()}
        times = Counter(values.values())
        if len(times) == len(names):
            break
        names = {
            level: level_name(level, digits) if isinstance(level, float) and times[values[level]] > 1 else text
            for level, text in names.items()
        }
    return names


def _worth(level: Level, name: str) -> tuple[str, Any]:
    """Return what a reader takes a name for: of a real number its rounded value."""
    return ("number", float(name)) if isinstance(level, float) else level_key(level)


def factor_names(factors: Mapping[str, Iterable[Level]]) -> Names:
    """Return factor -> level -> how it is written among the levels of its factor."""
    return {factor: level_names(levels) for factor, levels in factors.items()}


def levels_text(levels: Mapping[str, Level], names: Names) -> str:
    """Write levels as ``factor=level``, by the names of `factor_names` where a level has one.

    >>> levels_text({"norm": "batch", "lr": 0.12345678}, factor_names({"lr": [0.12345678, 0.12345679]}))
    'norm=batch, lr=0.12345678'
    """
    told = {factor: names.get(factor, {}).get(level) or level_name(level) for factor, level in levels.items()}
    return ", ".join(f"{factor}={text}" for factor, text in told.items())


def value_name(value: Any) -> str:
    """Write any value that may be fixed: a level as `level_name` does, a list or mapping as compact JSON."""
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return level_name(value)


def level_list(levels: Iterable[Level]) -> str:
    """Write the levels of one factor in a row: ``none, batch``."""
    return ", ".join(level_names(levels).values())


def _is_plain(text: str) -> bool:
    """Return whether a text can stand without quotes: nobody takes it for anything else."""
    if not text or text != text.strip() or not text.isprintable() or text[0] in "\"'" or re.search("[,=|]", text):
        return False
    try:
        return plain(text) == text and not _is_list(text)
    except ValueError:
        return False


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _is_list(text: str) -> bool:
    return text[:1] == "[" and _is_json(text)


def _is_json(text: str) -> bool:
    try:
        from_json(text)
    except (ValueError, RecursionError):
        return False
    return True
