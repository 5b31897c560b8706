import json
import os
import re
import subprocess
import sys
import time

import pytest
import yaml

from ablate.manifest import NAME
from ablate.registry import GROUPS

SMALL = ("dataset.train_size=50", "epochs=2", "model.hidden=[8]", "batch_size=25")


def test_help_names_every_group_and_option_and_shows_examples(ablate, capsys):
    with pytest.raises(SystemExit) as ended:
        ablate("--help")
    text = capsys.readouterr().out
    assert ended.value.code == 0
    for word in ("ablate run quickstart", "ablate -m activation=relu,sigmoid", "hard_sigmoid", "mnist5k", "adamw"):
        assert word in text


def test_help_imports_nothing_heavy():
    heavy = ["hydra", "omegaconf", "mlflow", "numpy", "numba", "pandas", "matplotlib", "scipy", "pydantic"]
    code = (
        "import sys\nfrom ablate.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"assert not [m for m in {heavy} if m in sys.modules], [m for m in {heavy} if m in sys.modules]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_cfg_job_prints_the_resolved_configuration(ablate):
    code, out, _ = ablate("--cfg", "job", "optimizer=adam", "init.std=0.2", "model.hidden=[7,8]")
    config = yaml.safe_load(out)
    assert code == 0
    assert config["optimizer"]["lr"] == 0.001
    assert config["init"]["std"] == 0.2
    assert config["model"]["hidden"] == [7, 8]


def test_the_configuration_of_a_sweep_is_one_clear_error(ablate):
    code, _, err = ablate("--cfg", "job", "-m", "norm=none,batch")
    assert (code, err.count("\n")) == (2, 1)
    assert "leave out `-m`" in err


@pytest.mark.parametrize("flags", [("--cfg", "job"), ("-c", "job"), ("--cfg=job",)])
def test_cfg_job_begins_with_the_options_that_were_chosen(ablate, flags):
    code, out, _ = ablate(*flags, "activation=steep_sigmoid_4", "optimizer=adam")
    head = [line for line in out.splitlines() if line.startswith("#")]
    assert code == 0
    chosen = dict(word.split("=") for line in head for word in line.removeprefix("# options:").strip("# ").split())
    assert list(chosen) == list(GROUPS)
    assert (chosen["activation"], chosen["optimizer"], chosen["norm"]) == ("steep_sigmoid_4", "adam", "none")
    assert yaml.safe_load(out)["optimizer"]["lr"] == 0.001
    assert not [line for line in ablate("--cfg", "hydra")[1].splitlines() if line.startswith("# options")]


def test_a_multirun_makes_an_arm_of_every_combination_and_resumes(ablate, tmp_path):
    sweep = ("-m", "activation=relu,tanh", "init.std=0.1,0.2", *SMALL)
    code, out, _ = ablate(*sweep, "seeds=2")
    assert code == 0
    assert "8 runs" in out
    jobs = sorted(tmp_path.glob("multirun/*/*/*/.hydra/overrides.yaml"))
    assert len(jobs) == 4
    assert "activation=relu" in yaml.safe_load(jobs[0].read_text(encoding="utf-8"))
    assert yaml.safe_load((jobs[3].parent / "config.yaml").read_text(encoding="utf-8"))["init"]["std"] == 0.2
    assert len(list(tmp_path.glob("multirun/*/*/multirun.yaml"))) == 1

    time.sleep(1.1)  # Hydra names the folder by the second
    code, out, _ = ablate(*sweep, "seeds=2")
    assert "nothing to do, all 8 runs are finished" in out
    code, out, _ = ablate(*sweep, "seeds=3")
    assert "4 runs" in out
    assert "8 finished before" in out

    code, out, _ = ablate("report")
    assert code == 0
    assert (tmp_path / "reports" / "adhoc" / "report.html").stat().st_size > 10_000


def test_a_graph_is_drawn_without_training(ablate, tmp_path, monkeypatch):
    def trained(*arguments, **named):
        raise AssertionError("a graph must not train")

    monkeypatch.setattr("ablate.train.step.Stepper.__call__", trained)
    code, out, _ = ablate("graph", "norm=batch", *SMALL, "--out", "drawn")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[:7]] == [
        "node", "input", "dense1", "norm1", "activation1", "dense2", "loss",
    ]  # fmt: skip
    drawn = [path for path in (tmp_path / "drawn").iterdir() if path.name != NAME]
    assert sorted(path.suffix for path in drawn) == [".json", ".png", ".svg"]
    assert list(tmp_path.iterdir()) == [tmp_path / "drawn"]
    described = json.loads(next((tmp_path / "drawn").glob("[!.]*.json")).read_text(encoding="utf-8"))
    assert described["parameters"] == 784 * 8 + 2 * 8 + 8 * 10 + 10
    assert described["seed"] == 0


def test_a_single_arm_runs_without_a_sweep(ablate, tmp_path):
    code, out, _ = ablate(*SMALL, "seeds=[3,5]")
    assert code == 0
    assert "2 runs" in out
    assert len(list(tmp_path.glob("outputs/*/*/.hydra/config.yaml"))) == 1
    (drawn,) = tmp_path.glob("mlruns/artifacts/*/*/*/graph.svg")
    described = json.loads(drawn.with_suffix(".json").read_text(encoding="utf-8"))
    assert [node["name"] for node in described["nodes"]] == ["input", "dense1", "activation1", "dense2", "loss"]
    assert described["seed"] == 3
    assert 'id="node-dense2"' in drawn.read_text(encoding="utf-8")


STUDY = """
title: A small study
fixed: {dataset: digits, dataset.train_size: 100, epochs: 4, model.hidden: [16], batch_size: 20, optimizer.lr: 0.1}
factors: {init.std: [0.3, 0.0001]}
seeds: 6
claims:
  - {id: scale-matters, says: A good scale learns more, metric: final/test_accuracy,
     arm: {init.std: 0.3}, against: {init.std: 0.0001}, by_at_least: 0.01}
"""


def test_a_study_file_goes_in_and_a_verdict_comes_out(ablate, tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "small.yaml").write_text(STUDY, encoding="utf-8")
    code, out, _ = ablate("plan", "small")
    assert code == 0
    assert "2 arms x 6 seeds = 12 runs" in out
    assert "estimate:" in out
    assert not (tmp_path / "mlruns").exists()

    code, out, _ = ablate("run", "small")
    assert code == 0
    assert "Supported" in out
    assert "reports/small/report.html" in out
    assert "ablate ui" in out
    page = (tmp_path / "reports" / "small" / "report.md").read_text(encoding="utf-8")
    assert "A good scale learns more" in page

    code, out, _ = ablate("plan", "small", "seeds=7")
    assert "nothing to do" not in out
    assert "12" in out
    code, out, _ = ablate("plan", "small")
    assert "nothing to do" in out
    code, out, _ = ablate("studies")
    assert "small" in out
    assert re.search(r"small +12 ", out)


def test_the_store_can_be_elsewhere(ablate, tmp_path):
    code, out, _ = ablate("run", "quickstart", "--no-report", "--root", str(tmp_path / "there"), *SMALL, "seeds=8")
    assert code == 0
    assert (tmp_path / "there" / "mlruns" / "mlflow.db").exists()
    assert not (tmp_path / "mlruns").exists()
    assert f"ablate ui --root {tmp_path / 'there'}" in out
    assert "ABLATE_ROOT" not in os.environ, "the folder of one command is not that of the next in this process"
