"""Where numbers come from: code, versions, machine."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
from pathlib import Path

import ablate
from ablate.train.arithmetic import arithmetic, version


def provenance(root: Path) -> dict[str, str]:
    """Return what a result depends on beside its configuration, as strings.

    Keys: `git_commit` (of this package's checkout, else of `root`; `+dirty` where files differ from it),
    `ablate, python, mlflow, os, host, cores`, and those of `arithmetic`. What cannot be told is left out.
    """
    return {**_machine(), **_commit(root)}


@functools.cache
def _machine() -> dict[str, str]:
    facts = {
        "ablate": ablate.__version__,
        "python": platform.python_version(),
        "mlflow": version("mlflow"),
        "os": platform.platform(),
        "host": platform.node(),
        "cores": str(_cores()),
        **arithmetic(),
    }
    return {name: value for name, value in facts.items() if value}


def _cores() -> int:
    # Those this process may use: a container or `taskset` often gives fewer than the machine has.
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


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
