"""Waiting for a database that another program has locked: what was trained is worth minutes of it."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from ablate.errors import Failure

SECONDS = 600.0
"""For so long a session waits for the database."""

BRIEF = 20_000
"""Milliseconds that MLflow's own statements wait; and, with a journal of the former kind, a commit for readers."""

_TOLD = 5.0  # seconds after which the wait is told
_LOOK = 1.0  # seconds of one attempt: a signal, Ctrl-C say, is heard between two

_log = logging.getLogger("ablate.track")


@contextlib.contextmanager
def writing(path: Path, *, seconds: float | None = None) -> Iterator[sqlite3.Connection]:
    """Hold a connection in a transaction that writes, begun as soon as nobody else writes; all of it or nothing.

    Parameters
    ----------
    seconds
        For so long it is waited; `SECONDS` by default.

    Raises
    ------
    Failure
        Another program holds the database for so long. The wait is told once.
    """
    with contextlib.closing(sqlite3.connect(path, timeout=_LOOK, isolation_level=None)) as connection:
        _begin(connection, path, SECONDS if seconds is None else seconds)
        try:
            yield connection
        except BaseException:
            if connection.in_transaction:  # of a full disk SQLite has taken it back itself
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def until_free(path: Path) -> None:
    """Wait until the database can be written to; raises as `writing` does."""
    with writing(path):
        pass


def _begin(connection: sqlite3.Connection, path: Path, seconds: float) -> None:
    # As `mlflow_store` lets MLflow's own commits: not waiting for the disk.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")  # a value belongs to a run that is there
    began, told = time.monotonic(), False
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - began
            if error.sqlite_errorname not in ("SQLITE_BUSY", "SQLITE_BUSY_RECOVERY", "SQLITE_LOCKED"):
                raise
            if waited > seconds:
                raise Failure(locked(path, f"was locked by another program for {_long(waited)}")) from error
            if waited > _TOLD and not told:
                _log.warning("another program has locked %s: waiting up to %s for it", path, _long(seconds))
                told = True
        else:
            connection.execute(f"PRAGMA busy_timeout = {BRIEF}")
            return


def _long(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def locked(path: Path, how: str = "is locked by another program") -> str:
    """Return what is said of a database that others do not let go of."""
    return (
        f"{path} {how} (a tool that browses databases, a copy that is being made): close it and give the same command "
        "again; every run logged so far is kept"
    )
