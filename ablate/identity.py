"""Identity: the same description gives the same SHA-256, so finished work is found again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from ablate.registry import name_if_any


def describe(value: Any) -> Any:
    """Return a JSON-ready description of a value that keeps what tells two values apart.

    Components become ``{"name": "relu", ...fields}``: `ReLU()` and `Tanh()` have no fields, so the name has
    to be part of it. A field with the metadata ``{"identity": False}`` (where a file lies) is left out; one with
    ``{"unsaid": value}`` is left out where it has that value: a setting that came when runs were already stored, all
    of which had it. Tuples and lists read alike; floats keep their exact value.

    Raises
    ------
    TypeError
        The value has no stable description (a function, an open file).
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = [f.name for f in dataclasses.fields(value) if _says_something(f, getattr(value, f.name))]
        fields = {name: describe(getattr(value, name)) for name in kept}
        name = name_if_any(value)  # a plain dataclass (the configuration itself) has none
        return fields if name is None else {"name": name, **fields}
    if isinstance(value, Mapping):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"no stable description of a {type(value).__name__}: {value!r}")


def made_by(facts: Mapping[str, Any]) -> str:
    """Return the fingerprint of all that an arm's runs are made by beside its configuration.

    That is the `fingerprint` of its Program (of the data, of an own function), and what `uses` holds: the code of the
    user's own components, module -> digest.
    """
    said = str(facts.get("fingerprint", ""))
    return digest({"fingerprint": said, "uses": facts["uses"]}) if facts.get("uses") else said


def _says_something(field: dataclasses.Field[Any], value: Any) -> bool:
    return field.metadata.get("identity", True) and not (
        "unsaid" in field.metadata and value == field.metadata["unsaid"]
    )


def digest(description: Any) -> str:
    """Return the SHA-256 (hex) of the canonical JSON of a description.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    >>> digest({"a": 1}) == digest({"a": 1.0})
    False
    """
    return _hash(describe(description))


def seed_digests(description: Mapping[str, Any], seeds: Iterable[int]) -> dict[int, str]:
    """Return seed -> `digest` of the description with that seed; it is described once for all of them.

    >>> seed_digests({"a": 1.0}, [3]) == {3: digest({"a": 1.0, "seed": 3})}
    True
    """
    told = describe(description)
    return {seed: _hash({**told, "seed": seed}) for seed in seeds}


def _hash(told: Any) -> str:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
