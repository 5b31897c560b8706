"""States that Hugging Face's `Trainer` itself wrote (see make_trainer.py)."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import ablate
from ablate.errors import UserError
from ablate.sources.choose import source_for
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in

RUNS = Path(__file__).parent / "logs" / "trainer"


def read(address):
    return source_for(f"trainer:{address}").read(fits=lambda head: True)


def done(held):
    return {one.what.partition(":")[0]: (one.count, one.which) for one in held.done}


def logged(norm, seed):
    """Return the accuracies of a run that came to its end."""
    state = json.loads((RUNS / f"norm={norm},seed={seed}" / "trainer_state.json").read_text())
    return [(row["step"], row["eval_accuracy"]) for row in state["log_history"] if "eval_accuracy" in row]


def test_runs_of_the_real_trainer_come_back_with_their_curves():
    table = read(RUNS)
    assert len(table.lines) == 12
    for line in table.lines:
        run = dict(zip(table.head, line.cells, strict=True))
        arm = run["config.norm"], int(run["config.seed"])
        curve = table.curves[line.number]["metrics.eval_accuracy"]
        if arm == ("batch", 2):
            assert run["status"] == "unfinished"
            assert len(curve.steps) == 3  # of four epochs
        else:
            assert run["status"] == "finished"
            assert list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True)) == logged(*arm)


def test_what_varies_in_them_is_found_and_a_checkpoint_is_no_end():
    found = found_in(read(RUNS), Asked(), name="x")
    assert found.study["factors"] == {"norm": ["none", "batch"]}
    assert [claim["metric"] for claim in found.study["claims"]] == ["eval_accuracy"]
    assert done(found)["runs without a final state"] == (1, "norm=batch,seed=2")
    assert found.table.column("outcome").count("unfinished") == 1


def test_the_verdict_is_that_of_a_direct_computation():
    (verdict,) = ablate.judge_runs(f"trainer:{RUNS}").verdicts
    pairs = [logged("batch", seed)[-1][1] - logged("none", seed)[-1][1] for seed in (0, 1, 3, 4, 5)]
    assert verdict.effect == pytest.approx(np.mean(pairs), abs=1e-12)


def test_the_last_checkpoint_is_that_of_the_largest_number_and_damage_is_told(tmp_path):
    rows = [{"step": 1, "eval_accuracy": 0.5}, {"step": 2, "eval_accuracy": 0.6}]
    for number, more in ((9, 1), (10, 2)):
        place = tmp_path / "norm=a,seed=0" / f"checkpoint-{number}"
        place.mkdir(parents=True)
        (place / "trainer_state.json").write_text(json.dumps({"log_history": rows[:more], "max_steps": 20}))
    place = tmp_path / "norm=a,seed=1"
    place.mkdir()
    (place / "trainer_state.json").write_text('{"log_history": [{"st')
    table = read(tmp_path)
    assert table.column("metrics.eval_accuracy") == ["0.6", ""]
    assert table.column("status") == ["unfinished", "unfinished"]
    assert {one.which for one in table.done} == {"norm=a,seed=0", "norm=a,seed=1"}


def test_bad_addresses_are_one_line(tmp_path):
    with pytest.raises(UserError, match=r"no such folder: .*trainr; nearest match: .*trainer"):
        read(RUNS.parent / "trainr")
    with pytest.raises(UserError, match=r"no trainer_state.json in"):
        read(tmp_path)
    shutil.copytree(RUNS / "norm=none,seed=0", tmp_path / "a")
    (tmp_path / "a" / "trainer_state.json").write_text('{"log_history": []}')
    shutil.rmtree(tmp_path / "a" / "checkpoint-16", ignore_errors=True)
    with pytest.raises(UserError, match=r"no trainer_state.json holds a number"):
        read(tmp_path)


def test_an_entry_of_training_and_one_of_evaluation_at_a_step_are_no_restart(tmp_path):
    folder = tmp_path / "norm=none,seed=0"
    folder.mkdir()
    rows = [{"step": step, "epoch": step / 2, key: 0.1 * step} for step in (2, 4) for key in ("loss", "eval_accuracy")]
    state = {"log_history": rows, "global_step": 4, "max_steps": 4}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    table = read(tmp_path)
    assert not [one for one in table.done if "restarted" in one.what]
    assert table.curves[table.lines[0].number]["metrics.epoch"].steps.tolist() == [2, 4]
