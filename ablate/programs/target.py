"""Finding a user's function by `module:function` or `path/to/file.py:function`, and the code it stands on.

A target is imported as Python runs a script: its folder (of a module: the current one) is looked into first. What is
imported is what was planned: where the code changed since, it is read again, or refused while a study runs.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ablate.errors import UserError, nearest
from ablate.programs.modules import Module, is_installed
from ablate.programs.place import Place, code_at, files_at, own_modules, parts_of
from ablate.programs.source import read_source
from ablate.train.contained import ProcessEnded, contained

Code = Mapping[str, str]
"""Module -> what it says, as a digest (see `programs.source`)."""


@dataclass(frozen=True)
class _Held:
    """A target that was imported, what its code said then, and its modules, for no other target may see them."""

    module: ModuleType
    code: Code
    files: tuple[tuple[Path, int, int], ...]
    loaded: dict[str, ModuleType]


_held: dict[Place, _Held] = {}


def find(target: str, *, code: Code | None = None) -> Callable[..., Any]:
    """Return the function that `target` names.

    Parameters
    ----------
    code
        What its modules must say (see `code_of`); by default what they say now.

    Raises
    ------
    UserError
        The target has no colon, the module or file is not there or cannot be imported, or holds no such function; the
        function cannot be called with a configuration and a seed; the code is not `code` any more.
    """
    place, name = parts_of(target)
    module = module_at(place, code)
    if not hasattr(module, name):
        functions = [n for n, value in vars(module).items() if callable(value) and not n.startswith("_")]
        hint = nearest(name, functions)
        raise UserError(
            f"`program.target`: {place.said} has no function {name!r}" + (f"; nearest match: {hint}" if hint else "")
        )
    found: Any = getattr(module, name)
    _check(target, found)
    return found  # type: ignore[no-any-return]


@contextlib.contextmanager
def importing(target: str) -> Iterator[None]:
    """Import meanwhile as the function's module does: from its folder first, and its own modules only.

    Raises
    ------
    UserError
        A module that was only imported now does not say what it said when the function was found.
    """
    place, _ = parts_of(target)
    held = _held[place]
    before = set(held.loaded)
    with _importing(place):
        yield
    late = {n: Path(str(m.__file__)) for n, m in held.loaded.items() if n not in before}
    changed = [name for name, path in late.items() if read_source(path).shape != held.code.get(name)]
    if changed:
        raise _changed(changed)


def _changed(names: Iterable[str]) -> UserError:
    return UserError(
        f"the code of {', '.join(sorted(names))} changed while the study was running; the same command runs what is "
        "missing with the code as it is now"
    )


def module_at(place: Place, code: Code | None = None) -> ModuleType:
    """Return the module of a place, imported where that was not done yet, or where its files changed since.

    Parameters
    ----------
    code
        What it and the project's modules that it imports must say; by default what they say now.

    Raises
    ------
    UserError
        It cannot be imported, or the code is not `code` any more.
    """
    held = _held.get(place)
    if held is not None and code is not None and held.code == code:
        return held.module  # imported as it was planned, whatever the files say by now
    now = code_at(place)
    if code is not None and now != code:
        raise _changed(name for name in {*now, *code} if now.get(name) != code.get(name))
    files = files_at(place)
    if held is not None and held.files == files:
        return held.module
    if held is not None or _stale(place, now):
        _held.pop(place, None)
        for name in (place.name, *(name for name, _ in own_modules(place))):
            sys.modules.pop(name, None)
    before = {name: sys.modules.get(name) for name, _ in own_modules(place)}
    try:
        imported = _imported(place)
    except UserError:
        for name in (name for name, held in before.items() if sys.modules.get(name) is not held):
            sys.modules.pop(name, None)  # another attempt reads them again
        raise
    with _importing(place):
        _check_own(place)
        _held[place] = _Held(imported, now, files, {})
    return imported


def _stale(place: Place, now: Code) -> bool:
    """Tell whether another target imported one of a target's modules before it changed."""
    return any(
        held.loaded.get(name) is sys.modules.get(name) and held.code.get(name) != now[name]
        for held in _held.values()
        for name, _ in own_modules(place)
        if name in held.loaded
    )


