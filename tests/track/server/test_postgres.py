"""A team's server on PostgreSQL: the contract, a study of 200 runs, two drivers at once."""

import json
import os
import shlex
import subprocess
import sys
from collections import Counter

import pytest
from pages import ROOT, blocks, lines
from servers import MissingError, MlflowServer, Postgres

from ablate.cli import main
from ablate.testing import store_checks
from ablate.track.memory import MemoryStore
from ablate.track.server.store import ServerStore

pytest.importorskip("psycopg2", reason="MLflow's server needs psycopg2-binary to reach PostgreSQL")

SAYS = [str(check) for check in store_checks(MemoryStore)]
TRAIN = """
def train(config, seed):
    gain = config["params"]["gain"]
    return {"accuracy": 0.5 + 0.01 * gain + 0.001 * ((seed * 7 + gain) % 5)}

train.metrics = {"accuracy": "higher"}
"""
STUDY = """
title: Does gain help?
fixed: {program: function, program.target: "mine.py:train"}
factors: {program.params.gain: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}
seeds: 20
claims:
  - {id: gain, says: Gain raises accuracy, metric: accuracy, arm: {program.params.gain: 9},
     against: {program.params.gain: 0}, by_at_least: 0.01}
"""


def as_on_the_page(backend, artifacts):
    """Return the command of `docs/server.md`, with the database, folder and port of here, and with one worker."""
    _, (line,) = (lines(block) for block in blocks(ROOT / "docs" / "server.md", "bash"))
    driver, _, _ = backend.partition("://")
    here = {
        f"{driver}://USER@HOST/DB": backend,
        "/srv/mlflow": str(artifacts),
        "0.0.0.0": "127.0.0.1",
        "5000": "{port}",
    }
    words = line.split()
    assert set(here) <= set(words)
    return shlex.join(here.get(word, word) for word in words) + " --workers 1"


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    try:
        postgres = Postgres().__enter__()
    except MissingError as error:
        pytest.skip(f"no PostgreSQL here: {error}")
    folder = tmp_path_factory.mktemp("server")
    try:
        with MlflowServer(folder, line=as_on_the_page(postgres.uri, folder / "artifacts")) as server:
            yield server
    finally:
        postgres.__exit__()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    def made(name):
        place = tmp_path / name
        place.mkdir()
        (place / "mine.py").write_text(TRAIN, encoding="utf-8")
        (place / "gain.yaml").write_text(STUDY, encoding="utf-8")
        return place

    monkeypatch.chdir(made("mine"))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("says", SAYS)
def test_a_store_on_postgresql_keeps_to_the_contract(says, server, emptied, tmp_path):
    def make():
        emptied()
        return ServerStore(server.uri, tmp_path)

    (check,) = [check for check in store_checks(make) if str(check) == says]
    check()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_study_of_200_runs_is_logged_resumed_and_reported(server, folder, capsys, runs_of, tmp_path):
    at = f"tracking.uri={server.uri}"
    assert main(["run", "gain.yaml", "--jobs", "1", "seeds=6", "--no-report", at]) == 0
    assert main(["run", "gain.yaml", "--jobs", "1", at]) == 0
    out = capsys.readouterr().out
    assert "140 runs in" in out
    assert "60 finished before" in out
    assert Counter(run.info.status for run in runs_of("gain", "seed")) == {"FINISHED": 200}
    assert len(runs_of("gain", "arm")) == 10
    assert main(["run", "gain.yaml", "--no-report", at]) == 0
    assert "nothing to do, all 200 runs are finished" in capsys.readouterr().out
    shared = json.loads((tmp_path / "mine" / "reports" / "gain" / "verdicts.json").read_text(encoding="utf-8"))
    for words in (["seeds=6", "--no-report"], []):  # registered with as many seeds
        assert main(["run", "gain.yaml", "--jobs", "1", "tracking.uri=local", *words]) == 0
    local = json.loads((tmp_path / "mine" / "reports" / "gain" / "verdicts.json").read_text(encoding="utf-8"))
    assert shared["verdicts"] == local["verdicts"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_drivers_that_extend_one_study_at_once_lose_nothing(server, folder, capsys, runs_of):
    """Two processes, each in a folder of its own, that begin at the same time."""
    at = f"tracking.uri={server.uri}"
    assert main(["run", "gain.yaml", "--jobs", "1", "seeds=6", "--no-report", at]) == 0
    command = [sys.executable, "-m", "ablate", "run", "gain.yaml", "--jobs", "1", "--no-report", at]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    drivers = [
        subprocess.Popen(
            [*command, f"seeds={seeds}"], cwd=folder(name), env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for name, seeds in (("ann", 10), ("bo", 12))
    ]  # fmt: skip
    for driver in drivers:
        said = driver.communicate(timeout=600)[0]
        assert driver.returncode == 0, said.decode()
    seeds = runs_of("gain", "seed")
    assert {run.info.status for run in seeds} == {"FINISHED"}
    assert len({run.data.tags["ablate.identity"] for run in seeds}) == 120
    assert len(runs_of("gain", "study")) == 1
    assert main(["run", "gain.yaml", "--no-report", "seeds=12", at]) == 0
    assert "nothing to do, all 120 runs are finished" in capsys.readouterr().out
    assert len(runs_of("gain", "arm")) == 10, "who opens it next leaves one run for each arm"
