"""The SQLite file itself: is it sound, may it be written, is it in the right place, what is its address. No MLflow."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import os
import re
import sqlite3
import tempfile
from pathlib import Path

from ablate.errors import Failure
from ablate.track.layout import Layout
from ablate.track.reading import damaged, leftovers, read_only

_HEADER = b"SQLite format 3\x00"
_NEVER_CLOSED: dict[tuple[int, int], int] = {}
_QUICK_CHECK_BYTES = 256 * 2**20  # 0.11 s for 88 MB; beyond this only header, length and schema are read
_SPECIAL = frozenset("%?")  # SQLAlchemy decodes `%41` in an address, and ends the name at a `?`


def exists(layout: Layout) -> bool:
    """Say whether there is a database with anything in it (SQLite reads an empty file as a new database)."""
    return layout.database.is_file() and layout.database.stat().st_size > 0


def check_database(layout: Layout) -> bool:
    """Raise before MLflow opens a database it would choke on, or silently migrate; return whether it holds anything.

    Raises
    ------
    Failure
        Damaged, cut short, not writable, locked by another program, or of another MLflow's schema.
    """
    path = layout.database
    if path.exists() and not path.is_file():
        raise damaged(path, "not a file")
    if not exists(layout):
        return False
    head = _first_bytes(path, 100)
    if not head.startswith(_HEADER):
        raise damaged(path, "file is not a database")
    size = path.stat().st_size
    # With a journal beside it, what is missing in the file stands there: SQLite judges, in the check below.
    if not leftovers(path) and (whole := _bytes_of(head)) > size:
        raise damaged(path, f"{size} of {whole} bytes are there")
    with read_only(path) as connection:
        if (
            size <= _QUICK_CHECK_BYTES
            and (problem := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok"
        ):
            raise damaged(path, problem)
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        version = None
        if "alembic_version" in names:
            version = next((v for (v,) in connection.execute("SELECT version_num FROM alembic_version")), None)
    _check_schema(layout, version, names)
    _check_writable(layout)
    return bool(names)


def _bytes_of(head: bytes) -> int:
    """Return how long the file is by its header; 0 where the header does not say."""
    pages, page_size = int.from_bytes(head[28:32], "big"), int.from_bytes(head[16:18], "big")
    # The page count counts only where its version number equals the change counter.
    return pages * (65536 if page_size == 1 else page_size) if head[24:28] == head[92:96] else 0


def _first_bytes(path: Path, count: int) -> bytes:
    """Read the beginning of a file and keep it open.

    A process that closes a file loses all its POSIX locks on it, SQLite's too (https://sqlite.org/howtocorrupt.html,
    2.2): another process would think itself alone with the database and take away the journal that this one writes.
    """
    info = path.stat()
    key = (info.st_dev, info.st_ino)
    if key not in _NEVER_CLOSED:
        _NEVER_CLOSED[key] = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    os.lseek(_NEVER_CLOSED[key], 0, os.SEEK_SET)
    return os.read(_NEVER_CLOSED[key], count)


def _check_schema(layout: Layout, version: str | None, tables: set[str]) -> None:
    if version is None:
        if tables:
            raise Failure(f"{layout.database} is not one of MLflow's databases: move it aside; nothing was changed")
        return
    revisions, head = mlflow_revisions()
    if head is None or version == head:
        return
    if version in revisions:
        # MLflow refuses an outdated schema, and migrates without asking where a whole table is missing.
        raise Failure(
            f"{layout.database} has the schema of an older MLflow ({version}, this one needs {head}): make a copy of "
            f"it, then run `mlflow db upgrade {layout.uri}`; nothing was changed"
        )
    raise Failure(
        f"{layout.database} was written by a newer MLflow (schema {version}, this one knows up to {head}): install "
        "that MLflow again, or move the file aside (`mlflow db upgrade` cannot go back); nothing was changed"
    )


def mlflow_revisions() -> tuple[set[str], str | None]:
    """Return the schema revisions the installed MLflow knows, and the newest of them (None if it cannot be told).

    Read from the migration scripts' own text: 3 ms, against 1.5 s to import MLflow and Alembic for the same answer.
    """
    spec = importlib.util.find_spec("mlflow")
    places = list(spec.submodule_search_locations or []) if spec else []
    revisions: set[str] = set()
    earlier: set[str] = set()
    for script in Path(places[0], "store", "db_migrations", "versions").glob("*.py") if places else ():
        text = script.read_text(encoding="utf-8")
        for line in re.findall(r"^(?:down_)?revision\b.*$", text, re.MULTILINE):
            (earlier if line.startswith("down_") else revisions).update(re.findall(r"[\"']([0-9a-f]+)[\"']", line))
    heads = revisions - earlier
    return revisions, heads.pop() if len(heads) == 1 else None


def _check_writable(layout: Layout) -> None:
    try:
        with contextlib.closing(sqlite3.connect(layout.database, timeout=20.0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        raise Failure(f"cannot write to {layout.database}: {error}; nothing was changed") from error


def fold_journal(layout: Layout) -> None:
    """Leave the file fast and whole: statistics for the query planner, and the journal folded into it.

    Without ANALYZE a metric history takes 45 ms instead of 3 ms to read, in the MLflow UI too. The limit
    (SQLite's own advice: 100 to 1,000) makes it 4 ms for 88 MB.
    """
    with contextlib.closing(sqlite3.connect(layout.database, timeout=20.0, isolation_level=None)) as connection:
        connection.execute("PRAGMA analysis_limit = 1000")
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def link_for_plain_ui(layout: Layout) -> str | None:
    """Make plain `mlflow ui` find the runs: it opens `mlflow.db` of the working directory.

    Returns
    -------
    str or None
        A warning where it will not find them: nothing of the user's is replaced.
    """
    hint = f"plain `mlflow ui` will not show these runs; `ablate ui` does (or give it --backend-store-uri {layout.uri})"
    old = next((p.parent for p in layout.runs.glob("*/meta.yaml") if p.parent.name.isdigit()), None)
    if old is not None:
        return f"{old} holds runs of MLflow's former file store, which `mlflow ui` prefers: {hint}"
    if layout.link.is_symlink():
        if layout.link.resolve() == layout.database.resolve():
            return None
        return f"{layout.link} is a link to {layout.link.resolve()}: {hint}"
    if layout.link.exists():
        return f"{layout.link} is another database and was left alone: {hint}"
    try:
        layout.link.symlink_to(layout.database.relative_to(layout.root))
    except OSError as error:
        return f"cannot make the link {layout.link} ({(error.strerror or str(error)).lower()}): {hint}"
    return None


def relocate(root: Path) -> int:
    """Point every artifact location into `mlruns/artifacts/` beside the database, and return how many were changed.

    MLflow stores absolute paths, so a moved or copied checkout would show no files (and write into the old place).
    Only experiments that carry this package's tag are touched; of runs that we wrote there, each has its own folder,
    whatever address it had.
    """
    layout = Layout(root.resolve())
    if not exists(layout):
        return 0
    changed = 0
    with contextlib.closing(sqlite3.connect(layout.database, timeout=20.0)) as connection, connection:
        ours = connection.execute(_OURS).fetchall()
        for experiment, old, name in ours:
            changed += _relocate(connection, experiment, old, layout.study_artifacts(name).as_uri())
    return changed


def astray(layout: Layout) -> bool:
    """Say whether `relocate` would change anything; only reads, and waits for nobody who opens the store."""
    with read_only(layout.database) as connection:
        ours = connection.execute(_OURS).fetchall()
        places = [(number, old, layout.study_artifacts(name).as_uri()) for number, old, name in ours]
        return any(
            old != new or connection.execute(f"SELECT 1 {_ASTRAY} LIMIT 1", (number, new)).fetchone() is not None
            for number, old, new in places
        )


_OURS = (
    "SELECT e.experiment_id, e.artifact_location, t.value FROM experiments e "
    "JOIN experiment_tags t USING (experiment_id) WHERE t.key = 'ablate.study'"
)
_ASTRAY = (
    "FROM runs WHERE experiment_id = ? AND artifact_uri IS NOT ? || '/' || run_uuid || '/artifacts' "
    "AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = 'ablate.study')"
)


def _relocate(connection: sqlite3.Connection, experiment: int, old: str, new: str) -> int:
    changed = 0
    if old != new:
        connection.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (new, experiment))
        changed = 1
        for table, column in (("runs", "artifact_uri"), ("logged_models", "artifact_location")):
            updated = connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE experiment_id = ? AND substr({column}, 1, ?) = ?",
                (new, len(old) + 1, experiment, len(old) + 1, old + "/"),
            )
            changed += updated.rowcount
    rows = connection.execute(f"SELECT run_uuid {_ASTRAY}", (experiment, new)).fetchall()  # reading takes no lock
    for (run_id,) in rows:
        place = f"{new}/{run_id}/artifacts"
        connection.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (place, run_id))
    return changed + len(rows)


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
