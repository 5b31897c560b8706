import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ablate.errors import Failure, UserError
from ablate.track import direct
from ablate.track.database import check_database, link_for_plain_ui, mlflow_revisions, relocate
from ablate.track.layout import Layout
from ablate.track.mlflow_store import plain_errors
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.places import local_path
from ablate.track.read import list_studies


def refused(root, study, pattern):
    """Open a study, expect one line of refusal, and expect the database to be the same file after it."""
    path = root / "mlruns" / "mlflow.db"
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(Failure, match=pattern) as caught:
        MlflowTracker(root).open(study())
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(root, study):
    (root / "mlruns" / "mlflow.db").write_bytes(b"not a database at all" * 100)
    refused(root, study, r"mlflow\.db is not a readable database \(file is not a database\): move it aside")
    with pytest.raises(Failure, match="is not a readable database"):
        list_studies(root)


def test_a_database_cut_short_is_refused(root, study):
    path = root / "mlruns" / "mlflow.db"
    path.write_bytes(path.read_bytes()[:20_000])
    refused(root, study, r"is not a readable database \(.*\): move it aside")


def test_a_database_with_scribbled_pages_is_refused(root, study):
    path = root / "mlruns" / "mlflow.db"
    data = bytearray(path.read_bytes())
    data[8_192:40_960] = os.urandom(40_960 - 8_192)
    path.write_bytes(data)
    refused(root, study, "is not a readable database")


def test_an_empty_file_becomes_a_database(root, study, track):
    for path in (root / "mlruns").glob("mlflow.db*"):
        path.unlink()
    (root / "mlruns" / "mlflow.db").touch()
    with pytest.raises(UserError, match="no runs under"):
        list_studies(root)
    track(study(seeds=1))
    assert [line.name for line in list_studies(root)] == ["quickstart"]


