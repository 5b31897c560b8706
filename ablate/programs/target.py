"""Finding a user's function by `module:function` or `path/to/file.py:function`, and the code it stands on.

A target is imported as Python runs a script: its folder (of a module: the current one) is looked into first, and what
it does to `sys.path` holds for it alone. What is imported is what was planned: where the code changed since, it is read
again, or refused while a study runs. Modules that no import statement shows are noted when they are imported.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ablate.errors import UserError, nearest
from ablate.programs.calling import calling
from ablate.programs.modules import Module, is_installed
from ablate.programs.place import Place, code_at, files_at, own_modules, parts_of, search_path, set_search_path
from ablate.programs.process_state import importing_noted
from ablate.programs.source import read_source
from ablate.programs.witness import Used, named_from_here, read_again, said_now, watching
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
    unseen: dict[str, tuple[Path, str]]  # module -> file and digest of what no import statement shows

    @property
    def fresh(self) -> bool:
        """What no import statement shows still says what it said when it was imported."""
        return all(said_now([str(path)])[str(path)] == said for path, said in self.unseen.values())


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
        function cannot be called as a training function is; the code is not `code` any more.
    """
    place, name = parts_of(target)
    module = module_at(place, code)
    if not hasattr(module, name):
        functions = [n for n, value in vars(module).items() if callable(value) and not n.startswith("_")]
        hint = nearest(name, functions)
        raise UserError(
            f"`program.target`: {place.said} has no function {name!r}" + (f"; nearest match: {hint}" if hint else "")
        )
    function: Any = getattr(module, name)
    _check(target, function)
    return function  # type: ignore[no-any-return]


@contextlib.contextmanager
def importing(target: str) -> Iterator[None]:
    """Import meanwhile as the function's module does: from its folder first, and its own modules only.

    Raises
    ------
    UserError
        A module that was only imported now does not say what it said when the function was found.
    """
    place, _ = parts_of(target)
    entry = _held[place]
    before = set(entry.loaded)
    with _importing(place, entry.unseen):
        yield
    late = {n: Path(str(m.__file__)) for n, m in entry.loaded.items() if n not in before}
    shown = {name: path for name, path in late.items() if name not in entry.unseen}
    changed = [name for name, path in shown.items() if read_source(path).shape != entry.code.get(name)]
    if changed:
        raise _changed(changed)


def used_code(target: str) -> Used:
    """Return what the project's modules said that were imported for a target and that no import statement shows."""
    place, _ = parts_of(target)
    entry = _held.get(place)
    unseen = entry.unseen.values() if entry is not None else ()
    return dict(sorted((named_from_here(path), said) for path, said in unseen))


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
    entry = _held.get(place)
    if entry is not None and entry.fresh:
        if code is not None and entry.code == code:
            return entry.module  # imported as it was planned, whatever the files say by now
        # Files that say another thing may have the times and sizes that they had: tools put back times.
        if entry.files == files_at(place) and entry.code == (now := code_at(place)) and code in (None, now):
            return entry.module
    if entry is not None or _stale(place, code_at(place)):
        _forget(place)
    before = dict(sys.modules)
    unseen: dict[str, tuple[Path, str]] = {}
    try:
        imported = _imported(place, unseen)
        # Only now, for the module may have changed where modules are looked for.
        now, files = code_at(place), files_at(place)
        if code is not None and now != code:
            raise _changed(name for name in {*now, *code} if now.get(name) != code.get(name))
        with _importing(place, {}):
            _check_own(place)
    except UserError:
        for name in (*(name for name, _ in own_modules(place)), *unseen):
            if sys.modules.get(name) is not before.get(name):
                sys.modules.pop(name, None)  # another attempt reads them again
        set_search_path(place, None)
        raise
    names = {name for name, _ in own_modules(place)}
    loaded = {name: sys.modules[name] for name in (*names, *unseen) if name in sys.modules}
    _held[place] = _Held(imported, now, files, loaded, {n: said for n, said in unseen.items() if n not in names})
    return imported


