"""A full disk, a read-only folder, journals that a killed process left: what is there is read, and nothing is lost."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ablate.errors import Failure
from ablate.track.attach import attach_files
from ablate.track.database import check_database
from ablate.track.layout import Layout
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.read import list_studies, read_study
from ablate.track.reading import leftovers, read_only

HERE = Path(__file__).parents[2]

# Logs arm after arm with large curves until the disk refuses, says how many runs were logged, and dies like a kill.
DRIVER = """
import os, resource, signal, sys
from pathlib import Path
import numpy as np
from ablate.errors import Failure
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult

root, limit = Path(sys.argv[1]), int(sys.argv[2])
arm = ArmRecord("a" * 12, "baseline", {"norm": "none"}, {}, {}, baseline=True)
study = StudyRecord("quickstart", "k1", {}, (arm,), tuple(range(60)), "x")
steps = np.arange(1, 300)
session = MlflowTracker(root).open(study)
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for seed in study.seeds:
    curves = {f"curve/{k}": Curve(steps, steps * 0.5) for k in range(8)}
    try:
        session.log_arm(arm, [SeedRecord(f"i{seed}", RunResult(seed, Outcome.REACHED, {"m": 1.0}, curves))])
    except Failure as error:
        print(seed, str(error), flush=True)
        break
os.kill(os.getpid(), signal.SIGKILL)
"""


@contextlib.contextmanager
def mounted(folder, *options):
    """Mount a file system of its own, or skip the test."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(params=["small disk", "limit of a file's size"])
def crowded(request, root, tmp_path):
    """Return the folder of a project in which a driver ran into a full disk, and what the driver said."""
    folder, limit = tmp_path / "crowded", 0
    with contextlib.ExitStack() as until:
        if request.param == "small disk":
            until.enter_context(mounted(folder, "-t", "tmpfs", "-o", "size=6m", "none"))
        else:
            limit = 3_000_000
            folder.mkdir()
        shutil.copytree(root / "mlruns", folder / "mlruns")
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, str(folder), str(limit)],
            capture_output=True, text=True, check=False, env=environment, timeout=200,
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL, done.stderr
        yield folder, done.stdout


@pytest.mark.slow
def test_after_a_full_disk_everything_logged_is_there_and_the_store_goes_on(crowded):
    folder, said = crowded
    logged = int(said.split()[0])
    assert 1 <= logged < 60
    assert "is full" in said
    database = folder / "mlruns" / "mlflow.db"
    assert leftovers(database), "the state this is about: a part of the database stands in the journal"
    for _ in range(2):  # the first check tries to fold the journal in, and ends halfway where the disk is full
        assert list_studies(folder)[0].done >= logged
        assert check_database(Layout(folder))
        assert (read_study(folder, "quickstart").seeds["outcome"] == "reached").sum() >= logged
    if folder.is_mount():
        subprocess.run(["mount", "-o", "remount,size=60m", str(folder)], check=True)
    study = _study(folder)
    session = MlflowTracker(folder).open(study)
    assert len(session.finished()) >= logged
    session.close("FINISHED")


def _study(folder):
    from ablate.track.record import ArmRecord, StudyRecord

    arm = ArmRecord("a" * 12, "baseline", {"norm": "none"}, {}, {}, baseline=True)
    return StudyRecord("quickstart", "k1", {}, (arm,), tuple(range(60)), "x")


@pytest.mark.slow
def test_a_store_on_a_disk_that_is_still_full_can_be_read(root, study, track, tmp_path):
    track(study(seeds=2))
    with mounted(tmp_path / "full", "-t", "tmpfs", "-o", "size=8m", "none") as folder:
        _copy_while_open(root, folder)
        with contextlib.suppress(OSError), (folder / "ballast").open("wb") as ballast:
            while True:
                ballast.write(b"x" * 4096)
        assert shutil.disk_usage(folder).free == 0
        assert list_studies(folder)[0].done == 5
        with pytest.raises(Failure, match=r"is full|cannot write"):
            MlflowTracker(folder).open(study(seeds=3))
        (folder / "ballast").unlink()
        assert list_studies(folder)[0].done == 5


