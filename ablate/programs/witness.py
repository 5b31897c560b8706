"""The project's modules that a run really imported, under whatever made-up name: file -> what it said then.

Reading import statements does not find `importlib.import_module(name)` of a computed name, nor a module in a folder
that the function itself puts into `sys.path`. They are seen when they are imported, and are kept with the run.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType, ModuleType

from ablate.programs.modules import stands_in
from ablate.programs.source import read_source

GONE = "gone"
"""What a file says that is not there."""

Used = Mapping[str, str]
"""File, from the current folder -> digest of its code (see `programs.source`)."""


class _FromSource(SourceFileLoader):
    """Compiles what a file says, whatever compiled file lies beside it."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def read_again(spec: ModuleSpec) -> bool:
    """Let a module be compiled from its file where Python might take what was compiled of another one; say whether.

    Python compares whole seconds and the size: a change by which neither is another would run as the code of before.
    Compiled files that were written after the last change of theirs are taken.
    """
    loader = spec.loader
    if type(loader) is not SourceFileLoader:  # one of another kind does what it likes
        return False
    try:
        source, compiled = os.stat(loader.path), os.stat(cache_from_source(loader.path))  # noqa: PTH116
    except (OSError, NotImplementedError):  # there is none
        return False
    if compiled.st_mtime_ns > max(source.st_mtime_ns, source.st_ctime_ns):
        return False
    spec.loader = _FromSource(loader.name, loader.path)
    return True


class Witness:
    """A finder that notes which of the project's modules were looked for, and what they said.

    It finds none but those of which an old compiled file may lie beside them.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._said: dict[str, tuple[Path, str]] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Note a module before it is read; most often the finders after this one find it."""
        with contextlib.suppress(Exception):  # whatever is wrong with it is said by who imports it
            spec = PathFinder.find_spec(name, path)
            if spec is not None and spec.has_location and stands_in(spec.origin, name, self._folders):
                file = Path(str(spec.origin)).resolve()
                self._said[name] = file, read_source(file).shape
                others = (one for one in sys.meta_path if not isinstance(one, Witness))
                found = next((spec for one in others if (spec := one.find_spec(name, path, target))), None)
                return found if found is not None and read_again(found) else None
        return None

    def seen(self, before: Iterable[str]) -> dict[str, tuple[Path, str]]:
        """Return module -> file and digest of what came into `sys.modules`, where `before` was there before."""
        earlier = set(before)
        sources = {name: said for name, said in self._said.items() if name not in earlier}
        for name in sys.modules.keys() - earlier - sources.keys():
            file = getattr(sys.modules[name], "__file__", None)
            if isinstance(file, str) and stands_in(file, name, self._folders):
                sources[name] = Path(file).resolve(), read_source(Path(file).resolve()).shape
        return sources


@contextlib.contextmanager
def watching(folders: Sequence[Path]) -> Iterator[Witness]:
    """Note meanwhile what is imported from some folders."""
    witness = Witness([folder.resolve() for folder in folders])
    sys.meta_path.insert(0, witness)
    try:
        yield witness
    finally:
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(witness)


def said_now(files: Iterable[str]) -> dict[str, str]:
    """Return what files say by now, each as it was written with a run."""
    digests = {}
    for file in files:
        try:
            digests[file] = read_source(Path(file).resolve()).shape
        except OSError:
            digests[file] = GONE
    return digests


def named_from_here(file: Path) -> str:
    """Return a file as it is written with a run: from the current folder on."""
    try:
        return Path(os.path.relpath(file)).as_posix()
    except ValueError:  # another drive
        return file.as_posix()
