"""The command line on a server; and where runs go when nothing is said."""

import json
import re

import pytest

import ablate as face
from ablate.cli import main

TRAIN = """
def train(config, seed):
    return {"accuracy": 0.5 + 0.1 * config["params"]["gain"] + 0.001 * ((seed * 7) % 5)}

train.metrics = {"accuracy": "higher"}
"""
STUDY = """
title: Does gain help?
fixed: {program: function, program.target: "mine.py:train"}
factors: {program.params.gain: [0, 1]}
seeds: 6
claims:
  - {id: gain, says: Gain raises accuracy, metric: accuracy, arm: {program.params.gain: 1},
     against: {program.params.gain: 0}, by_at_least: 0.01}
"""


@pytest.fixture
def ablate(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "gain.yaml").write_text(STUDY, encoding="utf-8")

    def call(*arguments):
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return call


def plain(path):
    """What `verdicts.json` says, but for ids of runs and times."""

    def without(part):
        if isinstance(part, dict):
            ours = ("run_id", "experiment_id", "created", "time", "host")
            return {key: without(value) for key, value in part.items() if key not in ours}
        return [without(one) for one in part] if isinstance(part, list) else part

    return without(json.loads(path.read_text(encoding="utf-8")))


def test_all_commands_work_on_a_server_and_say_what_they_say_here(ablate, server, tmp_path):
    at = f"tracking.uri={server.uri}"
    code, out, err = ablate("run", "gain.yaml", at, "--jobs", "1")
    assert (code, f"browse the runs:  {server.uri}" in out) == (0, True), err
    assert not (tmp_path / "mlruns" / "mlflow.db").exists()
    shared = plain(tmp_path / "reports" / "gain" / "verdicts.json")
    assert ablate("run", "gain.yaml", "--jobs", "1", "tracking.uri=local")[0] == 0
    assert plain(tmp_path / "reports" / "gain" / "verdicts.json") == shared
    code, out, _ = ablate("run", at, "gain.yaml", "--no-report")
    assert (code, "gain: nothing to do, all 12 runs are finished" in out) == (0, True)
    code, out, _ = ablate("plan", "gain.yaml", at)
    assert code == 0
    assert "Supported" in ablate("verdict", "gain", at)[1]
    lines = {line.split()[0]: line.split()[1] for line in ablate("studies", at)[1].splitlines()}
    assert lines["gain"] == "12"
    told = ablate("status", at)[1]
    assert next(line for line in told.splitlines() if line.startswith("gain ")).split()[1:4] == ["finished", "12", "12"]
    code, out, err = ablate("extend", "gain.yaml", "--seeds", "2", "--no-report", at)
    assert (code, "4 runs in" in out) == (0, True), err
    assert ablate("report", "gain", at)[0] == 0
    code, _, err = ablate("ui", at)
    assert (code, err) == (2, f"ablate: the runs are on a server: open {server.uri} in a browser\n")
    assert ablate("sync")[1] == "nothing waits\n"


def test_a_study_of_a_server_is_put_aside_brought_back_and_renamed(ablate, server):
    at = f"tracking.uri={server.uri}"
    assert ablate("run", "gain.yaml", at, "--jobs", "1", "--no-report")[0] == 0
    code, out, err = ablate("rm", "gain", "--yes", at)
    assert (code, f"bring them back: ablate rm --restore gain tracking.uri={server.uri}" in out) == (0, True), err
    assert not any(line.startswith("gain ") for line in ablate("status", at)[1].splitlines())
    assert ablate("rm", "--restore", "gain", at)[:2] == (0, "gain: brought back\n")
    code, out, err = ablate("rename", "gain", "profit", at)
    assert (code, "profit: 12 runs brought in" in out) == (0, True), err
    assert "Supported" in ablate("verdict", "profit", at)[1]
    code, _, err = ablate("verdict", "gain", at)
    assert (code, "nearest match" in err or "profit" in err) == (2, True)


def test_a_server_is_named_by_a_word_a_variable_or_a_file_in_this_order(ablate, server, tmp_path, monkeypatch):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "tracking.yaml").write_text(f"uri: {server.uri}\n", encoding="utf-8")
    assert ablate("run", "gain.yaml", "--no-report", "--jobs", "1")[0] == 0
    assert not (tmp_path / "mlruns" / "mlflow.db").exists()
    monkeypatch.setenv("ABLATE_TRACKING_URI", "local")
    assert not re.search(r"^gain +12 ", ablate("studies")[1], re.MULTILINE)
    assert re.search(r"^gain +12 ", ablate("studies", f"tracking.uri={server.uri}")[1], re.MULTILINE)
    (tmp_path / "conf" / "tracking.yaml").write_text("url: x\n", encoding="utf-8")
    monkeypatch.delenv("ABLATE_TRACKING_URI")
    code, _, err = ablate("studies")
    assert (code, "unknown key in" in err, "nearest match: uri" in err) == (2, True, True)


def test_the_address_of_mlflow_itself_is_not_followed_and_that_is_said(ablate, server, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    code, _, err = ablate("run", "gain.yaml", "--no-report", "--jobs", "1")
    assert code == 0
    assert (
        "MLFLOW_TRACKING_URI is set, but ablate does not follow it: runs are kept in mlruns/ here. "
        f"`tracking.uri={server.uri}`" in err
    )
    assert (tmp_path / "mlruns" / "mlflow.db").exists()
    assert "MLFLOW_TRACKING_URI" not in ablate("run", "gain.yaml", "--no-report", "tracking.uri=local")[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tracking.url=http://x"], "unknown setting 'tracking.url': expected one of tracking.uri"),
        (["tracking.uri="], "`tracking.uri` takes one address"),
        (["tracking.uri=local", "tracking.uri=local"], "`tracking.uri` takes one address"),
        (["tracking.uri=mlruns"], "`tracking.uri` must be `local` or the address of an MLflow server"),
    ],
)
def test_a_wrong_word_is_one_line(ablate, words, said):
    code, out, err = ablate("run", "gain.yaml", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_python_takes_the_address_as_its_store(ablate, server, tmp_path):
    assert ablate("run", "gain.yaml", "--no-report", "--jobs", "1", f"tracking.uri={server.uri}")[0] == 0
    assert [verdict.outcome for verdict in face.read_study("gain", store=server.uri).verdicts] == ["supported"]
    assert len(face.read_runs("gain", store=server.uri)) == 12
