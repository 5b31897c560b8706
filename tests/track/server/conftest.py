"""A real MLflow server, started once; every test finds it empty."""

import time

import pytest
from servers import MlflowServer

from ablate.track.server.store import ServerStore


@pytest.fixture(scope="session")
def started(tmp_path_factory):
    with MlflowServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def look(started):
    """MLflow's own client on the server, for what a user of its pages would see."""
    from mlflow import MlflowClient

    return MlflowClient(started.uri, started.uri)


@pytest.fixture
def emptied(look):
    from mlflow.entities import ViewType

    def empty():
        for one in look.search_experiments(view_type=ViewType.ALL):
            if one.name == "Default" or one.name.startswith("gone-"):
                continue
            if one.lifecycle_stage != "active":
                look.restore_experiment(one.experiment_id)
            look.rename_experiment(one.experiment_id, f"gone-{time.time_ns()}")
            look.delete_experiment(one.experiment_id)

    return empty


@pytest.fixture
def server(started, emptied, monkeypatch):
    for name in ("ABLATE_ROOT", "ABLATE_TRACKING_URI", "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    # A machine under load answers late: only the tests of a server that does not answer give up sooner.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")
    emptied()
    return started


@pytest.fixture
def store(server, tmp_path):
    return ServerStore(server.uri, tmp_path / "mine")


@pytest.fixture
def runs_of(look):
    """The active runs of a study, by kind."""

    def find(name, kind):
        experiment = look.get_experiment_by_name(name)
        found = look.search_runs([experiment.experiment_id], f"tags.`ablate.kind` = '{kind}'", max_results=1_000)
        return sorted(found, key=lambda run: run.info.run_name)

    return find
