"""The empty database that is kept for the next folder: the same as a migrated one, and never trusted blindly."""

import sqlite3

import mlflow.store.db.utils as migrations
import pytest

from ablate.track.blank import _place
from ablate.track.layout import Layout
from ablate.track.mlflow_store import connect
from ablate.track.owner import store_lock


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if not _place().is_relative_to(tmp_path):
        pytest.skip("the cache of this system is not chosen by XDG_CACHE_HOME")
    return tmp_path / "cache"


@pytest.fixture
def migrated(monkeypatch):
    """Count how often MLflow migrates a new database."""
    times = []
    real = migrations._upgrade_db
    monkeypatch.setattr(migrations, "_upgrade_db", lambda engine: (times.append(1), real(engine))[1])
    return times


def made(folder):
    """Return what a new database in `folder` holds: its schema, and the rows of every table but for times."""
    layout = Layout(folder)
    with store_lock(layout):
        connect(layout)._tracking_client.store.engine.dispose()
    with sqlite3.connect(layout.database) as connection:
        schema = sorted(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall(), key=str)
        tables = [name for kind, name, *_ in schema if kind == "table"]
        rows = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables}
        default = connection.execute("SELECT experiment_id, name, artifact_location FROM experiments").fetchall()
    return schema, rows, [tuple(str(cell).replace(str(folder), "HERE") for cell in row) for row in default]


def test_the_second_folder_has_the_same_database_without_migrations(cache, tmp_path, migrated):
    first = made(tmp_path / "one")
    assert len(migrated) == 1
    assert made(tmp_path / "two") == first
    assert len(migrated) == 1
    (kept,) = cache.rglob("*.db")
    assert str(tmp_path).encode() not in kept.read_bytes()


@pytest.mark.parametrize("damage", ["cut short", "text", "a run in it", "another schema"])
def test_a_kept_database_that_is_not_sound_is_made_anew(cache, tmp_path, migrated, damage):
    made(tmp_path / "one")
    (kept,) = cache.rglob("empty-*.db")
    if damage == "cut short":
        kept.write_bytes(kept.read_bytes()[:-5000])
    elif damage == "text":
        kept.write_text("no database")
    else:
        with sqlite3.connect(kept) as connection:
            connection.execute(
                "INSERT INTO experiments (experiment_id, name) VALUES (7, 'x')"
                if damage == "a run in it"
                else "UPDATE alembic_version SET version_num = 'abc'"
            )
    made(tmp_path / "two")
    assert len(migrated) == 2
    made(tmp_path / "three")
    assert len(migrated) == 2


def test_without_a_cache_all_works_as_before(tmp_path, monkeypatch, migrated):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    made(tmp_path / "one")
    made(tmp_path / "two")
    assert len(migrated) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "one", "two"]
