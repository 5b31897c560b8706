"""Verdicts read back from `verdicts.json`: the inverse of `Verdict.as_dict`."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

from ablate.errors import UserError
from ablate.judge.verdict import Verdict


def verdict_from(data: Mapping[str, Any], *, where: str = "verdicts.json") -> Verdict:
    """Return the verdict that `as_dict` wrote; what an older version did not write has its default.

    Raises
    ------
    UserError
        A field that every verdict has is missing.
    """
    hints = typing.get_type_hints(Verdict)
    values = {f.name: _restored(hints[f.name], data[f.name]) for f in dataclasses.fields(Verdict) if f.name in data}
    try:
        return Verdict(**values)
    except TypeError:
        raise UserError(f"{where}: the verdict {data.get('claim_id')!r} is not complete; write it again") from None


def _restored(hint: Any, value: Any) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _restored(next(arg for arg in inner if arg is not types.NoneType), value)
    if hint is float:
        return math.nan if value is None else float(value)  # "inf" and "-inf" are texts there
    if origin is tuple:
        each = [inner[0]] * len(value) if len(inner) == 2 and inner[1] is Ellipsis else inner
        return tuple(_restored(kind, item) for kind, item in zip(each, value, strict=True))
    if origin is dict:
        return {int(k) if inner[0] is int else k: _restored(inner[1], item) for k, item in value.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        own = typing.get_type_hints(hint)
        return hint(**{name: _restored(own[name], item) for name, item in value.items() if name in own})
    return value
