"""The commands of `docs/server.md`, and that of `docs/guide.md` on a server: run on a real one."""

import re
import shlex

import pytest
from pages import ROOT, blocks, lines, reduced

from ablate.cli import main

HERE, _ = (lines(block) for block in blocks(ROOT / "docs" / "server.md", "bash"))
GUIDE = lines(blocks(ROOT / "docs" / "guide.md", "bash")[0])
ADDRESS = "http://mlflow.example.org:5000"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny = {"dataset": "digits", "dataset.train_size": 60, "model.hidden": [8], "batch_size": 20, "epochs": 1}
    reduced("quickstart", tmp_path, {"fixed": tiny, "factors": {"init.std": [0.1, 0.01]}}, claims=1)
    return tmp_path


def test_a_word_and_a_variable_lead_to_the_server(server, project, monkeypatch, capsys):
    word, variable = (line.replace(ADDRESS, server.uri) for line in HERE)
    assert main([*shlex.split(word)[1:], "-j", "1", "--no-report"]) == 0, capsys.readouterr().err
    assert f"browse the runs:  {server.uri}" in capsys.readouterr().out
    assert word in [line.replace(ADDRESS, server.uri) for line in GUIDE]  # the guide shows the same command
    export, setting = shlex.split(variable)
    assert export == "export"
    assert main(["studies"]) == 0
    assert not re.search(r"^quickstart +32 ", capsys.readouterr().out, flags=re.MULTILINE)
    monkeypatch.setenv(*setting.split("=", 1))
    assert main(["studies"]) == 0
    assert re.search(r"^quickstart +32 ", capsys.readouterr().out, flags=re.MULTILINE)
    assert not (project / "mlruns" / "mlflow.db").exists()
