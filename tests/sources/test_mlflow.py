"""Runs of MLflow: stores that MLflow itself writes in the test, of both kinds."""

import sqlite3
from contextlib import closing

import pytest
from servers import MlflowServer

from ablate.errors import Failure, UserError
from ablate.sources import mlflow_runs
from ablate.sources.choose import source_for
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in


def read(address):
    return source_for(address).read(fits=lambda head: True)


def fill(client, **where):
    """Log 16 runs below a parent, one of them killed, and one that is deleted."""
    experiment = client.create_experiment("norms", **where)
    parent = client.create_run(experiment, run_name="sweep").info.run_id
    for norm in ("none", "batch"):
        for seed in range(8):
            run = client.create_run(experiment, tags={"mlflow.parentRunId": parent, "team": "a"}).info.run_id
            for key, value in (("model/norm", norm), ("seed", seed), ("lr", 0.1)):
                client.log_param(run, key, value)
            for step, value in enumerate((0.5, 0.9 + 0.02 * (norm == "batch") + seed * (1 + (norm == "none")) / 1000)):
                client.log_metric(run, "val/acc", value, step=step)
            client.set_terminated(run, status="KILLED" if (norm, seed) == ("none", 3) else "FINISHED")
    client.delete_run(client.create_run(experiment).info.run_id)
    client.set_terminated(parent)


@pytest.fixture(scope="module", params=["sqlite", "files"])
def store(request, tmp_path_factory):
    """Return the address of a store with 16 runs below a parent, one of them killed, one deleted."""
    import mlflow
    from mlflow import MlflowClient

    folder = tmp_path_factory.mktemp("mlflow")
    place = folder / "store.db" if request.param == "sqlite" else folder / "mlruns"
    uri = f"sqlite:///{place}" if request.param == "sqlite" else place.as_uri()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        try:
            client = MlflowClient(tracking_uri=uri)
            fill(client, artifact_location=str(folder / "artifacts"))
        except mlflow.exceptions.MlflowException as error:
            pytest.skip(f"this MLflow writes no such store: {str(error)[:60]}")
    return str(place)


def test_runs_of_the_real_library_come_back_with_their_last_values(store):
    table = read(f"mlflow:{store}#norms")
    assert len(table.lines) == 16
    assert [(one.what, one.count, one.which) for one in table.done] == [
        ("runs that hold other runs: left out", 1, "sweep")
    ]
    assert set(table.column("params.model/norm")) == {"none", "batch"}
    assert min(map(float, table.column("metrics.val/acc"))) >= 0.9
    assert sorted(set(table.column("status"))) == ["FINISHED", "KILLED"]
    assert read(f"mlflow:{store}#norms").text == table.text


def test_what_varies_in_them_is_found(store):
    found = found_in(read(f"mlflow:{store}#norms"), Asked(), name="norms")
    assert found.study["factors"] == {"model/norm": ["none", "batch"]}
    assert [claim["metric"] for claim in found.study["claims"]] == ["val/acc"]
    assert found.table.column("outcome").count("unfinished") == 1


def test_bad_addresses_are_one_line(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for address, message in (
        (f"{store}#norm", "nearest match: norms"),
        ("nothing.db#norms", "no such store"),
        ("norms", "no MLflow store in this folder"),
        (
            "http://me:secret@localhost:5000#norms",
            "expected mlflow:http://HOST:PORT#EXPERIMENT; .*holds a name or a password",
        ),
    ):
        with pytest.raises(UserError, match=message):
            read(f"mlflow:{address}")


def test_runs_of_a_server_are_the_runs_of_its_database(tmp_path):
    from mlflow import MlflowClient

    with MlflowServer(tmp_path / "server") as server:
        client = MlflowClient(tracking_uri=server.uri)
        fill(client)
        client.create_experiment("empty")
        table = read(f"mlflow:{server.uri}#norms")
        local = read(f"mlflow:{tmp_path / 'server' / 'runs.db'}#norms")
        assert [line.cells for line in table.lines] == [line.cells for line in local.lines]
        assert table.head == local.head
        assert found_in(table, Asked(), name="norms").study["factors"] == {"model/norm": ["none", "batch"]}
        page = next(one.experiment_id for one in client.search_experiments() if one.name == "norms")
        assert read(f"mlflow:{server.uri}/#/experiments/{page}/runs").lines == table.lines
        for address, message in (
            (f"{server.uri}#norm", "unknown experiment at .*; nearest match: norms"),
            (server.uri, "say which experiment with #NAME, one of Default, empty, norms"),
            (f"{server.uri}#empty", "the experiment empty has no runs"),
        ):
            with pytest.raises(UserError, match=message):
                read(f"mlflow:{address}")
    with pytest.raises(Failure, match="no server answers at"):
        read(f"mlflow:{server.uri}#norms")


def test_a_store_that_is_locked_damaged_or_another_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(mlflow_runs, "_WAIT", 0.1)
    (tmp_path / "text.db").write_text("no database")
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "mlruns" / "1").mkdir(parents=True)
    (tmp_path / "mlruns" / "1" / "meta.yaml").write_text("name: [half")
    mlflow_runs.MlflowRuns().example(tmp_path, [{"seed": 1}])
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        for place, message in (
            ("mlflow.db", "database is locked"),
            ("text.db", "cannot be read as an MLflow store"),
            ("empty.db", "cannot be read as an MLflow store"),
            ("mlruns", "meta.yaml is not YAML"),
        ):
            with pytest.raises(UserError, match=message):
                read(f"mlflow:{tmp_path / place}#example")
