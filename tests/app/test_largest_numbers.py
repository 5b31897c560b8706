"""Numbers near the end of what a float holds: no verdict by an overflow, and no traceback."""

import contextlib
import csv
import sqlite3

import pytest

STUDY = """
title: Large
factors: {norm: [none, batch]}
seeds: 6
metrics: {score: higher}
claims:
  - {id: better, says: Norm helps, metric: score, arm: {norm: batch}, against: {norm: none}, by_at_least: 0.01}
"""
OWN = """
def train(config, seed):
    large = config["params"]["large"]
    value = {0: 10**400, 1: -1e200}.get(seed, 0.5) if large else 0.5 + seed / 1000
    return {"metrics": {"score": value}, "curves": {"loss": [1.0, 1e308, 2.0]}}

train.metrics = {"score": "higher"}
"""


def results(folder, value, outcome=""):
    lines = ["norm,seed,outcome,score"]
    for seed in range(6):
        lines += [f"none,{seed},,{0.5 + seed / 100}", f"batch,{seed},{outcome},{value}"]
    (folder / "results.csv").write_text("\n".join(lines) + "\n")
    (folder / "large.yaml").write_text(STUDY)


@pytest.mark.parametrize("value", ["1.7e308", "-1e308", "1e151"])
def test_results_that_cannot_be_computed_with_are_refused(ablate, tmp_path, value):
    results(tmp_path, value)
    code, _, err = ablate("import", "large.yaml", "results.csv")
    assert code == 2
    assert "results.csv, line 3: 'score' must lie within ±1e+150, got" in err
    assert not (tmp_path / "mlruns").exists()


def test_of_a_run_that_failed_such_a_number_is_no_value(ablate, tmp_path):
    results(tmp_path, "1e308", outcome="diverged")
    code, out, err = ablate("import", "large.yaml", "results.csv")
    assert code == 0, err
    assert "Not tested" in out
    assert "∞" not in out


def test_numbers_up_to_the_limit_are_judged(ablate, tmp_path, recwarn):
    results(tmp_path, "1e150")
    code, out, err = ablate("import", "large.yaml", "results.csv")
    assert code == 0, err
    assert "Supported" in out
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]


def test_a_function_that_returns_such_a_number_has_diverged(ablate, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_large.py").write_text(OWN)
    study = STUDY.replace("factors: {norm: [none, batch]}", "factors: {program.params.large: [false, true]}")
    study = study.replace("norm: batch", "program.params.large: true").replace(
        "norm: none", "program.params.large: false"
    )
    (tmp_path / "own.yaml").write_text(study + 'fixed: {program: function, program.target: "own_large:train"}\n')
    code, out, err = ablate("run", "own.yaml", "--jobs", "1")
    assert code == 0, err
    assert "10 finished" in out
    assert "2 diverged" in out
    assert "∞" not in out
    with (tmp_path / "reports" / "own" / "runs.csv").open() as opened:
        rows = [row for row in csv.DictReader(opened) if row["outcome"] == "diverged"]
    assert [(row["seed"], row["score"]) for row in rows] == [("0", ""), ("1", "")]


def test_a_store_that_holds_such_numbers_is_reported_without_them(ablate, tmp_path):
    results(tmp_path, "0.9")
    assert ablate("import", "large.yaml", "results.csv")[0] == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "mlruns" / "mlflow.db")) as connection, connection:
        for table in ("metrics", "latest_metrics"):
            connection.execute(f"UPDATE {table} SET value = 1.7e308 WHERE key = 'score' AND value = 0.9")
    code, out, err = ablate("report", "large-imported")
    assert code == 0, err
    assert "Not tested" in out
    assert "6 runs failed or have no finite value of score" in out
    (tmp_path / "reports" / "large-imported" / "runs.csv").write_text(
        (tmp_path / "reports" / "large-imported" / "runs.csv").read_text().replace(",0.55\n", ",1e308\n")
    )
    code, _, err = ablate("report", "--csv", "reports/large-imported")
    assert code == 2
    assert "expected a number within ±1e+150, got '1e308'" in err
