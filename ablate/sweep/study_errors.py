"""What is wrong with a study, in one clear line: pydantic's errors in the words of a study file."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ablate.claims.kinds import KINDS
from ablate.errors import cut, nearest, unknown
from ablate.sweep.design.parts import DESIGNS
from ablate.sweep.figures import FIGURES, OWN
from ablate.sweep.study import Study

_UNIONS: dict[str, tuple[str, dict[str, type[Any]]]] = {
    "claims": ("claim kind", dict(KINDS)),
    "design": ("design", dict(DESIGNS)),
    "figures": ("figure kind", dict(FIGURES)),
}


_PLAIN = {
    "a valid dictionary": "a mapping", "a valid list": "a list", "a valid tuple": "a list", "a valid string": "a text",
    "a valid number": "a number", "a valid integer": "a whole number", "a valid boolean": "true or false",
}  # fmt: skip
"""What pydantic calls a type -> what a study file does."""


def first_error(error: ValidationError) -> str:
    """Return what is wrong with a study, the first of it, in one line: what was expected and what was got."""
    errors = error.errors()
    # A misspelt key is missing under its right name too; what was typed is the better thing to show.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    path = _without_kinds(first["loc"])
    loc = cut(".".join(str(part) for part in path))
    if first["type"] == "extra_forbidden":
        *parents, key = first["loc"]
        fields = _fields_at(Study, parents)
        hint = nearest(str(key), fields)
        tail = f"; nearest match: {hint}" if hint else ""
        return f"unknown key {loc!r}: expected one of {', '.join(fields)}{tail}"
    if first["type"] == "missing":
        return f"key {loc!r} is missing"
    if first["type"] == "union_tag_invalid":
        what, kinds = _UNIONS[str(path[0])]
        return f"{loc}: {unknown(what, str(first['input'].get('kind')), kinds)}"
    if first["type"] == "union_tag_not_found":
        what, kinds = _UNIONS[str(path[0])]
        return f"`{loc}` must name its `kind` ({what}), one of {', '.join(sorted(kinds))}"
    if first["type"] == "string_pattern_mismatch":
        said = "use small letters a-z, digits and hyphens alone, and begin with a letter or digit"
        valid = _plain_id(str(first["input"]))[:40]
        return f"`{loc}` must {said}, got {cut(repr(first['input']))}" + (f"; for example {valid!r}" if valid else "")
    if path == ["metrics"] and first["type"] == "value_error":
        return first["msg"].removeprefix("Value error, ")  # says what must be what by itself
    message = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    message = _PLAIN.get(message, message)
    if first["type"] == "value_error" and (
        " is not " in message or message.startswith(("the ", "lists ", "expected "))
    ):
        return f"`{loc}`: {cut(message)}"  # a sentence of its own (`values.check_value`)
    return f"`{loc or 'a key'}` must be {cut(message)}, got {cut(repr(first['input']))}"


def _plain_id(text: str) -> str:
    """Return the nearest text that may be the id of a claim; empty where nothing of it may.

    >>> _plain_id("Größer als_1?")
    'grosser-als-1'
    """
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _without_kinds(loc: tuple[int | str, ...]) -> list[int | str]:
    """Take out what pydantic puts into the path to tell kinds apart: ``claims.0.effect.metric``."""
    if loc[:2] == ("tune", "space"):
        return [part for i, part in enumerate(loc) if i != 3]
    if loc[:2] == ("tune", "spaces"):  # tune, spaces, 0, space, key, kind of axis
        return [part for i, part in enumerate(loc) if i != 5]
    kinds = _UNIONS.get(str(loc[0]), ("", {}))[1] if loc else {}
    return [part for i, part in enumerate(loc) if not ((part in kinds or part == OWN) and i == 2)]


def _fields_at(model: type[BaseModel], path: list[int | str]) -> list[str]:
    for part in path:
        kind = {**KINDS, **DESIGNS, **FIGURES}.get(str(part))
        if kind is not None:
            model = kind
            continue
        if isinstance(part, int) or part not in model.model_fields:
            continue
        nested = _nested_model(model.model_fields[str(part)].annotation)
        if nested is not None:
            model = nested
    return list(model.model_fields)


def _nested_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        model = _nested_model(inner)
        if model is not None:
            return model
    return None
