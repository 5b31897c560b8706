"""The project's modules that a run really imported, under whatever made-up name: file -> what it said then.

Reading import statements does not find `importlib.import_module(name)` of a computed name, nor a module in a folder
that the function itself puts into `sys.path`. They are seen when they are imported, and are kept with the run.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from ablate.programs.modules import stands_in
from ablate.programs.source import read_source

GONE = "gone"
"""What a file says that is not there."""

Used = Mapping[str, str]
"""File, from the current folder -> digest of its code (see `programs.source`)."""


class Witness:
    """A finder that finds nothing, and notes which of the project's modules were looked for, and what they said."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._said: dict[str, tuple[Path, str]] = {}

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """Note a module before it is read; the finders after this one find it."""
        del target
        with contextlib.suppress(Exception):  # whatever is wrong with it is said by who imports it
            spec = PathFinder.find_spec(name, path)
            if spec is not None and spec.has_location and stands_in(spec.origin, name, self._folders):
                file = Path(str(spec.origin)).resolve()
                self._said[name] = file, read_source(file).shape

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
