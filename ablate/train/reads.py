"""What a training function looked at of its settings, and what follows from it.

A *read* is a path into the settings: `params.width`, `optimizer.lr`. Three kinds are told apart:

| written | what was looked at |
|---|---|
| `params.width` | the value, or that there is none |
| `params.width?` | whether there is one; of a mapping, that it is one |
| `params.*` | which names there are in `params` |
| `params.**` | all of `params` |
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

LIMIT = 6_000
"""Characters that a list of reads may take as JSON; it is stored as a tag."""


def read_settings(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a function is given, from the description of an arm's configuration."""
    program = description.get("program") or {}
    rest = {name: value for name, value in description.items() if name not in ("program", "seeds")}
    return {**rest, "params": program.get("params") or {}}


def key_path(key: str) -> str | None:
    """Return where a configuration key stands in the settings; None for what the function never sees.

    >>> key_path("program.params.width"), key_path("optimizer"), key_path("program.target")
    ('params.width', 'optimizer', None)
    """
    if key.startswith("program.params."):
        return key.removeprefix("program.")
    # `fairness` says whose values an arm has, and is told by those.
    return None if key in ("program", "fairness") or key.startswith("program.") else key


def was_read(path: str, reads: Iterable[str]) -> bool:
    """Tell whether the value at a path was looked at, or any below it."""
    for read in reads:
        if read.endswith("**"):
            whole = read.removesuffix("**").removesuffix(".")
            if not whole or path == whole or path.startswith(f"{whole}.") or whole.startswith(f"{path}."):
                return True
        elif not read.endswith(("*", "?")) and (
            read == path or read.startswith(f"{path}.") or path.startswith(f"{read}.")
        ):
            return True
    return False


def unread(keys: Iterable[str], reads: Collection[str]) -> list[str]:
    """Return the configuration keys among `keys` whose value was not looked at."""
    paths = {key: key_path(key) for key in keys}
    return [key for key, path in paths.items() if path is not None and not was_read(path, reads)]


def differ_in_reads(before: Mapping[str, Any], after: Mapping[str, Any], reads: Collection[str]) -> bool:
    """Tell whether two settings differ in something that was looked at."""
    old, new = _nodes(before), _nodes(after)
    for path in old.keys() | new.keys():
        if path in old and path in new:
            # Of two mappings the values are compared one by one. One that became a value is seen by who asks for it.
            if old[path] != new[path] and (was_read(path, reads) or f"{path}?" in reads):
                return True
        elif was_read(path, reads) or f"{path}?" in reads or f"{_above(path)}*" in reads:
            return True
    return False


def without(settings: Mapping[str, Any], paths: Collection[str], above: str = "") -> dict[str, Any]:
    """Return nested settings without what stands at some paths.

    >>> without({"optimizer": {"name": "sgd", "lr": 0.1}}, ["optimizer.lr"])
    {'optimizer': {'name': 'sgd'}}
    """
    return {
        name: without(value, paths, f"{above}{name}.") if isinstance(value, Mapping) else value
        for name, value in settings.items()
        if f"{above}{name}" not in paths
    }


def compact_reads(reads: Iterable[str]) -> list[str]:
    """Return reads as they are stored: sorted, and with whole mappings for what would take too much room."""
    kept = sorted(set(reads))
    depth = max((read.count(".") for read in kept), default=0)
    while len(json.dumps(kept)) > LIMIT and depth >= 0:
        kept = sorted({_cut(read, depth) for read in kept})
        depth -= 1
    return kept


def _cut(read: str, depth: int) -> str:
    return f"{_above(read.removesuffix('**').removesuffix('.'))}**" if read.count(".") >= depth else read


def _above(path: str) -> str:
    """Return the mapping a path lies in, with its dot: `params.` of `params.width`, nothing of `epochs`."""
    head, dot, _ = path.rpartition(".")
    return head + dot


def _nodes(settings: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Return path -> value as text, of everything in nested settings; of a mapping only that it is one."""
    texts: dict[str, str] = {}
    for name, value in settings.items():
        path = f"{above}{name}"
        texts[path] = "{}" if isinstance(value, Mapping) else json.dumps(value, sort_keys=True, default=repr)
        if isinstance(value, Mapping):
            texts |= _nodes(value, f"{path}.")
    return texts
