"""A function at hand as the target of a study: where it stands, and that what runs is what its file says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import CodeType
from typing import Any

from ablate.errors import UserError
from ablate.programs.command import Command
from ablate.programs.function import function_target
from ablate.programs.hydra_app import HydraApp
from ablate.programs.modules import module_named
from ablate.programs.place import modules_of
from ablate.programs.target import find
from ablate.registry import registered_name
from ablate.sweep.own_keys import PREFIX

Train = Callable[..., Any]


def fixed_by(program: Command | HydraApp) -> dict[str, Any]:
    """Return what a study of a command, or of a Hydra application, fixes: its settings, as in a study file."""
    plain = type(program)()
    settings = {one.name: getattr(program, one.name) for one in fields(program) if one.name != "params"}
    said = {f"program.{name}": value for name, value in settings.items() if value != getattr(plain, name)}
    return {"program": registered_name(program), **said, **{f"{PREFIX}{n}": v for n, v in program.params.items()}}


def target_of(train: Train) -> str:
    """Return the target that names a function at hand: as one would type it from the current folder.

    `module:function` where the module is found from the current folder, else `path/to/file.py:function`; so is a
    function of the script that is running.

    Raises
    ------
    UserError
        See `programs.function.function_target`; or a study is run by a file while that is read to find the function.
    """
    _refuse_when_read()
    where, _, name = function_target(train).rpartition(":")
    if where.endswith(".py"):
        return f"{_short(Path(where))}:{name}"
    file = Path(str(sys.modules[where].__file__)).resolve()
    place = module_named(where, Path.cwd())
    return f"{where}:{name}" if place is not None and place.path == file else f"{_short(file)}:{name}"


def _short(file: Path) -> str:
    file, here = file.resolve(), Path.cwd().resolve()
    return (file.relative_to(here) if file.is_relative_to(here) else file).as_posix()


def _refuse_when_read() -> None:
    """Refuse to run a study while its own script is imported to find the function in it: it would never end."""
    frame = sys._getframe()
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_name == "<module>" and module.startswith(("ablate_target_", "__mp_main__")):
            raise UserError(
                "this file is read to find the training function in it: put the code that runs the study below "
                '`if __name__ == "__main__":`'
            )
        frame = frame.f_back  # type: ignore[assignment]


@contextmanager
def as_its_file_says(target: str) -> Iterator[None]:
    """Let a target and the project's modules behind it be imported from their files, as another process would.

    Python keeps what was imported once, a notebook for days; a run's identity goes by the files. What the user's
    program holds is put back afterwards.
    """
    modules = {name: sys.modules.pop(name) for name in modules_of(target) if name in sys.modules}
    try:
        yield
    finally:
        sys.modules.update(modules)


def is_changed(train: Train, target: str) -> bool:
    """Tell whether a function at hand is another one than its file says now; called inside `as_its_file_says`."""
    ours, theirs = getattr(find(target), "__code__", None), getattr(train, "__code__", None)
    return ours is not None and theirs is not None and _said(ours) != _said(theirs)


def _said(code: CodeType) -> tuple[Any, ...]:
    """Return what a function does, lines and file left out."""
    constants = tuple(
        _said(constant) if isinstance(constant, CodeType) else repr(constant) for constant in code.co_consts
    )
    return code.co_code, code.co_names, code.co_varnames, constants