def _copy_while_open(root, folder, *, shm=False):
    """Copy a store while its last run stands in the journal only, as a killed or full machine leaves it."""
    database = root / "mlruns" / "mlflow.db"
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("BEGIN")
        row = connection.execute(
            "SELECT r.rowid, r.run_uuid FROM runs r JOIN tags t USING (run_uuid) WHERE t.key = 'ablate.kind' AND "
            "t.value = 'seed'"
        ).fetchone()
        columns = [c[1] for c in connection.execute("PRAGMA table_info(runs)")]
        rest = ", ".join(f'"{c}"' for c in columns if c != "run_uuid")
        copied = f"INSERT INTO runs (run_uuid, {rest}) SELECT 'f00d', {rest} FROM runs WHERE rowid = ?"
        connection.execute(copied, row[:1])
        connection.execute(
            "INSERT INTO tags (key, value, run_uuid) SELECT key, CASE key WHEN 'ablate.seed' THEN '99' WHEN "
            "'ablate.identity' THEN 'new' ELSE value END, 'f00d' FROM tags WHERE run_uuid = ?", row[1:]
        )  # fmt: skip
        connection.execute("CREATE TABLE filler (x)")  # the file grows, so that its first page is in the journal too
        connection.execute("COMMIT")
        shutil.copytree(root / "mlruns", folder / "mlruns", dirs_exist_ok=True)
    assert leftovers(folder / "mlruns" / "mlflow.db")
    if not shm:
        (folder / "mlruns" / "mlflow.db-shm").unlink()


def test_a_journal_that_was_folded_in_by_half_is_no_damage(root, study, track, tmp_path):
    # What a full disk leaves: the file's first page says how long it is to be, the rest still stands in the journal.
    track(study(seeds=2))
    _copy_while_open(root, tmp_path / "copy")
    database = tmp_path / "copy" / "mlruns" / "mlflow.db"
    journal = database.with_name("mlflow.db-wal").read_bytes()
    page = int.from_bytes(journal[8:12], "big")
    frames = [journal[at : at + 24 + page] for at in range(32, len(journal), 24 + page)]
    first = bytearray(next((f[24:] for f in reversed(frames) if f[:4] == b"\0\0\0\1"), database.read_bytes()[:page]))
    first[28:32] = (len(database.read_bytes()) // page + 7).to_bytes(4, "big")
    first[92:96] = first[24:28]
    with database.open("r+b") as opened:
        opened.write(first)
    assert int.from_bytes(first[28:32], "big") * page > database.stat().st_size
    layout = Layout(tmp_path / "copy")
    assert any(frame[:4] == b"\0\0\0\1" for frame in frames)
    assert check_database(layout)
    assert list_studies(tmp_path / "copy")[0].done == 5
    for ending in ("-shm", "-wal"):
        database.with_name(f"mlflow.db{ending}").unlink(missing_ok=True)
    # Without the journal the same first page means what it says: cut short.
    with database.open("r+b") as opened:
        opened.write(first)
    whole = database.stat().st_size
    with pytest.raises(Failure, match=rf"is not a readable database \({whole} of \d+ bytes are there\)"):
        check_database(layout)


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A place of its own for temporary copies, so that only what this test leaves is counted."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize("shm", [False, True])
def test_a_read_only_folder_with_a_journal_shows_every_run(root, study, track, tmp_path, shm):
    track(study(seeds=2))
    _copy_while_open(root, tmp_path / "copy", shm=shm)
    before = {path: path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    with mounted(tmp_path / "mount", "-o", "bind", str(tmp_path / "copy")) as folder:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        assert list_studies(folder)[0].done == 5
        assert 99 in set(read_study(folder, "quickstart").seeds["seed"])
    assert {path: path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file()} == before
    assert not list((tmp_path / "temporary").rglob("mlflow.db*"))


def test_a_read_only_folder_without_a_journal_is_read_as_it_lies(root, study, track, tmp_path):
    track(study(seeds=2))
    assert not leftovers(root / "mlruns" / "mlflow.db")
    with mounted(tmp_path / "mount", "-o", "bind", str(root)) as folder:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        assert list_studies(folder)[0].done == 4
        with pytest.raises(Failure, match=r"cannot write to .*mlruns.*: read-only file system"):
            MlflowTracker(folder).open(study())


def test_a_report_of_a_read_only_store_is_written_and_its_copy_missed_in_one_line(root, study, track, tmp_path):
    track(study(seeds=1))
    with mounted(tmp_path / "mount", "-o", "bind", str(root)) as folder:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        said = attach_files(folder, "quickstart", "k1", {"report.md": b"r"}, "report")
    assert said.startswith("the report is written, but a copy could not be kept beside the runs: ")
    assert "read-only file system" in said
    assert "\n" not in said


def test_a_folder_that_cannot_be_written_and_a_journal_that_cannot_be_copied_are_told(root, study, track, monkeypatch):
    track(study(seeds=1))
    database = root / "mlruns" / "mlflow.db"
    database.with_name("mlflow.db-wal").write_bytes(b"x" * 4152)
    real = sqlite3.connect

    def refuse(name, *args, **kwargs):
        connection = real(":memory:")
        connection.close()
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorname = "SQLITE_CANTOPEN"
        raise error

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ablate.track.reading.sqlite3.connect", refuse)
    monkeypatch.setattr("ablate.track.reading.shutil.copyfile", full)
    with pytest.raises(Failure, match=r"a part of it stands in mlflow\.db-wal beside it, and .*no space left"):
        list_studies(root)


def test_a_write_that_a_killed_process_began_is_taken_back(root, tmp_path):
    # A disk that cannot keep a write-ahead journal (a network disk) has one of the former kind.
    path = tmp_path / "mlflow.db"
    shutil.copy(root / "mlruns" / "mlflow.db", path)
    child = (
        "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('PRAGMA journal_mode = DELETE'); c.execute('CREATE TABLE kept (x)'); "
        "c.execute('INSERT INTO kept VALUES (1)'); c.execute('PRAGMA cache_size = 2'); c.execute('BEGIN'); "
        "c.executemany('INSERT INTO kept VALUES (?)', [('x' * 1000,)] * 500); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", child, str(path)], check=False)
    assert leftovers(path) == [path.with_name("mlflow.db-journal")]
    with read_only(path) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1,)


