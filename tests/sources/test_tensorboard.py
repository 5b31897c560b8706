"""Event files: what PyTorch's writer itself wrote (see make_tensorboard.py), and what happens to such files."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

import ablate
from ablate.errors import UserError
from ablate.sources.choose import source_for
from ablate.sources.event_files import read_events
from ablate.sources.event_writing import event_file
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in

HERE = Path(__file__).parent
LOGS = HERE / "logs" / "tensorboard"


def written():
    """Return the module that wrote the samples: what it logged is drawn from seeds, and known again."""
    spec = importlib.util.spec_from_file_location("make_tensorboard", HERE / "make_tensorboard.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(address):
    return source_for(f"tensorboard:{address}").read(fits=lambda head: True)


def done(held):
    return {one.what.partition(":")[0]: (one.count, one.which) for one in held.done}


def test_runs_of_the_real_writer_come_back_with_their_curves():
    table, make = read(LOGS), written()
    assert len(table.lines) == 16
    for line in table.lines:
        run = dict(zip(table.head, line.cells, strict=True))
        norm, seed = run["config.norm"], int(run["config.seed"])
        curve = table.curves[line.number]["metrics.val/acc"]
        expected = make.curve(norm, seed, "val")
        if (norm, seed) == ("batch", 3):
            expected[4:] = make.curve(norm, seed, "val", again=True)[4:]
        if (norm, seed) == ("none", 6):
            expected = expected[:4]
        assert curve.values.tolist() == expected
        assert curve.steps.tolist() == list(range(1, len(expected) + 1))
        assert float(run["metrics.val/acc"]) == expected[-1]


def test_what_varies_in_them_is_found_and_what_was_done_is_told():
    found = found_in(read(LOGS), Asked(), name="norms")
    assert found.study["factors"] == {"norm": ["none", "batch"]}
    assert [claim["metric"] for claim in found.study["claims"]] == ["val/acc"]
    assert found.study["metrics"]["val/acc"]["better"] == "higher"
    told = done(found)
    assert told["folders with several event files"] == (1, "batch_3")
    assert told["points of curves written again by restarted runs"] == (16, "batch_3")
    assert told["event files with a half-written last record"] == (1, "none_6")
    assert told["ended before the other runs of their arm"][0] == 1
    assert told["folders of runs that never logged a number"] == (1, "never")
    assert told["runs without settings, which others have"] == (1, "unset")
    assert told["runs used"][0] == 15
    assert found.table.column("outcome").count("unfinished") == 1
    counted = found_in(read(LOGS), Asked(early_stopping=True), name="norms")
    assert "unfinished" not in counted.table.column("outcome")


def test_the_verdict_is_that_of_a_direct_computation():
    make, found = written(), ablate.judge_runs(f"tensorboard:{LOGS}")
    last = {norm: np.array([make.curve(norm, seed, "val")[-1] for seed in range(8)]) for norm in ("none", "batch")}
    last["batch"][3] = make.curve("batch", 3, "val", again=True)[-1]
    pairs = [seed for seed in range(8) if seed != 6]
    (verdict,) = found.verdicts
    assert verdict.effect == pytest.approx((last["batch"] - last["none"])[pairs].mean(), abs=1e-12)
    assert verdict.outcome == "supported"


def test_parts_of_a_run_are_one_run_and_folders_tell_settings():
    table = read(HERE / "logs" / "tensorboard_nested")
    found = found_in(table, Asked(), name="x")
    assert found.study["factors"] == {"norm": ["none", "batch"]}
    assert [claim["metric"] for claim in found.study["claims"]] == ["validation/epoch_accuracy"]
    assert {"metrics.train/epoch_accuracy", "metrics.validation/epoch_accuracy"} <= set(table.head)
    assert done(found)["runs used"][0] == 12


def test_a_curve_that_goes_back_is_a_restart_and_the_later_points_count(tmp_path):
    for name, steps in (("a", (1, 2, 3, 2, 3)), ("x/a", (1, 2, 3))):
        place = tmp_path / name
        place.mkdir(parents=True)
        points = [("acc", step, 0.5 + i / 8) for i, step in enumerate(steps)]
        (place / "events.out.tfevents.1").write_bytes(event_file({}, points))
    table = read(tmp_path)
    assert table.column("run") == ["a", "x/a"]  # the same name at another depth is another run
    assert table.curves[1]["metrics.acc"].values.tolist() == [0.5, 0.875, 1.0]
    assert table.done[0].count == 2


def test_a_wrong_checksum_ends_a_run_and_is_told(tmp_path):
    shutil.copytree(LOGS, tmp_path / "logs")
    (path,) = (tmp_path / "logs" / "batch_5").glob("events*")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    found = found_in(read(tmp_path / "logs"), Asked(), name="x")
    assert done(found)["event files with a wrong checksum"] == (1, "batch_5")
    assert found.table.column("outcome").count("unfinished") == 2


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_record_that_is_cut_off_is_no_damage(cut):
    whole = event_file({"lr": 0.1}, [("acc", 1, 0.5)])
    found = read_events(whole[:-cut])
    assert (found.half, found.damaged, dict(found.scalars)) == (True, False, {})
    assert found.settings == {"lr": 0.1}


def test_bytes_that_are_no_event_file_are_damage_and_no_error():
    rng = np.random.default_rng(1)
    for size in (12, 40, 400):
        assert read_events(rng.bytes(size)).damaged


def test_numbers_of_32_bits_come_back_as_they_were_meant():
    assert read_events(event_file({}, [("acc", 1, 0.9)])).scalars["acc"] == [(1, 0.9)]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (HERE / "logs" / "tensorbord", r"no such folder: .*tensorbord; nearest match: .*tensorboard"),
        (HERE / "make_tensorboard.py", "is a file; expected the folder"),
        (LOGS / "never", "no event file holds a scalar"),
    ],
)
def test_bad_addresses_are_one_line(address, message):
    with pytest.raises(UserError, match=message):
        read(address)


def test_an_empty_folder_is_one_line(tmp_path):
    with pytest.raises(UserError, match="no event files"):
        read(tmp_path)
