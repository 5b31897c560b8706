"""Runs of a Hydra application are apart, seeded, and of the code that was planned, as those of a function are."""

import logging
import re

import pytest

from ablate.programs.hydra_app import HydraApp
from ablate.programs.isolated import end_processes, run_isolated
from ablate.programs.process_state import put_back

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
    empty: float = float("nan")


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
    with put_back():  # what runs in this process
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


def jobs(program, *seeds):
    config = program.own(None)
    return [program.planned(program.facts(config)).run(config, [seed])[0] for seed in seeds]


SAME = "hydra.sweep.subdir='${hydra.job.override_dirname}'"


@pytest.mark.parametrize("written", ["hydra.output_subdir=null", "hydra.output_subdir=.hydra"])
def test_a_job_has_its_folder_again_and_no_other_job_has_it(project, written):
    program = HydraApp("train.py", hydra=["hydra.sweep.dir=jobs", SAME, written], returns=["m"])
    results = jobs(program, 0, 1, 0)  # the first once more, as after a crash
    assert [r.error for r in results] == [None] * 3
    assert {path.name for path in (project / "jobs").iterdir()} - {".ablate"} == {"seed=0", "seed=1"}
    one = HydraApp("train.py", hydra=["hydra.sweep.dir=one", "hydra.sweep.subdir=here", written], returns=["m"])
    first, second = jobs(one, 0, 1)
    assert first.error is None
    assert "gives two jobs the folder" in second.error
    (project / "mine" / "here").mkdir(parents=True)  # nobody knows whose it is
    mine = HydraApp("train.py", hydra=["hydra.sweep.dir=mine", "hydra.sweep.subdir=here", written], returns=["m"])
    assert "gives two jobs the folder" in jobs(mine, 0)[0].error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "it wrote no found.json into .*; it wrote fond.json"),
        ("{", "found.json is not JSON"),
        ("[1]", "found.json` must hold a JSON object"),
        ('{"n": 1}', "it gave none of the metrics that are declared"),
    ],
)
def test_a_file_of_metrics_that_says_none_is_one_clear_error(project, text, said):
    name = "fond.json" if text is None else "found.json"
    writes = f"    Path(HydraConfig.get().runtime.output_dir, '{name}').write_text({text or '{}'!r})\n"
    text = APP.replace(
        "import hydra\n", "from pathlib import Path\nimport hydra\nfrom hydra.core.hydra_config import HydraConfig\n"
    )
    (project / "train.py").write_text(text.replace('    return {"m"', writes + '    return {"m"'))
    (run,) = jobs(HydraApp("train.py", metrics_file="found.json", returns=["m"]), 0)
    assert run.outcome == "crashed"
    assert re.search(said, run.error)


LOGS = APP.replace("import os\n", "import logging\nimport os\n\nlog = logging.getLogger(__name__)\n", 1).replace(
    "    print(", "    log.debug('whispered')\n    logging.getLogger(__name__).info('said')\n    print("
)


def test_the_logger_of_an_application_has_the_name_that_it_has_without_ablate(project, capfd):
    (project / "train.py").write_text(LOGS)
    before = logging.Logger.manager.loggerDict.get("__main__")
    program = HydraApp("train.py", hydra=["hydra.sweep.dir=jobs", SAME, "hydra.verbose=__main__"], returns=["m"])
    assert [r.error for r in jobs(program, 0, 1)] == [None] * 2
    out = "".join(capfd.readouterr()) + "".join(file.read_text() for file in project.rglob("*.log"))
    assert "[__main__][INFO] - said" in out
    assert "[__main__][DEBUG] - whispered" in out
    assert "ablate_target" not in out
    assert logging.Logger.manager.loggerDict.get("__main__") is before
