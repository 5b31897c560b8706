"""The project on the machines of a Ray cluster: what goes there, and how a job is trained in it."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ablate.errors import UserError
from ablate.programs.uses import use, used_place
from ablate.sweep.launch import train_packed
from ablate.sweep.same_code import check_code
from ablate.train.program import RunResult

LEFT_OUT = (
    "mlruns", "mlflow.db", "reports", "multirun", "outputs", ".git", ".venv", "venv", "node_modules", "__pycache__",
    ".*_cache",
)  # fmt: skip
"""What is never taken to the machines of a cluster: runs, reports, environments."""


def stamp(folder: Path) -> str:
    """Return what changes with the files of a project: their names, sizes and times."""
    sha = hashlib.sha256()
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not any(fnmatch.fnmatch(name, one) for one in LEFT_OUT))
        for name in sorted(files):
            with contextlib.suppress(OSError):
                stat = os.stat(os.path.join(path, name))  # noqa: PTH116, PTH118 - of very many files
                changed = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"
                sha.update(f"{path}/{name} {changed}\n".encode(errors="surrogateescape"))
    return sha.hexdigest()


def in_folder(file: str) -> str:
    """Return the path of a file from the current folder; raises `UserError` where it lies elsewhere."""
    path, here = Path(file).resolve(), Path.cwd().resolve()
    if here not in path.parents:
        raise UserError(
            f"`uses`: {file} is not in the current folder, which is all that Ray takes to its machines: put it there, "
            "or say that they share a disk (`shared_disk: true`)"
        )
    return path.relative_to(here).as_posix()


def train_there(packed: bytes, planned: str, used: Mapping[str, str] | None) -> list[RunResult]:
    """Train one job in a worker of Ray.

    Parameters
    ----------
    used
        The study's own files, each with the name of its module where it was planned; None: on the same disk.
    """
    check_code(planned)
    if used is None:
        return train_packed(packed)
    folder = _project()
    os.chdir(folder)
    use(list(used))
    for file, name in used.items():  # modules are named by their path, which is another one here
        sys.modules[name] = sys.modules[used_place(file).name]
    return train_packed(packed, folder=folder)


@functools.cache
def _project() -> str:
    """Return the folder that Ray put the project into: where its worker was started."""
    return os.getcwd()  # noqa: PTH109