def _forget(place: Place) -> None:
    """Let a target be imported anew, with all of its modules."""
    entry = _held.pop(place, None)
    names = [name for name, _ in own_modules(place)]
    set_search_path(place, None)
    for name in (place.name, *names, *(entry.loaded if entry is not None else ())):
        sys.modules.pop(name, None)


def _stale(place: Place, now: Code) -> bool:
    """Tell whether another target imported one of a target's modules before it changed."""
    return any(
        entry.loaded.get(name) is sys.modules.get(name) and entry.code.get(name) != now[name]
        for entry in _held.values()
        for name, _ in own_modules(place)
        if name in entry.loaded
    )


def _imported(place: Place, unseen: dict[str, tuple[Path, str]]) -> ModuleType:
    shown = str(place.module.path) if place.by_path else place.said
    try:
        with _importing(place, unseen), contained(place.module.path), importing_noted():
            return _from_file(place) if place.by_path else _by_name(place.said)
    except ProcessEnded as error:
        raise UserError(
            f"`{place.asked}`: importing {shown} fails: {error}; put code that should run only when the file is a "
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
    read_again(spec)
    module = importlib.util.module_from_spec(spec)
    logging.getLogger(place.name).name = place.called  # in its log it has the name that it has without ablate
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


def _check(target: str, function: Any) -> None:
    """Refuse what cannot be called as a training function is (see `programs.calling`), before anything runs."""
    if not callable(function) or isinstance(function, type):
        kind = "class" if isinstance(function, type) else type(function).__name__
        raise UserError(f"`program.target`: {target} must be a function, got a {kind}")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise UserError(f"`program.target`: {target} must return its metrics, or yield them; it is `async`")
    calling(target, function)


@contextlib.contextmanager
def _importing(place: Place, unseen: dict[str, tuple[Path, str]]) -> Iterator[None]:
    """Look into a target's folders first, and let it find its own modules where another target has some of that name.

    What is imported meanwhile and no import statement shows is written into `unseen`.
    """
    outside, compiled = list(sys.path), sys.dont_write_bytecode
    inside = search_path(place) or (str(place.folder),)
    # The folder of an own function comes first even where it is in the path already.
    sys.path[:] = [*inside, *(outside if search_path(place) is None else (p for p in outside if p not in inside))]
    # Compiled files go by the second: one that was written a moment ago would hide a change.
    sys.dont_write_bytecode = True
    _change_places(place)
    before = set(sys.modules)
    try:
        with watching([place.folder, Path.cwd()]) as witness:
            yield
    finally:
        sys.dont_write_bytecode = compiled
        set_search_path(place, sys.path)
        # What an installed package adds when it is imported is there to stay.
        sys.path[:] = [*outside, *(folder for folder in sys.path if folder not in outside and is_installed(folder))]
        modules = dict(own_modules(place))
        late = {n: said for n, said in witness.seen(before).items() if n not in modules and n != place.name}
        unseen.update({n: said for n, said in late.items() if n not in unseen})
        if place in _held:
            mine = {n: sys.modules[n] for n, m in modules.items() if n in sys.modules and _is(sys.modules[n], m)}
            _held[place].loaded.update(mine | {n: sys.modules[n] for n in late if n in sys.modules})


def _change_places(place: Place) -> None:
    """Put a target's modules where Python looks for them, and take away those of other targets."""
    entry = _held.get(place)
    mine, modules = entry.loaded if entry is not None else {}, dict(own_modules(place))
    for other in (other for other in _held.values() if other is not entry):
        for name in (name for name, module in other.loaded.items() if sys.modules.get(name) is module):
            if name not in modules:
                del sys.modules[name]
    for name, module in modules.items():
        there = sys.modules.get(name)
        if name in mine or there is None or _is(there, module):
            continue
        if not is_installed(getattr(there, "__file__", None)):
            del sys.modules[name]
    sys.modules.update(mine)
