"""The words of a Hydra command line, and the keys of a configuration: read and written without Hydra."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from ablate.errors import UserError, must

_KEY = re.compile(r"[A-Za-z_/.-](?:[A-Za-z0-9_/. -]*[A-Za-z0-9_/.-])?")


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
        for item in settings:
            yield from targets_of(item)


def hydra_word(value: Any) -> str:
    r"""Write a value as an override has it, to be read by Hydra.

    >>> [hydra_word(value) for value in (1e-05, None, True, "adam", "1", "-.5", "it's", [1, "a b"], {"lr": 0.1})]
    ['1e-05', 'null', 'true', 'adam', "'1'", "'-.5'", "'it\\'s'", "[1,'a b']", '{lr:0.1}']

    Raises
    ------
    UserError
        It is not a number, truth value, text, list or mapping; a key of a mapping is one that an override cannot hold.
    """
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_key(name)}:{hydra_word(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(hydra_word, value)) + "]"
    if isinstance(value, Real):
        return repr(int(value) if isinstance(value, Integral) else float(value))
    if not isinstance(value, str):
        raise must("a value of an override", "be a number, a truth value, text, a list or a mapping", value)
    plain = value.replace("/", "_").replace("-", "_").replace(".", "_")
    if plain.isidentifier() and plain.isascii() and not _means_else(value):
        return value
    tail = len(value) - len(value.rstrip("\\"))  # backslashes count only before a quote
    parts = value.split("'")
    doubled = [part + "\\" * (len(part) - len(part.rstrip("\\"))) for part in parts[:-1]]
    return "'" + "\\'".join([*doubled, parts[-1]]) + "\\" * tail + "'"


def _means_else(word: str) -> bool:
    """Tell whether Hydra reads a word without quotes as a number, a truth value or null."""
    try:
        float(word)  # what Hydra takes for a number is one for Python: -5, .5, 1_0, -inf
    except ValueError:
        return word.lower() in ("null", "true", "false")
    return True


def _key(name: Any) -> str:
    """Write a key of a mapping: a number, or a word, for Hydra knows no quotes there."""
    if not isinstance(name, str):
        return hydra_word(name)
    if not _KEY.fullmatch(name) or _means_else(name):
        raise UserError(
            f"the key {name!r} cannot be written as an override of Hydra, which reads no quoted keys: expected "
            "letters, digits, _, -, . and /, and none that reads as a number, true, false or null"
        )
    return name


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
