"""Which level of a factor a cell of a CSV file means: as ablate writes it, or as another program saved it again."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ablate.errors import UserError, unknown
from ablate.levels import EXACT, Level, compact, level_list, level_name, level_names
from ablate.sources.cells import finite_number, whole
from ablate.values import from_json

BLANK = ("", "-", "\N{EN DASH}", "\N{EM DASH}", "nan", "NaN", "NAN", "na", "NA", "N/A", "n/a", "#N/A", "<NA>", "none",
         "None", "NONE", "null", "Null", "NULL", "NaT")  # fmt: skip
"""What programs write into a cell that holds nothing."""

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOT_TRUTH = ("0", "1", "0.0", "1.0", "yes", "no", "y", "n", "t", "f", "on", "off")
_DIGITS = range(6, 18)  # significant digits that a number may have been rounded to


def level_in(where: str, factor: str, text: str, levels: Sequence[Level], *, comma: bool = False) -> Level:
    """Return the level of a factor that a cell means.

    A text stands for itself, also in quotes (``"true"``, as ablate writes a text that would read as something else);
    a number for the level that equals it, or for the only one that it is a rounding of, to six digits or more; `true`
    and `false`, in small letters or not, for truth values; an empty cell and what programs write for one (`nan`,
    `None`) for no level. 1 and 0 are not taken for truth values.

    Raises
    ------
    UserError
        It means no level, or it may mean two.
    """
    meant = _meant(text, levels, comma=comma)
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise UserError(
            f"{where}: {text!r:.60} can mean {' or '.join(_typed(level) for level in meant)} of {factor}; expected "
            "levels that a file tells apart"
        )
    if text.lower() in _NOT_TRUTH and any(isinstance(level, bool) for level in levels):
        raise UserError(
            f"{where}: {factor} has the levels {level_list(levels)}, got {text!r}; expected true or false in "
            f"the file, or the level {text} in the study"
        )
    raise UserError(f"{where}: {unknown(f'level of {factor}', text, level_names(levels).values())}")


def _meant(text: str, levels: Sequence[Level], *, comma: bool) -> list[Level]:
    quoted = _unquoted(text)
    if quoted is not None and quoted in [level for level in levels if isinstance(level, str)]:
        return [quoted]
    texts = [level for level in levels if isinstance(level, str) and (level == text or _same_list(level, text))]
    value = finite_number(text, comma=comma)
    numbers = [level for level in levels if isinstance(level, int | float) and not isinstance(level, bool)]
    equal: list[Level] = [level for level in numbers if value is not None and _equals(text, value, level)]
    if value is not None and not equal:
        equal = [level for level in numbers if equals_rounded(float(level), value)]
    truths: list[Level] = [level for level in levels if isinstance(level, bool) and _TRUTH.get(text) is level]
    if texts and not equal and not truths:
        return list(texts)  # `none` where that is a level, beside one that is not a level
    nothing: list[Level] = [level for level in levels if level is None and text in BLANK]
    return [*texts, *equal, *truths, *nothing]


def _equals(text: str, value: float, level: float) -> bool:
    exact = whole(text)
    if isinstance(level, int) and exact is not None:
        return exact == level  # beyond 2^53, where floats merge whole numbers
    return value == level


def equals_rounded(exact: float | None, value: float) -> bool:
    """Whether a number equals another one, or is a rounding of it to six significant digits or more.

    >>> equals_rounded(0.541169527, 0.54117), equals_rounded(0.541169527, 0.5412)
    (True, False)
    """
    if exact is None or not math.isclose(exact, value, rel_tol=1e-4):
        return False
    return exact == value or any(float(f"{exact:.{digits}g}") == value for digits in _DIGITS)


def _unquoted(text: str) -> str | None:
    if len(text) < 2 or not text.startswith('"'):
        return None
    try:
        value = from_json(text)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _same_list(level: str, text: str) -> bool:
    """Tell whether both are the same list: levels that are lists are kept as texts, without blanks."""
    if not (level.startswith("[") and text.startswith("[")):
        return False
    try:
        return bool(compact(from_json(text)) == compact(from_json(level)))
    except (ValueError, RecursionError):
        return False


def _typed(level: Level) -> str:
    return (
        f"the text {level!r}" if isinstance(level, str) else "no level" if level is None else level_name(level, EXACT)
    )
