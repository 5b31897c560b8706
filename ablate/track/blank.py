"""An empty database, kept in the user's cache for the next folder.

MLflow makes a new database by 70 migrations, about 2 s of a first command in a folder; a copy takes milliseconds. It
holds tables and no rows of a project, and is named by the version of MLflow and of its schema. Whatever is wrong with
it, the migrations are done instead.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sqlite3
from importlib.metadata import version
from pathlib import Path

import platformdirs

from ablate.track.database import mlflow_revisions

_OURS = ("experiments", "runs")  # must hold no rows: an experiment holds the address of its folder


def take_blank(target: Path) -> bool:
    """Put a copy of the kept database at `target`; return whether there was a sound one."""
    kept = _place()
    if kept is None or not kept.is_file():
        return False
    try:
        shutil.copyfile(kept, target)
        if _is_blank(target):
            return True
    except (OSError, sqlite3.Error):
        pass
    target.unlink(missing_ok=True)
    return False


def keep(made: Path) -> None:
    """Keep a copy of a database that MLflow has just made, without its rows; where nothing can be kept, do nothing.

    Parameters
    ----------
    made
        Nobody may be writing to it.
    """
    kept = _place()
    if kept is None:
        return
    aside = kept.with_name(f".{secrets.token_hex(6)}.db")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, aside)
        with contextlib.closing(sqlite3.connect(aside, isolation_level=None)) as connection:
            connection.execute("DELETE FROM experiments")
            connection.execute("VACUUM")  # else the page with the folder's address stays in the file
        if _is_blank(aside):
            aside.replace(kept)
    except (OSError, sqlite3.Error):
        pass
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def _place() -> Path | None:
    """Return where the database of the installed MLflow is kept; None where its schema cannot be told."""
    _, head = mlflow_revisions()
    if head is None:
        return None
    return platformdirs.user_cache_path("ablate") / "mlflow" / f"empty-{version('mlflow')}-{head}.db"


def _is_blank(path: Path) -> bool:
    """Say whether a file is a sound database of this schema without rows of a project."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        sound = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        revisions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        rows = [connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in _OURS]
        return sound and revisions == [(mlflow_revisions()[1],)] and all(row == (0,) for row in rows)
