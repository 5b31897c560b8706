"""Runs that Sacred itself wrote (see make_sacred.py)."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

import ablate
from ablate.errors import UserError
from ablate.sources.choose import source_for
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in

RUNS = Path(__file__).parent / "logs" / "sacred"


def accuracy(norm, seed):
    """Return what the run of make_sacred.py returned."""
    rng = random.Random(f"{norm} {seed}")
    return round(0.9 + 0.02 * (norm == "batch") + rng.gauss(0, 0.004), 6)


def read(address):
    return source_for(f"sacred:{address}").read(fits=lambda head: True)


def done(held):
    return {one.what.partition(":")[0]: (one.count, one.which) for one in held.done}


def test_runs_of_the_real_observer_come_back_with_results_and_curves():
    table = read(RUNS)
    assert table.column("run") == [str(i) for i in range(1, 13)]  # by number, not by letters
    for line in table.lines:
        run = dict(zip(table.head, line.cells, strict=True))
        arm = run["config.norm"], int(run["config.seed"])
        ended = {("none", 4): "failed", ("batch", 1): "interrupted"}.get(arm, "completed")
        assert run["status"] == ended
        assert run["metrics.test_accuracy"] == (repr(accuracy(*arm)) if ended == "completed" else "")
        curve = table.curves[line.number]["metrics.val.accuracy"]
        assert curve.values == pytest.approx([accuracy(*arm) * (1 - 0.5**step) for step in range(1, 6)])


def test_what_varies_in_them_is_found_and_a_failed_run_is_no_lost_one():
    found = found_in(read(RUNS), Asked(), name="x")
    assert found.study["factors"] == {"norm": ["none", "batch"]}
    assert [claim["metric"] for claim in found.study["claims"]] == ["test_accuracy"]
    outcomes = found.table.column("outcome")
    assert (outcomes.count("crashed"), outcomes.count("unfinished"), outcomes.count("finished")) == (1, 1, 10)


def test_the_verdict_is_that_of_a_direct_computation():
    (verdict,) = ablate.judge_runs(f"sacred:{RUNS}", lost=("FAILED",)).verdicts
    pairs = [accuracy("batch", seed) - accuracy("none", seed) for seed in (0, 2, 3, 5)]
    assert verdict.effect == pytest.approx(np.mean(pairs), abs=1e-12)


def test_objects_of_python_are_never_made_and_damaged_runs_are_told(tmp_path):
    shutil.copytree(RUNS, tmp_path / "runs")
    path = tmp_path / "runs" / "1" / "config.json"
    held = json.loads(path.read_text())
    path.write_text(json.dumps(held | {"place": {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["x"]}]}}))
    (tmp_path / "runs" / "2" / "metrics.json").write_text('{"val.accuracy": {"steps": [1, 2], "val')
    table = read(tmp_path / "runs")
    assert "config.place" not in table.head
    told = done(found_in(table, Asked(), name="x"))
    assert told["settings that are Python objects"] == (1, "place")
    assert told["runs with a damaged file"] == (1, "2")
    assert table.column("status")[1] == "unfinished"


def test_bad_addresses_are_one_line(tmp_path):
    with pytest.raises(UserError, match=r"no such folder: .*sacrd; nearest match: .*sacred"):
        read(RUNS.parent / "sacrd")
    with pytest.raises(UserError, match=r"no runs: expected folders with run.json"):
        read(tmp_path)
