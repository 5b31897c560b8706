"""The arguments that an agent gives to a tool, checked by the tool's signature: one line where they are not right."""

from __future__ import annotations

import inspect
import json
import math
import types
import typing
from collections.abc import Callable
from typing import Any, Literal

from ablate.errors import UserError, cut, unknown

_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list",
          dict: "a mapping"}  # fmt: skip


def checked(tool: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a tool, of the types of its parameters; all but texts may be given as JSON in a text.

    Raises
    ------
    UserError
        An argument that the tool does not have, that is missing, or of another type.
    """
    parameters, hints = inspect.signature(tool).parameters, typing.get_type_hints(tool)
    for name in given:
        if name not in parameters:
            raise unknown(f"argument of {tool.__name__}", name, parameters)
    missing = [name for name, one in parameters.items() if one.default is one.empty and name not in given]
    if missing:
        *first, last = [f"`{name}`" for name in missing]
        raise UserError(f"{tool.__name__} needs {', '.join(first)}{' and ' if first else ''}{last}: not given")
    return {name: _read(name, hints[name], value) for name, value in given.items()}


def _read(name: str, hint: Any, value: Any) -> Any:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and types.NoneType in kinds:
        return None
    (kind,) = (one for one in kinds if one is not types.NoneType)
    if typing.get_origin(kind) is Literal:
        if value not in typing.get_args(kind):
            raise unknown(f"value of `{name}`", str(value), typing.get_args(kind))
        return value
    of = typing.get_origin(kind) or kind
    if of is not str and isinstance(value, str):
        value = _as_json(value, of)
    if not _is(of, value):
        raise _other(name, _expected(kind), value)
    if of is list:
        return [_text(f"{name}[{at}]", one) for at, one in enumerate(value)]
    if of is dict:
        return {key: _text(f"{name}.{key}", one) for key, one in value.items()}
    return of(value)


def _is(kind: Any, value: Any) -> bool:
    """Tell whether a value is of a kind; true is not a number, and a number is not a text."""
    if kind in (int, float):
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return number and (kind is float or value == int(value))
    return isinstance(value, kind)


def _text(where: str, value: Any) -> str:
    """Return a text in a list or a mapping; a level may be given as a number or a truth value."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str | int | float):
        return str(value)
    raise _other(where, "a text or a number", value)


def _as_json(text: str, kind: Any) -> Any:
    """Return what a text holds where it is of a kind, as some agents write numbers and lists; else the text."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return read if _is(kind, read) else text


def _expected(kind: Any) -> str:
    of, inner = typing.get_origin(kind) or kind, typing.get_args(kind)
    return f"{_KINDS[of]} of texts" if inner else _KINDS[of]


def _other(name: str, expected: str, value: Any) -> UserError:
    try:
        got = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        got = repr(value)
    return UserError(f"`{name}` must be {expected}, got {cut(got)}")
