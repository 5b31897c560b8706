"""A value as it is written: which unquoted words are numbers, and which values no study may hold.

A study file and the command line read an unquoted word by the same rule, the core schema of YAML 1.2; what is quoted is
text.
"""

from __future__ import annotations

import json
import math
import re
import sys
from typing import Any

Scalar = str | int | float | bool | None

MOST_DEPTH = 32
"""How deep lists and mappings may lie in each other."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_WHOLE = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LONGEST_NUMBER = 400  # characters: a number with more is none that a float could hold


def plain(word: str) -> Scalar:
    """Read an unquoted word as the core schema of YAML 1.2 does.

    >>> [plain(word) for word in ("010", "0o10", "1e3", "true", "~", "1:10", "1_000", "off", "2024-01-01", "inf")]
    [10, 8, 1000.0, True, None, '1:10', '1_000', 'off', '2024-01-01', 'inf']

    Raises
    ------
    ValueError
        It is spelt as a number that no float holds (``3e563``, ``1e-400``), or as one that is not finite (``.inf``).
    """
    if word in _NULL:
        return None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    for pattern, base in ((_WHOLE, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(word):
            return _whole(word, base)
    if _REAL.fullmatch(word):
        value = float(word)
        if math.isinf(value):
            raise _too_large(word)
        if value == 0.0 and re.search(r"[1-9]", re.split("[eE]", word)[0]):
            raise ValueError(f"{word} is too small a number: it would be read as 0; {_in_quotes(word)}")
        return value
    if _NOT_FINITE.fullmatch(word):
        raise ValueError(f"{word} is not a finite number; {_in_quotes(word)}")
    return word


def is_number(word: str) -> bool:
    """Return whether an unquoted word is a number."""
    try:
        return isinstance(plain(word), int | float) and word not in _TRUE | _FALSE
    except ValueError:
        return False


def _whole(word: str, base: int) -> int:
    if len(word) > _LONGEST_NUMBER:
        raise _too_large(word)
    value = int(word.removeprefix("0o"), base)
    if abs(value) > sys.float_info.max:
        raise _too_large(word)
    return value


def _too_large(word: str) -> ValueError:
    return ValueError(f"{short(word)} is too large a number: the largest is 1.8e308; {_in_quotes(word)}")


def _in_quotes(word: str) -> str:
    return f"in quotes it is text: '{short(word)}'"


def short(text: str, most: int = 40) -> str:
    """Return a text for an error message, its middle left out where it is long."""
    return text if len(text) <= most else f"{text[: most - 10]}…{text[-6:]}"


def from_json(text: str | bytes, *, once: bool = False) -> Any:
    """Return what a JSON text holds; with `once` no object may name anything twice, of which the last would count.

    Raises
    ------
    ValueError
        It is not JSON, or lists and mappings lie deeper in each other than Python reads.
    """
    try:
        return json.loads(text, object_pairs_hook=_named_once if once else None)
    except RecursionError:
        raise ValueError("lists and mappings are nested too deeply") from None


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{short(twice)!r} stands in it twice")
    return named


def lines_of(text: str) -> list[str]:
    r"""Return the lines of a text that was read with universal newlines, as a file of JSON lines has them.

    `str.splitlines` breaks at characters that JSON may hold in a text as well: U+2028, U+0085, a form feed.

    >>> lines_of("a\u2028b\nc\n"), lines_of("")
    (['a\u2028b', 'c'], [])
    """
    return text.removesuffix("\n").split("\n") if text else []


def check_value(value: Any, *, depth: int = 0) -> None:
    """Refuse a value that no study may hold, wherever it comes from.

    Raises
    ------
    ValueError
        A number is not finite or beyond what a float holds; a text holds half a character (a surrogate); lists and
        mappings lie deeper in each other than `MOST_DEPTH`; it is none of the kinds a level or a setting may have.
    """
    if depth > MOST_DEPTH:
        raise ValueError(f"lists and mappings may be nested {MOST_DEPTH} deep")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, list | tuple):
        for item in value:
            check_value(item, depth=depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the keys of a mapping must be text, got {key!r}")  # noqa: TRY004 - as the others
            check_text(key)
            check_value(item, depth=depth + 1)
    elif isinstance(value, int | float):
        if not abs(value) <= sys.float_info.max:
            told = repr(value) if isinstance(value, float) else f"a whole number of {value.bit_length()} bits"
            raise ValueError(f"{told} is not a finite number, or too large a one; the largest is 1.8e308")
    elif value is not None:
        raise ValueError(f"expected text, a number, true, false, null, a list or a mapping, got {value!r}")


def check_text(text: str) -> None:
    """Raise `ValueError` for a text that cannot be written as UTF-8: it holds half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"U+{ord(text[error.start]):04X}"
        raise ValueError(f"the text {short(ascii(text))} holds {half}, half a character; it is not Unicode") from None
