"""What is written straight into MLflow's tables is what its client writes; other schemas are left to it."""

import pickle
import shutil
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from ablate.errors import Failure
from ablate.track import direct as ways
from ablate.track.layout import Layout
from ablate.track.mlflow_store import plain_errors
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.read import read_study
from ablate.track.record import SeedRecord
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult

TABLES = (
    "experiments",
    "experiment_tags",
    "runs",
    "tags",
    "params",
    "metrics",
    "latest_metrics",
    "datasets",
    "inputs",
    "input_tags",
)
TIMES = {"deleted_time", "start_time", "end_time", "timestamp", "creation_time", "last_update_time"}
OWN = {"mlflow.parentRunId", "ablate.study_run"}


def result(seed, **more):
    steps = np.array([10, 20, 30], np.int64)
    given = {
        "outcome": Outcome.REACHED,
        "metrics": {"final/test_accuracy": np.float64(0.9), "ttt/steps": 20.0},
        "curves": {"train/loss": Curve(steps, np.array([2.0, 1.0, 1.0])), "ein/wert°": Curve(steps, steps / 7)},
        "seconds": 0.25,
    }
    return RunResult(seed=seed, **{**given, **more})


def log(root, record):
    """Log an arm, a crashed run in it, and the arm again with one seed more."""
    session = MlflowTracker(root).open(record)
    arm, other = record.arms[:2]
    crashed = result(1, outcome=Outcome.CRASHED, metrics={}, curves={}, error="Traceback\nValueError: no")
    session.log_arm(arm, [SeedRecord("a0", result(0)), SeedRecord("a1", crashed)])
    session.log_arm(other, [SeedRecord("b0", result(0))])
    session.log_arm(arm, [SeedRecord("a2", result(2))], files={"note.txt": "said"})
    session.register({"sha256": "0" * 64, "time": "2026-01-01T00:00:00+00:00"})
    session.close("FINISHED")
    again = MlflowTracker(root).open(record)  # what was begun is gone on with, and what counted is set aside
    again.log_arm(other, [SeedRecord("b1", result(1))])
    again.set_aside()
    again.log_arm(other, [SeedRecord("b2", result(0))])
    again.close("KILLED")


def dump(root):
    """Return every row of the store, run ids told by what the runs are called, times left out."""
    connection = sqlite3.connect(Layout(root).database)
    connection.row_factory = sqlite3.Row
    names = {
        row["run_uuid"]: f"{row['name']} {row['status']} {row['lifecycle_stage']}"
        for row in connection.execute("SELECT * FROM runs")
    }
    made = {
        row["dataset_uuid"]: f"{row['name']} {row['digest']}" for row in connection.execute("SELECT * FROM datasets")
    }
    used = {
        row["input_uuid"]: f"{made[row['source_id']]} in {names[row['destination_id']]}"
        for row in connection.execute("SELECT * FROM inputs")
    }
    told = {**names, **made, **used}
    found = {}
    for table in TABLES:
        rows = []
        for row in connection.execute(f"SELECT * FROM {table}"):
            kept = {name: row[name] for name in row.keys() if name not in TIMES}  # noqa: SIM118 - a Row, not a dict
            if table == "tags" and kept["key"] in {"ablate.opened", "ablate.pid", "ablate.started"}:
                continue
            text = str(sorted((name, told.get(value, value)) for name, value in kept.items()))
            for run_id, name in told.items():
                text = text.replace(str(run_id), name)
            rows.append(text.replace(root.as_uri(), "ROOT").replace(str(root), "ROOT"))
        found[table] = sorted(rows)
    return found


@pytest.fixture
def stores(template, tmp_path, monkeypatch, study):
    made = []
    for way in ("direct", "client"):
        made.append(tmp_path / f"{way} ü")
        (made[-1] / "mlruns").mkdir(parents=True)
        shutil.copy(template, made[-1] / "mlruns" / "mlflow.db")
        if way == "client":
            monkeypatch.setattr(ways, "COMPARED", frozenset())
        log(made[-1], study(seeds=3))
    return made


def test_both_ways_leave_the_same_rows(stores):
    by_hand, by_client = map(dump, stores)
    for table in TABLES:
        assert by_hand[table] == by_client[table], table
        assert by_hand[table]


def test_a_store_of_a_known_schema_is_written_without_mlflow(root, study):
    MlflowTracker(root).open(study(name="another")).close("FINISHED")
    code = """
import pickle, sys
from ablate.track.mlflow_tracker import MlflowTracker
root, record = pickle.load(sys.stdin.buffer)
for _ in range(2):
    MlflowTracker(root).open(record).close("FINISHED")
print({"mlflow", "sqlalchemy"} & set(sys.modules))
"""
    command, given = [sys.executable, "-c", code], pickle.dumps((root, study()))
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    assert done.stdout == b"set()\n", done.stderr.decode()


def test_the_client_is_made_where_something_else_is_asked(root, study):
    session = MlflowTracker(root).open(study())
    try:
        assert session._client.get_run(session.run_id).info.status == "RUNNING"
        session._client.set_tag(session.run_id, "long", "x" * 8_001)  # MLflow cuts it
        assert len(session._client.get_run(session.run_id).data.tags["long"]) == 8_000
        with pytest.raises(Failure, match="MLflow cannot write"), plain_errors(session.layout):
            session._client.set_tag(session.run_id, "k" * 251, "x")
    finally:
        session.close("FINISHED")


