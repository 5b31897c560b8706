"""Components by group and name: what `activation=relu` means.

A component is a frozen dataclass whose fields are its hyperparameters. Registering it makes it an option of
a configuration group, a schema for its own settings, and a subject of the contract tests. Where a name is not
registered, the plug-in that brings it is imported (see `ablate.doors`).
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ablate.doors import COMPONENTS, FIGURES, LAUNCHERS, OURS, PROGRAMS, SOURCES, Door, doors
from ablate.errors import UserError, unknown

GROUPS = (
    "model", "dataset", "activation", "optimizer", "init", "norm", "dropout", "augment", "loss", "program", "schedule",
)  # fmt: skip

DOORS = {"program": PROGRAMS, "figure": FIGURES, "launcher": LAUNCHERS, "source": SOURCES}
"""Group -> its group of entry points; those of the other groups are `GROUP.NAME` of `ablate.components`.

A `figure` (a kind that a study file can ask for in `figures:`), a `launcher` and a `source` of results are not part of
a configuration.
"""

C = TypeVar("C", bound=type)
Key = tuple[str, str]  # (group, name)

_components: dict[str, dict[str, type]] = {group: {} for group in (*GROUPS, *DOORS)}


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
        if taken is not None and _identity(taken) != _identity(cls):
            raise given_twice(f"{group}={name}", [place_of(taken), place_of(cls)])
        module = OURS.get(DOORS.get(group, ""), {}).get(name)  # ours, though nobody has imported it yet
        if module is not None and cls.__module__.partition(".")[0] != "ablate":
            raise given_twice(f"{group}={name}", [module, place_of(cls)])
        _components[group][name] = cls
        return cls

    return add


def given_twice(what: str, places: list[str]) -> UserError:
    """Build the error for a name that two places give."""
    return UserError(f"{what} is given by {' and by '.join(places)}: one of them needs another name")


def _identity(cls: type) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__  # a module that is read again may replace its own classes


def place_of(cls: type) -> str:
    """Return where a class stands, as a user finds it: a module of a package, or a file."""
    name = cls.__module__
    if "." in name or name.partition(".")[0] in ("ablate", "__main__"):
        return f"{name}:{cls.__qualname__}"
    file = getattr(sys.modules.get(name), "__file__", None)
    return f"{Path(file).name if file else name}:{cls.__qualname__}"


def options(group: str) -> dict[str, type]:
    """Return the registered options of a group, name -> class, sorted by name."""
    if group not in _components:
        raise unknown("configuration group", group, _components)
    return dict(sorted(_components[group].items()))


def offered(group: str) -> dict[str, tuple[Door, ...]]:
    """Return name -> the plug-ins that bring it as an option of a group; nothing is imported."""
    if group in DOORS:
        return doors(DOORS[group])
    head = f"{group}."
    return {name.removeprefix(head): plugins for name, plugins in doors(COMPONENTS).items() if name.startswith(head)}


def provide(group: str, name: str) -> None:
    """Import the plug-in that brings an option, where one does.

    Raises
    ------
    UserError
        Two bring it, or one brings what is registered already; it cannot be imported; it registers no such option.
    """
    brought, taken = offered(group).get(name, ()), _components[group].get(name)
    places = [door.giver for door in brought]
    if taken is not None and brought and all(taken.__module__.partition(".")[0] != door.package for door in brought):
        places.insert(0, place_of(taken))
    if len(places) > 1:
        raise given_twice(f"{group}={name}", places)
    if taken is None and brought:
        brought[0].open()
        if name not in _components[group]:
            raise UserError(
                f"{brought[0].giver} announces {group}={name}, but its module {brought[0].module} has no "
                f'@register("{group}", "{name}")'
            )


def ours(group: str) -> dict[str, Any]:
    """Return the options that ablate brings itself through a door, name -> class; imports their modules."""
    modules = OURS[DOORS[group]]
    for module in dict.fromkeys(modules.values()):
        importlib.import_module(module)
    return {name: _components[group][name] for name in modules}


def provide_all(group: str) -> list[str]:
    """Import every plug-in that brings options of a group; return a line for each that could not be imported."""
    wrong = []
    for name in offered(group):
        try:
            provide(group, name)
        except UserError as error:
            wrong.append(str(error))
    return wrong


def component(group: str, name: str) -> type:
    """Return the class registered as `name` in `group`, or raise with the nearest match."""
    if group in _components:
        provide(group, name)
    classes = options(group)
    if name not in classes:
        raise unknown(group, name, {*classes, *offered(group)})
    return classes[name]


def registered_name(value: Any) -> str:
    """Return the option name a component object was registered under (first match by exact type)."""
    name = name_if_any(value)
    if name is not None:
        return name
    raise unknown("component", type(value).__name__, [c.__name__ for g in _components.values() for c in g.values()])


def name_if_any(value: Any) -> str | None:
    """Return the option name of a component object; None of anything else."""
    for names in _components.values():
        for name, cls in names.items():
            if type(value) is cls:
                return name
    return None


def registered() -> dict[Key, type]:
    """Return everything that is registered, (group, name) -> class."""
    return {(group, name): cls for group, names in _components.items() for name, cls in names.items()}


def replace_registered(gone: Mapping[Key, type], back: Mapping[Key, type]) -> None:
    """Take options away and put others in their place: those of files that are used for one command only."""
    for (group, name), cls in gone.items():
        if _components[group].get(name) is cls:
            del _components[group][name]
    for (group, name), cls in back.items():
        register(group, name)(cls)
