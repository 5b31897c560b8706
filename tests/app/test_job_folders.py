"""The files of a job are those that Hydra itself would write, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from ablate.app.job_folders import as_yaml
from ablate.cli import main

NASTY = [
    "1e3", "1_000", "0x10", "007", "1.", "+1", "-1", "1e400", "0b1", "0o7", "nan", ".nan", "inf", ".inf", "1:20",
    "yes", "y", "Off", "~", "null", "", "=", "<<", "2020-01-01", "# x", "a: b", "- c", "é — 漢字", "x\ny", "  lead",
    "trail ", "'q'", '"d"', "%a", "@a", "`a", "{a}", "[b]", "a,b", "!t", "&a", "*a", "|", ">", "?", "a\tb", "\x07",
    "key=${oc.env:HOME}", "\\${x}", "long " * 40, "/a/b c",
]  # fmt: skip


def test_yaml_is_written_as_omegaconf_writes_it() -> None:
    shared = {"a": 1}
    value = {
        "texts": NASTY,
        "values": [None, True, 1e-05, 1.0, 10**20, [], {}],
        "deep": {"x": [shared, shared]},
        "1": 2,
    }
    assert as_yaml(value) == OmegaConf.to_yaml(OmegaConf.create(value))


def test_a_character_beyond_the_first_plane_is_read_back() -> None:
    assert yaml.safe_load(as_yaml({"a": "😀"})) == {"a": "😀"}


def test_every_job_has_its_own_settings_below_a_node_that_jobs_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATE_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    fixed = ["dataset=digits", "dataset.train_size=100", "model.hidden=[4]", "epochs=1", "seeds=1"]
    quiet = ["hydra.sweeper.report=false", "hydra.sweeper.n_jobs=1", "hydra.sweep.dir=made"]
    assert main(["-m", *fixed, "norm=none,batch", "init.std=0.1,1", *quiet]) == 0
    seen = []
    for index in range(4):
        folder = tmp_path / "made" / str(index) / ".hydra"
        config, hydra = OmegaConf.load(folder / "config.yaml"), OmegaConf.load(folder / "hydra.yaml").hydra
        assert hydra.job.num == index
        assert hydra.runtime.output_dir == str(folder.parent)
        assert hydra.overrides.task == OmegaConf.load(folder / "overrides.yaml")
        assert hydra.runtime.choices.norm == ("batch" if config.norm else "none")
        assert config.model.hidden == [4]
        seen.append((hydra.runtime.choices.norm, config.init.std))
    assert sorted(seen) == [("batch", 0.1), ("batch", 1.0), ("none", 0.1), ("none", 1.0)]
