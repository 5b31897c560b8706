"""Where numbers come from: code, versions, machine."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np

import ablate


def provenance(root: Path) -> dict[str, str]:
    """Return what a result depends on beside its configuration, as strings.

    Keys: `git_commit` (of this package's checkout, else of `root`; `+dirty` where files differ from it),
    `ablate, python, numpy, mlflow, os, host, cpu, cores, threads, blas`. What cannot be told is left out.
    """
    return {**_machine(), **_commit(root)}


@functools.cache
def _machine() -> dict[str, str]:
    facts = {
        "ablate": ablate.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "mlflow": _version("mlflow"),
        "os": platform.platform(),
        "host": platform.node(),
        "cpu": _cpu(),
        "cores": str(_cores()),
        **_blas(),
    }
    return {name: value for name, value in facts.items() if value}


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _cores() -> int:
    # Those this process may use: a container or `taskset` often gives fewer than the machine has.
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _blas() -> dict[str, str]:
    from threadpoolctl import threadpool_info

    for library in threadpool_info():
        if library.get("user_api") == "blas":
            name = f"{library.get('internal_api', 'blas')} {library.get('version') or ''}".strip()
            return {"blas": name, "threads": str(library.get("num_threads", ""))}
    return {}


def _commit(root: Path) -> dict[str, str]:
    package = Path(ablate.__file__).parent
    # An installed package inside some other project's virtual environment must not be given that project's commit.
    tracked = _git(package, "ls-files", "--error-unmatch", "__init__.py") is not None
    where = package if tracked else root
    commit = _git(where, "rev-parse", "HEAD")
    if not commit:
        return {}
    dirty = _git(where, "status", "--porcelain", "--untracked-files=no")
    return {"git_commit": commit + ("+dirty" if dirty else "")}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