def _imported(place: Place) -> ModuleType:
    shown = str(place.module.path) if place.by_path else place.said
    try:
        with _importing(place), contained(place.module.path):
            return _from_file(place) if place.by_path else _by_name(place.said)
    except ProcessEnded as error:
        raise UserError(
            f"`{place.asked}`: importing {shown} fails: {error}; put what is to happen only when the file is run as a "
            'script below `if __name__ == "__main__":`'
        ) from error
    except UserError as error:
        raise UserError(f"`{place.asked}`: {shown}: {error}") from error
    except Exception as error:
        hint = ""
        if place.by_path and "relative import" in str(error):
            hint = "; a file of a package is named by its module, `package.module:function`"
        raise UserError(f"`{place.asked}`: importing {shown} fails: {type(error).__name__}: {error}{hint}") from error


def _by_name(said: str) -> ModuleType:
    return importlib.import_module(said)


def _from_file(place: Place) -> ModuleType:
    spec = importlib.util.spec_from_file_location(place.name, place.module.path)
    if spec is None or spec.loader is None:
        raise UserError(f"`{place.asked}`: {place.module.path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # what dataclasses and pickle look up while it is executed
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


def _check_own(place: Place) -> None:
    """Refuse a module of the project that Python took from elsewhere: what runs must be what was looked at."""
    for name, module in own_modules(place):
        if name in sys.modules and not _is(sys.modules[name], module):
            loaded = getattr(sys.modules[name], "__file__", None) or "built in"
            raise UserError(
                f"`{place.asked}`: {place.said} imports {name}, which is {module.path}, but Python already holds "
                f"another {name} ({loaded}): give one of the two another name"
            )


def _is(loaded: ModuleType, module: Module) -> bool:
    file = getattr(loaded, "__file__", None)
    return file is not None and Path(file).resolve() == module.path


def _check(target: str, found: Any) -> None:
    """Refuse what cannot be called as ``found(config, seed)``, before anything runs."""
    if not callable(found) or isinstance(found, type):
        kind = "class" if isinstance(found, type) else type(found).__name__
        raise UserError(f"`program.target`: {target} must be a function, got a {kind}")
    if inspect.iscoroutinefunction(found) or inspect.isgeneratorfunction(found) or inspect.isasyncgenfunction(found):
        raise UserError(f"`program.target`: {target} must return a dict of metrics; it is `async` or has a `yield`")
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):  # written in C
        return
    try:
        signature.bind({}, 0)
    except TypeError:
        name = target.rpartition(":")[2]
        raise UserError(
            f"`program.target`: {target} takes {signature}, but a training function is called as `{name}(config, seed)`"
        ) from None


@contextlib.contextmanager
def _importing(place: Place) -> Iterator[None]:
    """Look into a target's folder first, and let it find its own modules where another target has some of that name."""
    folder, compiled = str(place.folder), sys.dont_write_bytecode
    sys.path.insert(0, folder)
    # Compiled files go by the second: one that was written a moment ago would hide a change.
    sys.dont_write_bytecode = True
    held = _held.get(place)
    for name, module in own_modules(place):
        other = sys.modules.get(name)
        if held is not None and name in held.loaded:
            sys.modules[name] = held.loaded[name]
        elif other is not None and not _is(other, module) and not is_installed(getattr(other, "__file__", None)):
            del sys.modules[name]
    try:
        yield
    finally:
        sys.dont_write_bytecode = compiled
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)  # the first, which is the one that was put there
        if place in _held:
            mine = {n: sys.modules[n] for n, m in own_modules(place) if n in sys.modules and _is(sys.modules[n], m)}
            _held[place].loaded.update(mine)
