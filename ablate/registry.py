"""Components by group and name: what `activation=relu` means.

A component is a frozen dataclass whose fields are its hyperparameters. Registering it makes it an option of
a configuration group, a schema for its own settings, and a subject of the contract tests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from ablate.errors import unknown

GROUPS = (
    "model", "dataset", "activation", "optimizer", "init", "norm", "dropout", "augment", "loss", "program", "schedule",
)  # fmt: skip

C = TypeVar("C", bound=type)

_components: dict[str, dict[str, type]] = {group: {} for group in GROUPS}


def register(group: str, name: str) -> Callable[[C], C]:
    """Class decorator: make a frozen dataclass the option `name` of `group`.

    Raises
    ------
    UserError
        The group does not exist, or the name is taken by another class.
    """
    if group not in _components:
        raise unknown("configuration group", group, _components)

    def add(cls: C) -> C:
        if not dataclasses.is_dataclass(cls):
            raise TypeError(f"{cls.__name__} must be a frozen dataclass to be registered as {group}={name}")
        taken = _components[group].get(name)
        if taken is not None and taken.__qualname__ != cls.__qualname__:
            raise TypeError(f"{group}={name} is already {taken.__name__}; {cls.__name__} needs another name")
        _components[group][name] = cls
        return cls

    return add


def options(group: str) -> dict[str, type]:
    """Return the registered options of a group, name -> class, sorted by name."""
    if group not in _components:
        raise unknown("configuration group", group, _components)
    return dict(sorted(_components[group].items()))


def component(group: str, name: str) -> type:
    """Return the class registered as `name` in `group`, or raise with the nearest match."""
    found = options(group)
    if name not in found:
        raise unknown(group, name, found)
    return found[name]


def name_of(value: Any) -> str:
    """Return the option name a component object was registered under (first match by exact type)."""
    for names in _components.values():
        for name, cls in names.items():
            if type(value) is cls:
                return name
    raise unknown("component", type(value).__name__, [c.__name__ for g in _components.values() for c in g.values()])
