"""Runs of a Hydra application are apart, seeded, and of the code that was planned, as those of a function are."""

import pytest

from ablate.programs.hydra_app import HydraApp
from ablate.programs.isolated import end_processes, run_isolated

APP = """
import os
import random
from dataclasses import dataclass

import hydra
import numpy as np
from hydra.core.config_store import ConfigStore

os.environ["MADE_BY_IMPORT"] = "yes"


@dataclass
class Config:
    seed: int = 0
    does: str = "nothing"
    net: str = ""


ConfigStore.instance().store(name="config", node=Config)


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(cfg):
    print("here", os.environ.get("MADE_BY_IMPORT"), np.geterr()["over"])
    os.environ["MADE_BY_IMPORT"] = "no"
    np.seterr(over="raise")
    if cfg.does == "dies" and cfg.seed == 1:
        os.kill(os.getpid(), 9)
    if cfg.does == "changes" and cfg.seed == 1:
        with open(__file__, "a") as file:
            file.write("\\nMORE = 1\\n")
    if cfg.does == "misspells":
        return {"n": 1.0}
    return {"m": float(cfg.seed), "python": random.random(), "numpy": np.random.rand()}
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ablate.programs.process_state._imported", {})
    monkeypatch.setenv("MADE_BY_IMPORT", "before")
    (tmp_path / "train.py").write_text(APP)
    yield tmp_path
    end_processes()


def planned(does):
    program = HydraApp("train.py", {"does": does}, returns=["m"])
    config = program.own(None)
    program.ready(config)
    return program.planned(program.facts(config)), config


def run(does, seeds=(0, 1, 2)):
    return run_isolated(*planned(does), seeds)


def test_an_application_is_put_back_and_seeded_between_its_runs():
    first, second = run("nothing", range(3)), run("nothing", [2, 1, 0])
    assert [r.error for r in first + second] == [None] * 6
    assert {r.texts[f"output-seed-{r.seed}.txt"] for r in first} == {"here yes warn\n"}
    assert [r.metrics for r in first] == [r.metrics for r in second[::-1]]
    assert len({r.metrics["numpy"] for r in first}) == 3
    assert len({r.metrics["python"] for r in first}) == 3


def test_an_application_that_ends_its_process_costs_one_run():
    first, bad, last = run("dies")
    assert (first.metrics["m"], last.metrics["m"]) == (0.0, 2.0)
    assert (bad.outcome, "SIGKILL" in bad.error) == ("crashed", True)


def test_code_that_changes_between_two_runs_of_an_arm_is_refused_from_then_on():
    apart = run("changes")
    program, config = planned("changes")
    for results in (apart, program.run(config, [0, 1, 2])):
        assert [r.outcome for r in results] == ["finished", "finished", "crashed"]
        assert "train changed while the study was running" in results[2].error


def test_a_run_without_its_metrics_says_what_it_gave():
    results = run("misspells", [0])
    assert results[0].outcome == "crashed"
    assert "it gave none of the metrics that are declared, expected 'm', got 'n'" in results[0].error
