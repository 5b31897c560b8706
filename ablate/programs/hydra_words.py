"""The words of a Hydra command line, and the keys of a configuration: read and written without Hydra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def keys_of(settings: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield the keys of nested settings, as an override names them."""
    for name, value in settings.items():
        yield f"{above}{name}"
        if isinstance(value, Mapping):
            yield from keys_of(value, f"{above}{name}.")


def targets_of(settings: Any) -> Iterator[str]:
    """Yield what `_target_` names in nested settings: `src.models.Net`."""
    if isinstance(settings, Mapping):
        named = settings.get("_target_")
        if isinstance(named, str):
            yield named
        settings = list(settings.values())
    if isinstance(settings, list):
        for held in settings:
            yield from targets_of(held)


def written(value: Any) -> str:
    r"""Write a value as an override has it, to be read by Hydra.

    >>> [written(value) for value in (1e-05, None, True, "adam", "1", "it's", [1, "a b"], {"lr": 0.1})]
    ['1e-05', 'null', 'true', 'adam', "'1'", "'it\\'s'", "[1,'a b']", '{lr:0.1}']
    """
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}:{written(held)}" for name, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(written, value)) + "]"
    if not isinstance(value, str):
        return repr(value)
    plain = value.replace("/", "_").replace("-", "_").replace(".", "_")
    if plain.isidentifier() and plain.isascii() and value.lower() not in ("null", "true", "false", "inf", "nan"):
        return value
    tail = len(value) - len(value.rstrip("\\"))  # backslashes count only before a quote
    parts = value.split("'")
    doubled = [part + "\\" * (len(part) - len(part.rstrip("\\"))) for part in parts[:-1]]
    return "'" + "\\'".join([*doubled, parts[-1]]) + "\\" * tail + "'"


def is_of_hydra(word: str) -> bool:
    """Tell whether an override is one of Hydra's own node.

    >>> [is_of_hydra(word) for word in ("hydra.job.chdir=true", "hydra/launcher=joblib", "hydrant=1")]
    [True, True, False]
    """
    return word.lstrip("+~").startswith(("hydra.", "hydra/"))


def changed_words(hydra: Sequence[str]) -> list[str]:
    """Return the overrides of Hydra's node without those that choose and set up a sweeper."""
    chosen = ("hydra.sweeper", "hydra/sweeper", "hydra.mode")
    return [word for word in hydra if not word.lstrip("+~").startswith(chosen)]
