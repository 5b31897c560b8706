"""JSON Schemas of what users write and read: the study file, and `verdicts.json`.

They are shipped as `ablate/schemas/*.json`; a test holds them equal to the code, and `write_schemas` writes them anew.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablate.claims.reason import CODES, Reason
from ablate.judge.verdict import Verdict
from ablate.sweep.study import Study
from ablate.words.document import OTHERS, ROWS, TEXTS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parents[1] / "schemas"
VERSION = 3
"""Of `verdicts.json`; files without one are of version 1. Version 3 has codes beside its sentences."""

_INFINITE = {"enum": ["inf", "-inf"]}  # JSON has no infinities


def study_schema() -> dict[str, Any]:
    """Return the schema of a study file, as an editor needs it: every way to write a part that is read."""
    schema = _any_of(Study.model_json_schema())
    for kind in schema["$defs"].values():
        kind_schema = kind.get("properties", {}).get("kind", {})
        if kind_schema.get("const") not in (None, "effect") and "kind" not in kind.get("required", []):
            kind["required"] = [*kind.get("required", []), "kind"]  # only an effect is one without saying so
    return {"$schema": DRAFT, **schema, "title": "ablate study file"}


def verdicts_schema() -> dict[str, Any]:
    """Return the schema of `verdicts.json`: the fields of a verdict, and its sentences (see `words.document`)."""
    verdict = _with_texts(_of_dataclass(Verdict), (*TEXTS, *OTHERS))
    for name in ("in_words", "in_two_parts", "for_which_delta"):
        verdict["required"].remove(name)  # earlier releases of this version did not write it
    for rows, text in ROWS.items():
        _with_texts(verdict["properties"][rows]["items"], (text,))
    verdicts = {"type": "array", "items": {"$ref": "#/$defs/Verdict"}}
    return {
        "$schema": DRAFT,
        "title": "ablate verdicts",
        "type": "object",
        "properties": {
            "version": {"const": VERSION},
            "study": {"type": "object", "properties": {"definition": {"type": ["object", "null"]}}},
            "facts": {"type": "object"},
            "verdicts": verdicts,
            "extended": verdicts,
        },
        "required": ["version", "study", "facts", "verdicts", "extended"],
        "$defs": {"Verdict": verdict, "Reason": _reason()},
    }


def _reason() -> dict[str, Any]:
    """Return the schema of a code with its numbers: every code asks for its own."""
    numbers: list[dict[str, Any]] = [
        {
            "properties": {
                "code": {"const": code},
                "numbers": {"type": "object", "required": list(names), "propertyNames": {"enum": list(names)}},
            }
        }
        for code, names in CODES.items()
    ]
    return {"type": "object", "required": ["code", "numbers"], "additionalProperties": False,
            "properties": {"code": {}, "numbers": {}}, "oneOf": numbers}  # fmt: skip


def _with_texts(schema: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Add keys that hold sentences."""
    schema["properties"] |= {name: {"type": "string"} for name in names}
    schema["required"] += names
    return schema


def schemas() -> dict[str, dict[str, Any]]:
    """Return file name -> schema."""
    return {"study.schema.json": study_schema(), "verdicts.schema.json": verdicts_schema()}


def schema_text(schema: dict[str, Any]) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def write_schemas(folder: Path = FOLDER) -> None:
    """Write the schemas that are shipped."""
    for name, schema in schemas().items():
        (folder / name).write_text(schema_text(schema), encoding="utf-8")


def _any_of(value: Any) -> Any:
    """Replace `oneOf`: an own figure may have any keys, so a figure may match two."""
    if isinstance(value, dict):
        return {
            ("anyOf" if key == "oneOf" else key): _any_of(item) for key, item in value.items() if key != "discriminator"
        }
    return [_any_of(item) for item in value] if isinstance(value, list) else value


def _of_dataclass(cls: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    fields = [one for one in dataclasses.fields(cls) if one.metadata.get("kept", True)]
    missing = dataclasses.MISSING
    return {
        "type": "object",
        "properties": {one.name: _of_hint(hints[one.name]) for one in fields},
        # what has a default may be younger than a file of this version
        "required": [one.name for one in fields if one.default is missing and one.default_factory is missing],
        "additionalProperties": False,
    }


def _of_hint(hint: Any) -> dict[str, Any]:
    """Return the schema of a value as `words.document` writes it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    plain = {str: "string", int: "integer", bool: "boolean"}
    if hint in plain:
        return {"type": plain[hint]}
    if hint is float:
        return {"anyOf": [{"type": ["number", "null"]}, _INFINITE]}
    if hint is types.NoneType:
        return {"type": "null"}
    if origin is typing.Literal:
        return {"enum": list(inner)}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_of_hint(one) for one in inner]}
    if origin is tuple:
        return {"type": "array", "items": _of_hint(inner[0])} if inner[-1] is Ellipsis else (
            {"type": "array", "prefixItems": [_of_hint(one) for one in inner], "minItems": len(inner),
             "maxItems": len(inner)}
        )  # fmt: skip
    if origin is dict:
        return {"type": "object", "additionalProperties": _of_hint(inner[1])}
    if hint is Reason:
        return {"$ref": "#/$defs/Reason"}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _of_dataclass(hint)
    return {}
