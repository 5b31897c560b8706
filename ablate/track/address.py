"""A database file as an address that MLflow opens: SQLAlchemy decodes `%41` and ends the name at a `?`."""

from __future__ import annotations

import atexit
import contextlib
import functools
import tempfile
from pathlib import Path

from ablate.errors import Failure

_SPECIAL = frozenset("%?")


def database_uri(path: Path) -> str:
    """Return a database's address; where its folder has a name that an address cannot hold, by a link to the folder.

    Written out as `%25`, MLflow would find the file, but make a folder of that very name beside it.

    Raises
    ------
    Failure
        No such link can be made.
    """
    if not _SPECIAL & set(path.as_posix()):
        return f"sqlite:///{path.as_posix()}"
    return f"sqlite:///{(_plain_link(path.parent) / path.name).as_posix()}"


@functools.cache
def _plain_link(folder: Path) -> Path:
    """Make a link to a folder under a plain name; it goes with the process."""
    try:
        place = Path(tempfile.mkdtemp(prefix="ablate-"))
        link = place / "mlruns"
        link.symlink_to(folder, target_is_directory=True)
    except OSError as error:
        raise _unusable(folder) from error
    atexit.register(_remove, link)
    if _SPECIAL & set(link.as_posix()):
        raise _unusable(folder)
    return link


def _remove(link: Path) -> None:
    with contextlib.suppress(OSError):
        link.unlink()
        link.parent.rmdir()


def _unusable(folder: Path) -> Failure:
    return Failure(f"MLflow cannot keep runs in {folder}: the name holds a `%` or a `?`; rename the folder")
