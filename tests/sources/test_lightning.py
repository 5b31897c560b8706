"""Versions of `CSVLogger`, written by Lightning itself while it trained (see make_lightning.py)."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ablate
from ablate.errors import UserError
from ablate.sources.choose import source_for
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in

LOGS = Path(__file__).parent / "logs" / "lightning"


def read(address):
    return source_for(f"lightning:{address}").read(fits=lambda head: True)


def done(held):
    return {one.what.partition(":")[0]: (one.count, one.which) for one in held.done}


def frame(version):
    return pd.read_csv(LOGS / "lightning_logs" / f"version_{version}" / "metrics.csv", on_bad_lines="skip")


def test_versions_of_the_real_logger_come_back_with_their_curves():
    table = read(LOGS)
    assert table.column("run")[:3] == [f"lightning_logs/version_{i}" for i in (0, 1, 2)]
    assert table.column("config.norm") == ["none"] * 6 + ["batch"] * 6 + ["none"]
    for line in table.lines[:12]:
        logged = frame(line.number - 1)
        curve = table.curves[line.number]["metrics.val_acc"]
        own = logged.dropna(subset="val_acc")
        if line.number == 4:  # its last line was cut off
            own = own.iloc[: len(curve.steps)]
        assert list(curve.values) == own["val_acc"].tolist()
        assert curve.steps.tolist() == own["step"].tolist()


def test_what_varies_in_them_is_found_and_what_was_done_is_told():
    found = found_in(read(LOGS), Asked(), name="x")
    assert found.study["factors"] == {"norm": ["none", "batch"]}
    assert [claim["metric"] for claim in found.study["claims"]] == ["test_acc"]
    told = done(found)
    assert told["settings that are Python objects"] == (12, "device_wanted")
    assert told["half-written last lines"] == (1, "metrics.csv")
    assert told["values of single steps of metrics that are logged per epoch, too"] == (1, "train_loss_step")
    assert told["runs used"][0] == 11
    assert found.table.column("outcome").count("unfinished") == 2  # stopped, and never logged


def test_the_verdict_is_that_of_a_direct_computation():
    (verdict,) = ablate.judge_runs(f"lightning:{LOGS}").verdicts
    last = [frame(i)["test_acc"].dropna().iloc[-1] if i != 3 else np.nan for i in range(12)]
    assert verdict.effect == pytest.approx(np.nanmean(np.array(last[6:]) - np.array(last[:6])), abs=1e-12)
    assert verdict.outcome == "not_tested"  # five pairs


def test_a_version_that_is_empty_is_told_and_folders_above_tell_arms(tmp_path):
    for norm in ("none", "batch"):
        for version in range(3):
            place = tmp_path / norm / f"version_{version}"
            place.mkdir(parents=True)
            (place / "metrics.csv").write_text(f"epoch,step,val_acc\n0,1,0.5\n1,2,0.{version + 6}\n")
    (tmp_path / "none" / "version_3").mkdir()
    table = read(tmp_path)
    assert table.column("subfolder") == ["batch"] * 3 + ["none"] * 4
    found = found_in(table, Asked(), name="x")
    assert found.study["factors"] == {"subfolder": ["none", "batch"]}
    assert found.table.column("outcome").count("unfinished") == 1


def test_bad_addresses_are_one_line(tmp_path):
    with pytest.raises(UserError, match=r"no such folder: .*lightnin; nearest match: .*lightning"):
        read(LOGS.parent / "lightnin")
    with pytest.raises(UserError, match=r"no metrics.csv and no folder version_N in .*there are event files: read"):
        read(LOGS.parent / "tensorboard")
    shutil.copytree(LOGS / "lightning_logs" / "version_13", tmp_path / "version_0")
    with pytest.raises(UserError, match=r"no version holds a number in its metrics.csv"):
        read(tmp_path)
