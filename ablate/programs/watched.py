"""Files a training function depends on that no import shows: a script it starts, data it reads."""

from __future__ import annotations

import functools
import glob
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from ablate.errors import must
from ablate.programs.modules import Module, closure, not_found
from ablate.programs.source import read_source
from ablate.resources import stamp_of_now

_UNSAID = ("__pycache__", ".git", ".ipynb_checkpoints")


def watched(patterns: Sequence[str]) -> dict[str, str]:
    """Return file -> digest for files, folders (everything in them) and patterns such as `data/*.csv`.

    Paths start at the current folder. A Python file is read as code (see `programs.source`), and what it imports of
    the project is watched with it.

    Raises
    ------
    UserError
        There is no such file.
    """
    digests: dict[str, str] = {}
    for pattern in patterns:
        files = list(_files(pattern))
        if not files:
            raise must("program.watch", "name files that are there", pattern)
        for path in files:
            if path.suffix != ".py":
                digests[path.as_posix()] = _digest(path)
                continue
            resolved = path.resolve()
            for name, module in _modules(resolved).items():
                is_itself = module.path == resolved
                digests[path.as_posix() if is_itself else f"{path.as_posix()}: {name}"] = read_source(module.path).shape
    return dict(sorted(digests.items()))


def watched_in_part(patterns: Sequence[str]) -> dict[str, list[str]]:
    """Return watched Python file -> what it imports and that is not found from its folder, nor watched by its name.

    A script may look into other folders, or be run by another Python.
    """
    files = [path for pattern in patterns for path in _files(pattern)]
    there = {path.stem for path in files} | {path.parent.name for path in files}
    by_path = {}
    for path in dict.fromkeys(path for path in files if path.suffix == ".py"):
        missing = not_found(_modules(path.resolve()).values(), path.resolve().parent)
        by_path[path.as_posix()] = [name for name in missing if name not in there]
    return {path: names for path, names in by_path.items() if names}


def _modules(path: Path) -> dict[str, Module]:
    return closure(Module(path.stem.replace(".", "_"), path), path.parent)


def _files(pattern: str) -> Iterator[Path]:
    path = Path(pattern)
    there = [path] if path.exists() else [Path(name) for name in glob.glob(pattern, recursive=True)]  # noqa: PTH207
    for entry in sorted(there):
        within = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
        yield from (p for p in within if p.is_file() and not any(part in _UNSAID for part in p.parts))


def _digest(path: Path) -> str:
    return _hashed(path.resolve(), stamp_of_now(path))


@functools.lru_cache(maxsize=65536)
def _hashed(path: Path, stamp: tuple[int, ...]) -> str:
    del stamp
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