def test_nothing_is_written_to_a_run_that_was_deleted(root, study, client):
    session = MlflowTracker(root).open(study())
    client.delete_run(session.run_id)
    writes = [
        lambda: session._client.set_tag(session.run_id, "t", "1"),
        lambda: session._client.update_run(session.run_id, status="RUNNING"),
        lambda: session._client.set_terminated(session.run_id, "FINISHED"),
    ]
    for write in writes:
        with pytest.raises(Failure, match=r"run .* cannot be .*: it was deleted while it was written"):
            write()
    with pytest.raises(Failure, match="was deleted"):
        session.close("FINISHED")


def test_both_ways_leave_the_same_files(stores):
    def files(root):
        return sorted(p.name for p in (root / "mlruns" / "artifacts").rglob("*") if p.is_file())

    assert files(stores[0]) == files(stores[1])


def test_mlflow_reads_what_is_written_directly(stores):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=Layout(stores[0]).uri)
    rows = read_study(stores[0], "quickstart").seeds
    run_id = rows.loc[rows["outcome"] == "reached", "run_id"].iloc[0]
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["final/test_accuracy"] == 0.9
    assert [m.value for m in sorted(client.get_metric_history(run_id, "train/loss"), key=lambda m: m.step)][:1] == [2.0]
    (used,) = run.inputs.dataset_inputs
    assert used.tags[0].value == "training"
    assert client.list_artifacts(run_id)


def test_a_schema_that_is_not_known_is_left_to_the_client(root, study, monkeypatch):
    MlflowTracker(root).open(study()).close("FINISHED")
    database = Layout(root).database
    assert ways.direct(database, "1") is not None
    monkeypatch.setattr(ways, "COMPARED", frozenset({"another"}))
    assert ways.direct(database, "1") is None


def test_what_mlflow_would_refuse_is_left_to_it():
    assert ways.mlflow_takes({"a": "1"}, [("m", 0, 1.0)], {"t": "x"}, {"name": "digits"})
    assert not ways.mlflow_takes({"a": "1" * 6_001}, [], {}, {})
    assert not ways.mlflow_takes({}, [("m" * 251, 0, 1.0)], {}, {})
    assert not ways.mlflow_takes({}, [], {"t": "x" * 8_001}, {})


def test_a_run_that_cannot_be_written_whole_is_not_there_at_all(root, study):
    MlflowTracker(root).open(study()).close("FINISHED")
    database = Layout(root).database
    writer = ways.direct(database, "1")
    assert writer is not None
    run_id, _ = writer.place()
    with pytest.raises(KeyError):
        writer.whole(
            run_id, name="x", tags={}, params={}, points=[], dataset={}, started=0, ended=1, status="FINISHED", at=1
        )
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM runs WHERE run_uuid = ?", (run_id,)).fetchone() == (0,)


@pytest.fixture
def writer(root, study):
    MlflowTracker(root).open(study()).close("FINISHED")
    made = ways.direct(Layout(root).database, "1")
    assert made is not None
    return made


HELD = {"tags": {"t": "1"}, "params": {"p": "1"}, "points": [("m", 0, 1.0)], "status": "FINISHED", "ended": 2}
WHOLE = {**HELD, "name": "x", "dataset": {"name": "d", "digest": "1", "source_type": "local", "source": "s",
                                          "profile": "p"}, "started": 1, "at": 2}  # fmt: skip


def rows(root, run_id):
    with sqlite3.connect(Layout(root).database) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table} WHERE run_uuid = ?", (run_id,)).fetchone()[0]
            for table in ("runs", "params", "metrics", "latest_metrics")
        }


def test_no_run_is_written_into_an_experiment_in_the_trash(root, writer, client):
    client.delete_experiment("1")
    run_id, _ = writer.place()
    for write in (lambda: writer.whole(run_id, **WHOLE), lambda: writer.begin("x", {}, 1)):
        with pytest.raises(Failure, match=r"experiment 1 in .* was deleted while runs were written"):
            write()
    assert set(rows(root, run_id).values()) == {0}
    assert not [run for run in client.search_runs(["1"], run_view_type=3) if run.info.run_name == "x"]


def test_a_run_that_was_deleted_or_is_not_there_is_not_ended(root, writer, client):
    deleted, _ = writer.begin("x", {}, 1)
    client.delete_run(deleted)
    for run_id in (deleted, "0" * 32):
        before = rows(root, run_id)
        with pytest.raises(Failure, match=f"run {run_id} in .* cannot be ended"):
            writer.finish(run_id, **HELD)
        assert rows(root, run_id) == before
    assert client.get_run(deleted).info.status == "RUNNING"
    begun, _ = writer.begin("y", {}, 1)
    writer.finish(begun, **HELD)
    assert client.get_run(begun).info.status == "FINISHED"


def test_an_experiment_that_is_not_there_is_one_line(root, writer):
    del writer
    with pytest.raises(Failure, match=r"experiment 99 in .* was deleted"):
        ways.direct(Layout(root).database, "99")


def test_a_value_of_no_run_is_refused_by_the_database(writer):
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), writer._writing() as connection:
        ways._values(connection, "0" * 32, [("m", 0, 1.0)], {}, 1)
