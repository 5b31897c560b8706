"""Whether another machine trains with the same ablate: a digest of what its code says."""

from __future__ import annotations

import functools
import hashlib
import platform

from ablate import __version__
from ablate.errors import UserError
from ablate.resources import package_folder


@functools.cache
def code_of_ablate() -> str:
    """Return the version and a digest of all Python files of this ablate: `0.4.0 (code 1f3a…)`."""
    root, sha = package_folder(), hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        sha.update(path.relative_to(root).as_posix().encode())
        sha.update(path.read_bytes())
    return f"{__version__} (code {sha.hexdigest()[:12]})"


def check_code(planned: str) -> None:
    """Refuse to train with another ablate than the one that planned.

    Raises
    ------
    UserError
        Names both, and the machine.
    """
    here = code_of_ablate()
    if here != planned:
        raise UserError(
            f"{platform.node()} has ablate {here}, but the study was planned by ablate {planned}: install the same"
        )
