"""Where a training function stands: its file, the project's modules behind it, what they say. Nothing is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablate.errors import UserError, near_file
from ablate.identity import digest
from ablate.programs.modules import Module, closure, module_named
from ablate.programs.source import read_source
from ablate.resources import stamp_of_now

APP = "program.app"
"""The setting that names a Hydra application."""


@dataclass(frozen=True)
class Place:
    """Where a function stands: the file of its module, and the folder that is looked into first.

    `asked` is the setting that named it, for errors: a file is one module, whatever asked for it.
    """

    said: str = field(compare=False)
    module: Module
    folder: Path
    by_path: bool
    asked: str = field(default="program.target", compare=False)

    @property
    def name(self) -> str:
        """What the module is called in `sys.modules`; two files of one name are two modules."""
        return f"ablate_target_{self.module.name}_{digest(str(self.module.path))[:8]}" if self.by_path else self.said

    @property
    def called(self) -> str:
        """What its `__name__` is without ablate, which its logger is called by: a Hydra application is a script."""
        if not self.by_path:
            return self.name
        return "__main__" if self.asked == APP else self.module.name


@dataclass(frozen=True)
class _Known:
    modules: dict[str, Module]
    stamps: tuple[Any, ...]


_known: dict[Place, _Known] = {}
_paths: dict[Place, tuple[str, ...]] = {}
_found: dict[tuple[str, Path], Module] = {}


def parts_of(target: str) -> tuple[Place, str]:
    """Return where the function of a target stands, and its name.

    Raises
    ------
    UserError
        The target has no colon, is in a notebook or in `__main__`, or there is no such module or file.
    """
    said, colon, name = target.rpartition(":")
    if not (colon and said and name):
        raise UserError(f"`program.target` must be `module:function` or `path/to/file.py:function`, got {target!r}")
    if said.endswith(".ipynb"):
        raise UserError(
            f"`program.target`: {said} is a notebook, which cannot be imported: write the function into a file and "
            f"name that, `my_training.py:{name}`"
        )
    if said == "__main__":
        raise UserError(
            f"`program.target`: {target} is defined where other processes cannot find it: write the function into a "
            f"file and name that, `my_training.py:{name}`"
        )
    return (file_place(said) if said.endswith(".py") else _module_place(said)), name


def file_place(said: str, *, asked: str = "program.target") -> Place:
    """Return where a Python file stands that is named by its path; `asked` is the setting that names it.

    Raises
    ------
    UserError
        There is no such file.
    """
    path = Path(said).resolve()
    if not path.is_file():
        start = "" if Path(said).is_absolute() else "; paths start at the current folder"
        raise UserError(f"`{asked}`: no file {path}{near_file(path)}{start}")
    return Place(said, Module(path.stem.replace(".", "_"), path), path.parent, by_path=True, asked=asked)


def _module_place(said: str) -> Place:
    folder = Path.cwd()
    module = _found.get((said, folder))
    if module is None or not module.path.is_file():
        module = module_named(said, folder)
    if module is None:
        raise UserError(
            f"`program.target`: no module {said!r} with a file of its own in the current folder or among the installed "
            "packages"
        )
    _found[said, folder] = module
    return Place(said, module, folder, by_path=False)


def search_path(place: Place) -> tuple[str, ...] | None:
    """Return the folders in which a target that was imported looks for modules (its `sys.path`); None before that."""
    return _paths.get(place)


def set_search_path(place: Place, folders: Iterable[str] | None) -> None:
    """Keep what a target made of `sys.path` when it was imported; None forgets it."""
    if folders is None:
        _paths.pop(place, None)
    else:
        # A relative folder is meant from the current one, and Python may still know it from another.
        _paths[place] = tuple(dict.fromkeys(os.path.abspath(f) if f else f for f in folders))  # noqa: PTH100


def modules_at(place: Place) -> dict[str, Module]:
    """Return the module and the project's modules that it imports, by name; looked for again where files changed.

    Of a target that was imported, modules are looked for where it looks for them: it may have changed `sys.path`.
    """
    entry = _known.get(place)
    if entry is None or entry.stamps != _stamps(place, entry.modules):
        package = "" if place.by_path else place.module.name.partition(".")[0]
        modules = closure(place.module, place.folder, own=package, search=search_path(place))
        entry = _known[place] = _Known(modules, _stamps(place, modules))
    return entry.modules


def _stamps(place: Place, modules: Mapping[str, Module]) -> tuple[Any, ...]:
    """Return what changes with the files, and with the folders they lie in: a new file may be found before another."""
    files = [module.path for module in modules.values()]
    stamps: list[Any] = [search_path(place)]
    for path in dict.fromkeys([*files, place.folder, *(file.parent for file in files)]):
        try:
            stamps.append(stamp_of_now(path))
        except OSError:
            stamps.append(())
    return tuple(stamps)


def code_at(place: Place) -> dict[str, str]:
    """Return what these modules say, module -> digest."""
    return {name: read_source(module.path).shape for name, module in modules_at(place).items()}


def files_at(place: Place) -> tuple[tuple[Path, int, int], ...]:
    """Return their files, with what changes whenever one is written."""
    stats = [(module.path, module.path.stat()) for module in modules_at(place).values()]
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)


def own_modules(place: Place) -> list[tuple[str, Module]]:
    """Return the modules that stand in `sys.modules` by their own name."""
    return [(n, m) for n, m in modules_at(place).items() if not (place.by_path and m.path == place.module.path)]


def code_of(target: str) -> dict[str, str]:
    """Return what the function's module and the project's modules that it imports say; nothing is imported.

    Modules in folders that the target puts into `sys.path` are found once it was imported (see `target.find`).

    Raises
    ------
    UserError
        There is no such module or file.
    """
    place, _ = parts_of(target)
    return code_at(place)


def code_shown(target: str) -> dict[str, str]:
    """Return the same of the modules that are found where Python looks before the target was imported."""
    place, _ = parts_of(target)
    if not {*(search_path(place) or ())} - {str(place.folder), *sys.path}:
        return code_at(place)
    package = "" if place.by_path else place.module.name.partition(".")[0]
    return {
        name: read_source(module.path).shape
        for name, module in closure(place.module, place.folder, own=package).items()
    }


def modules_of(target: str) -> dict[str, Module]:
    """Return the function's module and the project's modules that it imports, by name."""
    place, _ = parts_of(target)
    return modules_at(place)


def source_file(target: str) -> str:
    """Return the file that the function's module stands in."""
    place, _ = parts_of(target)
    return str(place.module.path)