def test_a_journal_without_its_database_is_not_taken_for_a_part_of_a_new_one(root, study, track, tmp_path):
    track(study(seeds=1))
    _copy_while_open(root, tmp_path / "copy")
    (tmp_path / "copy" / "mlruns" / "mlflow.db").rename(tmp_path / "mlflow.db")
    with pytest.raises(Failure, match=r"mlflow\.db-wal lies there without its database, mlflow\.db: put the database"):
        MlflowTracker(tmp_path / "copy").open(study())
    (tmp_path / "mlflow.db").rename(tmp_path / "copy" / "mlruns" / "mlflow.db")
    assert list_studies(tmp_path / "copy")[0].done == 3


@pytest.mark.slow
def test_a_database_that_cannot_be_made_leaves_nothing_behind(tmp_path, study):
    (tmp_path / "mlruns").mkdir()
    for name in (".new-year.db", ".new-2024.db", "precious.txt"):
        (tmp_path / "mlruns" / name).write_text("mine")
    with mounted(tmp_path / "full", "-t", "tmpfs", "-o", "size=300k", "none") as folder:
        shutil.copytree(tmp_path / "mlruns", folder / "mlruns")
        with pytest.raises(Failure, match="is full"):
            MlflowTracker(folder).open(study())
        left = {path.name for path in (folder / "mlruns").iterdir()}
        assert left == {"artifacts", "locks", ".new-year.db", ".new-2024.db", "precious.txt"}


def test_locks_are_not_made_through_links(root, study, tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    locks = root / "mlruns" / "locks"
    locks.mkdir()
    (locks / "store.lock").symlink_to(precious)
    with pytest.raises(Failure, match=r"store\.lock is a link: remove it"):
        MlflowTracker(root).open(study())
    (locks / "store.lock").unlink()
    locks.rmdir()
    locks.symlink_to(tmp_path)
    with pytest.raises(Failure, match=r"locks is a link: remove it"):
        MlflowTracker(root).open(study())
    assert precious.read_text() == "mine"