def set_schema(root, version):
    with sqlite3.connect(root / "mlruns" / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.close()


def test_an_older_schema_is_not_migrated_behind_ones_back(root, study):
    known, head = mlflow_revisions()
    set_schema(root, sorted(known - {head})[0])
    refused(root, study, r"older MLflow .* make a copy of it, then run `mlflow db upgrade sqlite:///")


def test_a_newer_schema_asks_for_the_newer_mlflow(root, study):
    set_schema(root, "ffffffffffff")
    refused(root, study, r"written by a newer MLflow \(schema ffffffffffff.*`mlflow db upgrade` cannot go back")


def test_the_revisions_read_from_the_scripts_are_mlflows_own(root):
    from mlflow.store.db.utils import _get_latest_schema_revision

    known, head = mlflow_revisions()
    assert head == _get_latest_schema_revision()
    assert len(known) > 50


def test_a_database_of_another_program_is_refused(root, study):
    path = root / "mlruns" / "mlflow.db"
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    refused(root, study, "not one of MLflow's databases: move it aside")


def test_a_database_locked_by_another_program_is_not_waited_for_in_silence(root, study, monkeypatch):
    from ablate.track import database

    real = sqlite3.connect
    monkeypatch.setattr(database.sqlite3, "connect", lambda *a, **k: real(*a, **{**k, "timeout": 0.05}))
    holder = real(root / "mlruns" / "mlflow.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(Failure, match=r"cannot write to .*mlflow\.db: database is locked; nothing was changed"):
            MlflowTracker(root).open(study())
    finally:
        holder.close()


def test_runs_that_cannot_be_written_are_told_before_anything_is_run(tmp_path, study):
    (tmp_path / "mlruns").write_text("a file, where the folder should be")
    with pytest.raises(Failure, match=r"cannot write to .*mlruns.*: (not a directory|file exists)"):
        MlflowTracker(tmp_path).open(study())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told(root, study):
    (root / "mlruns").chmod(0o555)
    try:
        with pytest.raises(Failure, match=r"cannot write to .*mlruns.*: permission denied"):
            MlflowTracker(root).open(study())
    finally:
        (root / "mlruns").chmod(0o755)


def test_a_folder_without_permission_is_told(root, study, monkeypatch):
    # The same for root, who may write everywhere: the refusal comes from the system call itself.
    def denied(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(Failure, match=r"cannot write to .*mlruns.*: permission denied"):
        MlflowTracker(root).open(study())


@pytest.fixture(params=["directly", "by the client"])
def patch(request, monkeypatch):
    """Runs are written in either way."""
    if request.param == "by the client":
        monkeypatch.setattr(direct, "COMPARED", frozenset())
    return monkeypatch


def test_a_full_disk_is_one_line_and_loses_nothing(root, track, study, run, patch):
    track(study(seeds=1))
    session = MlflowTracker(root).open(study(seeds=2))
    arm = session.study.arms[0]
    # SQLite's own limit on the file raises the same error as a full disk.
    from sqlalchemy import event

    engine = session._client._tracking_client.store.engine
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 1"))
    connect = sqlite3.connect

    def without_room(*args, **kwargs):
        connection = connect(*args, **kwargs)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    patch.setattr(direct.sqlite3, "connect", without_room)
    with pytest.raises(Failure, match=r"the disk of .* is full: free some space and give the same command again"):
        session.log_arm(arm, [run(arm, 1)] * 40)
    session._lock.release()
    engine.dispose()
    patch.undo()
    assert list_studies(root)[0].done >= 2


def test_an_error_of_the_disk_is_one_line(root):
    layout = Layout(root)
    with pytest.raises(Failure, match="is full"), plain_errors(layout):
        raise OSError(28, "No space left on device")


def test_the_database_is_created_once_with_a_journal_that_does_not_block_readers(root, track, study):
    track(study(seeds=1))
    with sqlite3.connect(root / "mlruns" / "mlflow.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM sqlite_stat1").fetchone()[0] > 0


def test_looking_at_a_database_does_not_give_up_the_locks_of_this_process(root):
    layout = Layout(root)
    here = sqlite3.connect(layout.database, isolation_level=None)
    here.execute("CREATE TABLE kept (x)")
    check_database(layout)
    # Another process that is the last to close a database takes its journal away; this one must still be seen there.
    elsewhere = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('INSERT INTO kept VALUES (1)'); "
    subprocess.run([sys.executable, "-c", elsewhere + "c.commit(); c.close()", str(layout.database)], check=True)
    assert layout.database.with_name("mlflow.db-wal").exists()
    here.execute("INSERT INTO kept VALUES (2)")
    assert here.execute("SELECT count(*) FROM kept").fetchone() == (2,)
    here.close()


def test_plain_mlflow_ui_finds_the_runs_by_a_link(root, track, study):
    track(study(seeds=1))
    link = root / "mlflow.db"
    assert link.readlink() == Path("mlruns/mlflow.db")
    assert link_for_plain_ui(Layout(root.resolve())) is None


def test_a_database_of_the_users_is_left_alone_with_a_warning(root, study):
    (root / "mlflow.db").write_bytes(b"precious")
    tracker = MlflowTracker(root)
    tracker.open(study()).close("FINISHED")
    assert "is another database and was left alone" in tracker.warnings[0]
    assert "ablate ui" in tracker.warnings[0]
    assert (root / "mlflow.db").read_bytes() == b"precious"


def test_runs_of_the_former_file_store_are_pointed_out(root):
    (root / "mlruns" / "0").mkdir()
    (root / "mlruns" / "0" / "meta.yaml").touch()
    assert "former file store" in link_for_plain_ui(Layout(root.resolve()))


def test_where_links_do_not_work_the_user_is_told(root, monkeypatch):
    def refuse(self, target):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    assert "cannot make the link" in link_for_plain_ui(Layout(root.resolve()))


def test_a_moved_checkout_shows_and_writes_its_files_where_it_is_now(root, track, study, tmp_path):
    from mlflow import MlflowClient

    track(study(seeds=1))
    moved = tmp_path / "moved"
    root.rename(moved)
    assert relocate(moved) > 0
    assert relocate(moved) == 0
    client = MlflowClient(tracking_uri=Layout(moved).uri)
    experiment = client.get_experiment_by_name("quickstart")
    uris = [r.info.artifact_uri for r in client.search_runs([experiment.experiment_id])]
    client._tracking_client.store.engine.dispose()
    places = [local_path(uri) for uri in [experiment.artifact_location, *uris]]
    assert all(place.is_dir() and moved.resolve() in place.parents for place in places)


def test_locations_of_other_peoples_experiments_stay(root, client):
    client.create_experiment("theirs", artifact_location="file:///somewhere/else")
    assert relocate(root) == 0
    assert client.get_experiment_by_name("theirs").artifact_location == "file:///somewhere/else"
