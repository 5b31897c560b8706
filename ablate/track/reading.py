"""A database opened for reading: all of it, also what stands in a journal beside it, wherever it lies."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ablate.errors import Failure

JOURNALS = ("-wal", "-journal")
_SECONDS = 20.0
# What SQLite says where it would have to write beside the file: it cannot make its -shm file, or take back a write
# that a killed process began.
_WOULD_WRITE = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR_SHM", "SQLITE_PERM")


def damaged(path: Path, why: object) -> Failure:
    """Build the one-line error for a file SQLite cannot read."""
    reason = " ".join(str(why).replace("*** in database main ***", "").split())
    return Failure(
        f"{path} is not a readable database ({reason}): move it aside, with the -wal file beside it if there is one, "
        "and run again (finished runs are then done again), or put a backup in its place; nothing was changed"
    )


def leftovers(path: Path) -> list[Path]:
    """Return the journals beside a database that hold something: a part of it that is not in the file yet."""
    beside = (path.with_name(path.name + ending) for ending in JOURNALS)
    return [journal for journal in beside if journal.is_file() and journal.stat().st_size > 0]


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database for reading only, also from a folder that cannot be written to, or on a full disk.

    Raises
    ------
    Failure
        The file is not a database, or SQLite finds it damaged while reading.
    """
    try:
        with contextlib.ExitStack() as until:
            yield _opened(path.resolve(), until)
    except sqlite3.OperationalError as error:
        raise Failure(f"cannot read {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error


def _opened(path: Path, until: contextlib.ExitStack) -> sqlite3.Connection:
    try:
        return _connection(path, "mode=ro", until)
    except sqlite3.OperationalError as error:
        if not str(getattr(error, "sqlite_errorname", "")).startswith(_WOULD_WRITE):
            raise
    if not leftovers(path):
        # Nobody is writing, for there is no journal; so there is nothing beside the file either.
        return _connection(path, "mode=ro&immutable=1", until)
    with contextlib.suppress(sqlite3.OperationalError):
        return _connection(path, "mode=rw", until)  # takes back what a killed process began
    return _connection(_copy(path, until), "mode=rw", until)


def _connection(path: Path, mode: str, until: contextlib.ExitStack) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True, timeout=_SECONDS)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens it; connecting alone does not
    except BaseException:
        connection.close()
        raise
    until.callback(connection.close)
    return connection


def _copy(path: Path, until: contextlib.ExitStack) -> Path:
    """Copy a database with its journals to where it can be opened for good: `immutable` would leave the journal out."""
    try:
        place = Path(until.enter_context(tempfile.TemporaryDirectory(prefix="ablate-", ignore_cleanup_errors=True)))
        for part in (path, *leftovers(path)):
            shutil.copyfile(part, place / part.name)
    except OSError as error:
        raise Failure(
            f"cannot read {path}: a part of it stands in {leftovers(path)[0].name} beside it, and its folder cannot be "
            f"written to; a copy to read it from cannot be made either ({(error.strerror or str(error)).lower()})"
        ) from error
    return place / path.name
