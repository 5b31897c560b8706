"""Python files that a study uses: components and figures of the user's own, without a package.

A file holds for one command: what it registers is taken away again when the next one uses other files. What it says,
and what the project's modules say that it imports, is part of what makes a run, because it decides the result. So is
the code of a component that an installed plug-in brings.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ablate import registry
from ablate.errors import UserError, near_file
from ablate.programs.modules import Module, closure
from ablate.programs.place import Place, code_at, file_place, modules_at, own_modules
from ablate.programs.process_state import HASH_SEED
from ablate.programs.source import read_source
from ablate.programs.target import module_at
from ablate.train.program import Program

Code = Mapping[str, Mapping[str, str]]
"""File -> module -> what it says, as a digest."""

_ever: dict[tuple[registry.Key, str], type] = {}  # everything that any used file registered, by its module
_active: dict[registry.Key, type] = {}
_in_use: list[tuple[str, ...] | Code] = [()]  # what `use` was given last: its files, or what they must say


def use(files: Sequence[str], *, code: Code | None = None) -> None:
    """Import the files of a study, and forget those of another.

    Parameters
    ----------
    files
        Paths, from the current folder. A file that was imported and did not change is not imported again.
    code
        What they must say (see `code_of_files`); by default what they say now.

    Raises
    ------
    UserError
        There is no such file, it cannot be imported, it registers a name that is taken, or it says something else.
    """
    registry.replace_registered(_active, {})
    _active.clear()
    _in_use[0] = tuple(files) if code is None else code
    for file in files:
        place = used_place(file)
        before = registry.registered()
        module_at(place, None if code is None else code.get(file))
        for key, cls in registry.registered().items():
            if before.get(key) is not cls:
                _ever[key, cls.__module__] = cls
        mine = _registered_by(place)
        registry.replace_registered({}, mine)
        _active.update(mine)


def code_in_use() -> Code:
    """Return the files that `use` imported last and what they say: what another process of this command needs."""
    in_use = _in_use[0]
    return code_of_files(in_use) if isinstance(in_use, tuple) else in_use


def code_of_files(files: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return what each used file says, and the project's modules that it imports.

    Files that register nothing but figures, launchers and sources are left out: no run depends on them.
    """
    return {file: code_at(used_place(file)) for file in files if not _decides_nothing(used_place(file))}


def _registered_by(place: Place) -> dict[registry.Key, type]:
    modules = {place.name, *(name for name, _ in own_modules(place))}
    return {key: cls for (key, module), cls in _ever.items() if module in modules}


def _decides_nothing(place: Place) -> bool:
    groups = {group for group, _ in _registered_by(place)}
    return bool(groups) and groups <= {"figure", "launcher", "source"}


def own_code(configured: Sequence[Any], files: Sequence[str]) -> dict[str, str]:
    """Return what an arm's results depend on beyond ablate's own code: module -> digest; empty for most arms.

    Parameters
    ----------
    configured
        Its Program and its configuration: the components among them, and among their fields, are looked at.
    files
        The Python files that its study uses.

    Raises
    ------
    UserError
        A component was registered where no file holds its code, so that a change to it could not be seen.
    """
    used = code_of_files(files)
    shapes = {name: shape for code in used.values() for name, shape in code.items()}
    covered = {module.path for file in used for module in modules_at(used_place(file)).values()}
    for part in parts_in(configured):
        cls = type(part)
        if not is_foreign(cls):
            continue
        path = _file_of(cls)
        if path not in covered:
            shapes.update(_package_code(cls.__module__, path))
    return dict(sorted(shapes.items()))


def is_foreign(cls: type) -> bool:
    """Tell whether a class is a registered component that is not ablate's own."""
    return cls.__module__.partition(".")[0] != "ablate" and cls in registry.registered().values()


def beside(study: Path, files: Any) -> Any:
    """Return the `uses:` of a study file, which are beside it, as paths from the current folder.

    What is not a list of texts is left as it is: the study's schema refuses it.
    """
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
        return files
    return [_from_here(study.parent / file) for file in files]


def _from_here(path: Path) -> str:
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def used_place(file: str) -> Place:
    """Return where a used file stands; raises `UserError` where it is not a Python file, or not there."""
    path = Path(file)
    if path.suffix != ".py":
        raise UserError(f"`uses` must name Python files such as my_parts.py, got {file!r}")
    if not path.is_file():
        raise UserError(f"`uses`: no file {path.name} in {path.parent.resolve()}{near_file(path)}")
    return file_place(file, asked="uses")


def parts_in(configured: Iterable[Any]) -> Iterable[Any]:
    """Yield a Program, a configuration, and the components among their fields."""
    for one in configured:
        yield one
        yield from filter(is_dataclass, (getattr(one, field.name) for field in fields(one)))


class Standing(NamedTuple):
    """What decides what a process imports: one that imported something else may have been changed by that."""

    folder: str
    path: tuple[str, ...]
    code: Code
    modules: list[str]
    imports: Any
    hash_seed: str = ""

    @classmethod
    def of(cls, program: Program, config: Any, code: Code) -> Standing:
        """Return it for a planned Program, its configuration, and the used files with what they say."""
        folder = os.getcwd()  # noqa: PTH109 - it may be older than the current folder is current
        modules = sorted({type(part).__module__ for part in parts_in((program, config))})
        seed = os.environ.get(HASH_SEED, "")  # a process keeps the one that it was started with
        return cls(folder, tuple(sys.path), code, modules, program.imports(), seed)


def _file_of(cls: type) -> Path:
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if file is None or cls.__module__ == "__main__" or not Path(file).is_file():
        raise UserError(
            f"{cls.__name__} was registered where worker processes cannot find it (a script, a notebook, a prompt): "
            "write it into a file and name that in `uses`"
        )
    return Path(file).resolve()


@functools.cache  # an imported package stays as it was imported
def _package_code(name: str, path: Path) -> dict[str, str]:
    package = path.name == "__init__.py"
    root = path.parents[name.count(".") + package]
    modules = closure(Module(name, path, package=package), root, own=name.partition(".")[0])
    return {name: read_source(module.path).shape for name, module in modules.items()}
