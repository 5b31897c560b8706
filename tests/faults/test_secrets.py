"""Nothing of the environment gets into a store or a report, whatever a study asks for; nor the name of the machine."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t-0f-somebody"
STUDY = """
title: "Asks for ${oc.env:API_KEY}"
fixed: {dataset: rings, epochs: 1, dataset.train_size: 40, batch_size: 20, model.hidden: [4]}
factors: {norm: [none, batch]}
seeds: 6
claims:
  - {id: better, says: "${oc.env:API_KEY}", metric: final/test_accuracy, arm: {norm: batch}, against: {norm: none},
     by_at_least: 0.01}
"""
FUNCTION = "def train(text='', seed=0):\n    print(text)\n    return {'m': float(seed)}\n"


def ablate(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", "ablate", *words], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "API_KEY": SECRET, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_variable_of_the_environment_is_kept_or_shown(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "asks.yaml").write_text(STUDY)
    (tmp_path / "train.py").write_text(FUNCTION)
    asked = ablate(tmp_path, "run", "asks", "--jobs", "1")
    assert asked.returncode == 0, asked.stderr
    quoted = ablate(
        tmp_path,
        "run",
        "train.py:train",
        "text='${oc.env:API_KEY}','b'",
        "seeds=6",
        "--metric",
        "m:higher",
        "--no-report",
    )
    bare = ablate(tmp_path, "run", "train.py:train", "text=${oc.env:API_KEY},b", "seeds=6", "--metric", "m:higher")
    assert (quoted.returncode, bare.returncode) == (0, 2), (quoted.stderr, bare.stderr)
    told = "".join(one.stdout + one.stderr for one in (asked, quoted, bare))
    assert SECRET not in told
    assert "${oc.env:API_KEY}" in told
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "mlflow.db" for path in files)
    assert [str(path) for path in files if SECRET.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    "words",
    [
        ("judge", f"optuna:postgresql://me:{SECRET}@127.0.0.1/db"),
        ("judge", f"postgresql://me:{SECRET}@127.0.0.1/db"),
        ("judge", f"http://me:{SECRET}@127.0.0.1:9/a.csv"),
        ("judge", f"mlflow:http://me:{SECRET}@127.0.0.1:9"),
        ("judge", f"optuna:sqlite:///none.db?password={SECRET}"),
        ("import", "study.yaml", f"http://{SECRET}@127.0.0.1:9/a.csv"),
        ("status", f"tracking.uri=http://127.0.0.1:9/?token={SECRET}"),
        ("status", f"tracking.uri=http://me:{SECRET}@127.0.0.1:9"),
        ("compare", f"s3://me:{SECRET}@bucket/a.csv", "b.csv", "--non-inferior", "0.1"),
    ],
)
def test_an_error_repeats_no_password_of_an_address(tmp_path, monkeypatch, capsys, words):
    from ablate.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY)
    assert main(list(words)) in (1, 2)
    told = capsys.readouterr()
    assert told.err.startswith("ablate: ")
    assert SECRET not in told.out + told.err
    assert "…" in told.err


def test_no_committed_finding_names_the_machine_or_a_place_on_it():
    found = [path for path in (ROOT / "studies" / "findings").rglob("*") if path.suffix in (".json", ".md", ".csv")]
    assert found
    words = [str(Path.home()).encode() + b"/", str(ROOT).encode(), b'"host"', b"/home/", b"/Users/"]
    words += [platform.node().encode()] * (len(platform.node()) > 5)
    assert [(path.name, word) for path in found for word in words if word in path.read_bytes()] == []
