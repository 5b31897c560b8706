"""The project's own modules behind a training function: its file, and what that imports, directly or not.

Found by reading import statements, without executing anything; imports inside functions count. A module is the
project's where it is not Python's, not installed (`site-packages`), and not ablate itself; of an installed target, the
modules of its own package are.
"""

from __future__ import annotations

import functools
import importlib
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from ablate.programs.source import absolute, read_source

_INSTALLED = ("site-packages", "dist-packages")
_ABLATE = ("ablate", "hydra_plugins")


@dataclass(frozen=True)
class Module:
    """A module by its full name and its file. Of a target given by its path the name is the file's."""

    name: str
    path: Path
    package: bool = False

    @property
    def parent(self) -> str:
        """The package that its relative imports start from."""
        return self.name if self.package else self.name.rpartition(".")[0]


def closure(first: Module, folder: Path, *, own: str = "", search: Sequence[str] | None = None) -> dict[str, Module]:
    """Return name -> module of a module and of all of the project's that it imports, in alphabetical order.

    Parameters
    ----------
    folder
        Looked into before `sys.path`, as Python looks into the folder of a script.
    own
        The package whose modules are the project's wherever they lie.
    search
        The folders that are looked into instead, where the module changes `sys.path`.
    """
    importlib.invalidate_caches()
    search = [str(folder), *sys.path] if search is None else search
    modules: dict[str, Module] = {}
    todo = [first, *_resolved(first.parent, search)]
    while todo:
        module = todo.pop()
        if modules.setdefault(module.name, module) is not module:
            continue
        for level, name, names in read_source(module.path).imports:
            base = absolute(level, name, module.parent)
            for wanted in (base, *(f"{base}.{part}" for part in names)) if base else ():
                todo += [m for m in _resolved(wanted, search) if m.name not in modules and _is_ours(m, own)]
    return {name: modules[name] for name in sorted(modules)}


def module_named(name: str, folder: Path) -> Module | None:
    """Return the module of a name as it would be imported from a folder; None where there is none, or no file."""
    importlib.invalidate_caches()
    return next((m for m in _resolved(name, [str(folder), *sys.path]) if m.name == name), None)


def not_found(modules: Iterable[Module], folder: Path) -> list[str]:
    """Return what modules import by a statement and that nobody finds from a folder, by its first name, sorted."""
    search = [str(folder), *sys.path]
    imports = {(level, name) for module in modules for level, name, _ in read_source(module.path).imports}
    names = {name.partition(".")[0] for level, name in imports if not level} - {"", "__main__"}
    return sorted(name for name in names if _spec(name, search, None) is None)


def _resolved(name: str, search: Sequence[str]) -> Iterator[Module]:
    """Yield the modules that importing a name executes: its packages, then itself. Those without a file are passed."""
    places: Sequence[str] | None = None
    parts = name.split(".") if name else []
    for count in range(1, len(parts) + 1):
        spec = _spec(".".join(parts[:count]), search, places)
        if spec is None:
            return
        path = Path(spec.origin) if spec.has_location and spec.origin else None
        if path is not None and path.is_file():
            yield Module(spec.name, path.resolve(), package=spec.submodule_search_locations is not None)
        if spec.submodule_search_locations is None:
            return
        places = list(spec.submodule_search_locations)


def _spec(name: str, search: Sequence[str], places: Sequence[str] | None) -> ModuleSpec | None:
    try:
        if places is not None:
            return PathFinder.find_spec(name, places)
        # What an editable install adds is found by a finder of its own, after the folders. `importlib.util.find_spec`
        # would tell where a module of that name was imported from before, for another target perhaps.
        specs = (finder.find_spec(name, None) for finder in sys.meta_path if finder is not PathFinder)
        return PathFinder.find_spec(name, search) or next((spec for spec in specs if spec is not None), None)
    except (ImportError, ValueError, AttributeError):  # `__main__`, or a finder that does not like the name
        return None


def _is_ours(module: Module, package: str) -> bool:
    top = module.name.partition(".")[0]
    return top not in _ABLATE and (top == package or not is_installed(str(module.path)))


def stands_in(file: str | None, name: str, folders: Sequence[Path]) -> bool:
    """Tell whether a module that was imported is one of the project's: a file in its folders, not installed, not ours.

    What a framework writes into a temporary folder and imports from there is not.
    """
    if file is None or name.partition(".")[0] in _ABLATE:
        return False
    path = Path(file).resolve()
    return any(path.is_relative_to(folder) for folder in folders) and path.is_file() and not is_installed(file)


def is_installed(file: str | None) -> bool:
    """Tell whether a module's file is Python's or was installed; one without a file is built in."""
    if file is None:
        return True
    path = Path(file).resolve()
    return any(path.is_relative_to(place) for place in _elsewhere()) or any(p in _INSTALLED for p in path.parts)


@functools.cache
def _elsewhere() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    places = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib") if paths.get(name)]
    places += [*site.getsitepackages(), site.getusersitepackages()]
    return tuple(dict.fromkeys(Path(place).resolve() for place in places))
