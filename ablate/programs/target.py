"""Finding a user's function by `module:function` or `path/to/file.py:function`."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ablate.errors import UserError, nearest


def find(target: str) -> Callable[..., Any]:
    """Return the function that `target` names.

    Raises
    ------
    UserError
        The target has no colon, the module or file is not there or cannot be imported, or holds no such function.
    """
    place, name = _parts(target)
    module = _module(place)
    if not hasattr(module, name):
        functions = [n for n, value in vars(module).items() if callable(value) and not n.startswith("_")]
        hint = nearest(name, functions)
        raise UserError(
            f"`program.target`: {place} has no function {name!r}" + (f"; nearest match: {hint}" if hint else "")
        )
    found: Any = getattr(module, name)
    if not callable(found):
        raise UserError(f"`program.target`: {target} must be a function, got a {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def source_file(target: str) -> str:
    """Return the file that the function's module stands in."""
    place, _ = _parts(target)
    file = getattr(_module(place), "__file__", None)
    if file is None:
        raise UserError(f"`program.target`: {place} has no file: a built-in module cannot be a training function's")
    return str(file)


def _parts(target: str) -> tuple[str, str]:
    place, colon, name = target.rpartition(":")
    if not (colon and place and name):
        raise UserError(f"`program.target` must be `module:function` or `path/to/file.py:function`, got {target!r}")
    return place, name


def _module(place: str) -> ModuleType:
    return _from_file(Path(place).resolve()) if place.endswith(".py") else _by_name(place)


@functools.cache
def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"`program.target`: no file {path}")
    spec = importlib.util.spec_from_file_location(f"ablate_target_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UserError(f"`program.target`: {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # what dataclasses and pickle look up while it is executed
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        raise _broken(str(path), error) from error
    return module


def _by_name(name: str) -> ModuleType:
    # The console script does not look into the current folder, where the user's module most often is.
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise UserError(
                f"`program.target`: no module {name!r} in the current folder or among the installed packages"
            ) from None
        raise _broken(name, error) from error
    except Exception as error:
        raise _broken(name, error) from error


def _broken(place: str, error: Exception) -> UserError:
    return UserError(f"`program.target`: importing {place} fails: {type(error).__name__}: {error}")
