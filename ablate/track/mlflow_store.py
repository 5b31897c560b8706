"""The door to MLflow: a client on our database, and its errors as ours."""

from __future__ import annotations

import contextlib
import errno
import logging
import re
import secrets
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import Failure
from ablate.track import blank, offline, owner
from ablate.track.database import check_database, database_uri, relocate
from ablate.track.direct import is_compared
from ablate.track.direct_client import Client, DirectClient
from ablate.track.layout import Layout
from ablate.track.patience import BRIEF, locked
from ablate.track.reading import leftovers

if TYPE_CHECKING:
    from mlflow import MlflowClient

_tuned: set[Path] = set()
_ENDINGS = ("", "-wal", "-shm", "-journal")
_MADE = re.compile(r"\.new-[0-9a-f]{12}(?:-whole)?\.db(?:-wal|-shm|-journal)?")  # what a killed start left half made


def connect(layout: Layout) -> MlflowClient:
    """Return MLflow's client on the project's database, creating it where there is none. Hold `owner.store_lock`.

    Raises
    ------
    Failure
        The database is damaged, locked, not writable or of another MLflow's schema.
    """
    _prepare(layout)
    return _client(layout)


def open_client(layout: Layout) -> Client:
    """Return what a session writes with: of a schema that is known MLflow's client is made where it is needed alone.

    Otherwise as `connect`.
    """
    _prepare(layout)
    return DirectClient(layout.database, partial(_client, layout)) if is_compared(layout.database) else _client(layout)


def _prepare(layout: Layout) -> None:
    populated = check_database(layout)
    with plain_errors(layout):
        if populated:
            relocate(layout.root)
            with contextlib.suppress(sqlite3.OperationalError):  # another reader: the next open will do
                _write_ahead(layout.database)
        else:
            _create(layout)


def _client(layout: Layout) -> MlflowClient:
    _silence()
    from mlflow import MlflowClient

    _tune(layout)
    with plain_errors(layout):
        uri = database_uri(layout.database)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.get_experiment_by_name("Default")  # the first call opens the store
    return client


def _silence() -> None:
    """Let MLflow say and send nothing of its own; before it is imported."""
    offline.switch_off()
    # A creation takes 70 migrations, each announced; a lock error is logged with its traceback before it is raised.
    for name in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _create(layout: Layout) -> None:
    """Make a new database aside and put it in place whole: 70 migrations are not a transaction.

    One interrupted halfway would be refused at the next start as one of an older MLflow. Migrations are done once per
    MLflow, and an empty database is kept (see `blank`).
    """
    if journals := leftovers(layout.database):
        # SQLite would take what stands there for a part of the new database.
        raise Failure(
            f"{journals[0]} lies there without its database, {layout.database.name}: put the database back beside it, "
            "or move this file aside too; nothing was changed"
        )
    for left in layout.runs.glob(".new-*"):
        if _MADE.fullmatch(left.name):
            with contextlib.suppress(OSError):  # Windows: still open in the process that made it
                left.unlink()
    token = secrets.token_hex(6)
    aside, copy = layout.runs / f".new-{token}.db", layout.runs / f".new-{token}-whole.db"
    try:
        had = blank.take_blank(aside)
        if not (had and is_compared(aside)):
            _migrate(aside)
        _place_default(aside, layout)
        if not had:
            blank.keep(aside)
        shutil.copyfile(aside, copy)
        _write_ahead(copy)
        copy.replace(layout.database)
    finally:
        for made in (path.with_name(path.name + end) for path in (aside, copy) for end in _ENDINGS):
            with contextlib.suppress(OSError):  # Windows: still open
                made.unlink()


def _migrate(aside: Path) -> None:
    _silence()
    from mlflow import MlflowClient

    uri = database_uri(aside)
    MlflowClient(tracking_uri=uri, registry_uri=uri).get_experiment_by_name("Default")


def _place_default(aside: Path, layout: Layout) -> None:
    """Write the experiment that MLflow adds to a database without any: here its files lie beside the others."""
    now = int(time.time() * 1_000)
    with contextlib.closing(sqlite3.connect(aside)) as connection, connection:
        connection.execute(
            "INSERT OR REPLACE INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, "
            "creation_time, last_update_time) VALUES (0, 'Default', ?, 'active', ?, ?)",
            (str(layout.runs / "0"), now, now),
        )


@contextlib.contextmanager
def plain_errors(layout: Layout) -> Iterator[None]:
    """Turn what MLflow, SQLite and the disk raise into one line each."""
    try:
        yield
    except _errors() as error:
        why = " ".join(str(error).partition("[SQL:")[0].split())  # what was asked of SQLite is not news to a user
        if "disk is full" in why or "disk I/O error" in why:
            raise _full(layout) from error
        if "malformed" in why or "not a database" in why:
            raise Failure(
                f"{layout.database} is damaged ({why[:160]}): move it aside or put a backup in its place"
            ) from error
        if "database is locked" in why:
            raise Failure(locked(layout.database)) from error
        raise Failure(f"MLflow cannot write to {layout.database}: {why[:300]}") from error
    except OSError as error:
        raise (_full(layout) if error.errno == errno.ENOSPC else owner.cannot_write(layout, error)) from error


def _errors() -> tuple[type[Exception], ...]:
    """Return what a database raises: of libraries that were not imported, nothing."""
    names = (("mlflow.exceptions", "MlflowException"), ("sqlalchemy.exc", "SQLAlchemyError"))
    return (sqlite3.Error, *(getattr(sys.modules[module], name) for module, name in names if module in sys.modules))


def _full(layout: Layout) -> Failure:
    return Failure(
        f"the disk of {layout.runs} is full: free some space and give the same command again; "
        "every run logged so far is kept"
    )


def _write_ahead(path: Path) -> None:
    # Stays with the file (`mlflow ui` may have made it without). 34 instead of 41 ms per seed run, and readers
    # never wait. A network disk cannot do it: SQLite then keeps the former journal, and all works as before.
    with contextlib.closing(sqlite3.connect(path, timeout=1.0)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _tune(layout: Layout) -> None:
    """Let commits return without waiting for the disk: 28 instead of 34 ms per seed run.

    With the write-ahead journal this is safe against a killed process; a power cut may take the last commits,
    and those runs are simply done again. Through SQLAlchemy's public event on all engines, as MLflow keeps its
    own engine private; other databases of the process are left alone.
    """
    from sqlalchemy import Engine, event

    path = layout.database.resolve()
    if path in _tuned:
        return
    _tuned.add(path)

    def relax(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            file = next((row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main"), "")
            if file and Path(file).resolve() == path:
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(f"PRAGMA busy_timeout = {BRIEF}")

    event.listen(Engine, "connect", relax)
