"""Hydra applications of somebody else's, from outside and from inside, with nothing in them changed."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pages
import pytest
import yaml

import ablate as face
from ablate.programs.hydra_app import HydraApp

EXAMPLE = Path(__file__).parents[2] / "examples" / "hydra-app"
QUICK = ("--no-report", "-j", "1")

APP = """
import json, os, random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf

OmegaConf.register_new_resolver("twice", lambda x: 2 * x)


@dataclass
class Sgd:
    kind: str = "sgd"
    lr: float = 0.1


@dataclass
class Adam:
    kind: str = "adam"
    lr: float = 0.01


@dataclass
class Config:
    defaults: list[Any] = field(default_factory=lambda: [{"optimizer": "sgd"}, "_self_"])
    optimizer: Any = MISSING
    seed: int = MISSING
    width: int = 8
    both: int = "${twice:${width}}"
    out: str = "${hydra:runtime.output_dir}"


ConfigStore.instance().store(name="config", node=Config)
ConfigStore.instance().store(group="optimizer", name="sgd", node=Sgd)
ConfigStore.instance().store(group="optimizer", name="adam", node=Adam)


@hydra.main(version_base=VERSION, config_path=None, config_name="config")
def main(cfg):
    if os.environ.get("FAIL") == cfg.optimizer.kind:
        raise ValueError("broken on purpose")
    score = random.Random(cfg.seed).random() + (1 if cfg.optimizer.kind == "adam" else 0)
    said = {"score": score, "lr": cfg.optimizer.lr, "both": cfg.both, "width": cfg.get("extra", 0)}
    Path("cwd.txt").write_text(os.environ.get("FLAVOUR", "-"))
    Path(cfg.out, "metrics.json").write_text(json.dumps({**said, "score": -score}))
    return score if cfg.width == 8 else said


if __name__ == "__main__":
    main()
"""


def write(folder, version="None", name="train.py"):
    (folder / name).write_text(APP.replace("VERSION", version))
    return ("run", "--hydra", name, *QUICK)


def ran(folder):
    return sorted(folder.glob("multirun/*/*/*/.hydra/overrides.yaml"), key=lambda path: int(path.parts[-3]))


@pytest.mark.parametrize("version", ["None", '"1.1"', '"1.3"'])
def test_an_application_is_swept_resumed_and_extended_whatever_its_version_base(ablate, tmp_path, version):
    call = (*write(tmp_path, version), "--metric", "score:higher", "optimizer=sgd,adam")
    assert ablate(*call, "seeds=2")[0] == 0
    jobs = ran(tmp_path)
    assert [yaml.safe_load(job.read_text()) for job in jobs] == [
        [f"optimizer={kind}", f"seed={seed}"] for kind in ("sgd", "adam") for seed in (0, 1)
    ]
    changed = version == '"1.1"'  # where Hydra changes into the job's folder by default
    assert (jobs[0].parents[1] / "cwd.txt").exists() is changed
    assert (tmp_path / "cwd.txt").exists() is not changed
    assert (jobs[0].parents[1] / "train.log").exists()
    assert "nothing to do" in ablate(*call, "seeds=2")[1]
    assert ablate(*call, "seeds=3")[0] == 0
    assert len(ran(tmp_path)) == 6
    runs = face.read_runs("adhoc")
    better = runs.pivot_table(index="seed", columns="optimizer", values="score")
    assert ((better["adam"] - better["sgd"]).round(9) == 1).all()


def test_what_is_run_is_what_the_application_is_given_and_not_how_it_was_said(ablate, tmp_path):
    call = (*write(tmp_path), "--metric", "score:higher", "seeds=1")
    assert ablate(*call, "optimizer=sgd,adam", "optimizer.lr=0.1,0.01")[0] == 0  # a group, and a value in it
    assert len(ran(tmp_path)) == 4
    assert "nothing to do" in ablate(*call, "optimizer=glob(*)", "optimizer.lr=choice(0.01,0.1)")[1]
    (tmp_path / "train.py").write_text((tmp_path / "train.py").read_text() + "\nUNUSED = 1\n")
    assert ablate(*call, "optimizer=sgd,adam", "optimizer.lr=0.1,0.01")[0] == 0
    assert len(ran(tmp_path)) == 8  # its code is part of a run
    call = (*call, "--code-version", "v1")
    assert ablate(*call, "optimizer=sgd,adam")[0] == 0
    write(tmp_path)
    assert "nothing to do" in ablate(*call, "optimizer=sgd,adam")[1]


def test_a_file_of_metrics_and_what_hydra_does_around_a_job(ablate, tmp_path):
    call = (*write(tmp_path), "--metric", "score:lower", "--metrics-file", "metrics.json", "seeds=1")
    words = ("+extra=range(1,3)", "hydra.job.chdir=true", "+hydra.job.env_set.FLAVOUR=mint", "hydra.sweep.dir=jobs")
    assert ablate(*call, *words)[0] == 0
    assert [(tmp_path / "jobs" / at / "cwd.txt").read_text() for at in "01"] == ["mint", "mint"]
    assert (tmp_path / "jobs" / "multirun.yaml").exists()
    runs = face.read_runs("adhoc")
    assert sorted(runs["width"]) == [1, 2]
    assert (runs["score"] < 0).all()
    code, _, err = ablate(*call, "optimizer=sgd,adam", "hydra.sweep.dir=same", "hydra.sweep.subdir=here")
    assert code == 1
    assert "gives two jobs the folder" in err


def test_what_crashes_is_tried_again_and_the_others_are_kept(ablate, tmp_path, monkeypatch):
    call = (*write(tmp_path), "--metric", "score:higher", "seeds=2", "optimizer=sgd,adam")
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "mlp.yaml").write_text("width: 3\n")  # the application's, and no option of ours
    monkeypatch.setenv("FAIL", "adam")
    code, _, err = ablate(*call)
    assert code == 1
    assert "is not used" not in err
    assert "1 of 2 arms crashed: optimizer=adam (ValueError: broken on purpose)" in err
    monkeypatch.delenv("FAIL")
    assert ablate(*call)[0] == 0
    assert set(face.read_runs("adhoc")["outcome"]) == {"finished"}
    code, out, err = ablate("rerun", "adhoc", "optimizer=adam", "1")
    assert (code, "matched to the bit" in out) == (0, True), err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seed-key", "sed"), "train.py:main has no key 'sed' that takes the seed"),
        (("--seed-key", "sed"), "names it; nearest match: seed"),
        (("optimizer=sgd,adm",), "unknown optimizer 'adm': expected one of adam, sgd; nearest match: adam"),
        (("optimizer.lrr=1,2",), "train.py:main has no key 'optimizer.lrr'; nearest match: optimizer.lr"),
        (("seed=1,2",), "`seed` takes the seed"),
        (("width=interval(1,2)",), "an interval cannot be swept"),
        (("--metric", "gain"), "--metric gain: which way is better? Say --metric gain:higher, or --metric gain:lower"),
        (("--metric", "loss:lover"), "--metric loss:lover: expected NAME, NAME:higher or NAME:lower"),
        (("hydra.sweeper.n_job=2",), "unknown setting hydra.sweeper 'n_job'"),
        (("hydra/sweeper=optuna",), "expected hydra/sweeper=ablate"),
        (("--config-name", "other"), "Cannot find primary config 'other'"),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(ablate, tmp_path, words, message):
    code, _, err = ablate(*write(tmp_path), "--metric", "score:higher", "seeds=1", *words)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not ran(tmp_path)


def test_of_several_applications_in_a_file_one_has_to_be_named(ablate, tmp_path):
    call = list(write(tmp_path))
    call[2] = "two.py"
    text = APP.replace("VERSION", "None")
    again = text[text.index("@hydra.main") : text.index("if __name__")].replace("def main", "def evaluate")
    (tmp_path / "two.py").write_text(text.replace("if __name__", again + "\nif __name__"))
    code, _, err = ablate(*call, "--metric", "score:higher", "seeds=1")
    assert code == 2
    assert "two.py has several functions with `@hydra.main`, evaluate, main: say which, as in two.py:evaluate" in err
    call[2] = "two.py:evaluate"
    assert ablate(*call, "--metric", "score:higher", "seeds=1")[0] == 0
    (tmp_path / "none.py").write_text("x = 1\n")
    call[2] = "none.py"
    assert "has no function with `@hydra.main`" in ablate(*call, "--metric", "score:higher")[2]


def test_from_python_and_by_a_check(ablate, tmp_path):
    write(tmp_path)
    study = face.Study(factors={"optimizer": ["sgd", "adam"]}, metrics=[face.Metric("score", better="higher")])
    result = study.run(HydraApp("train.py"), seeds=2, jobs=1, store=face.MemoryStore(), progress=False)
    assert sorted(result.runs["optimizer"]) == ["adam", "adam", "sgd", "sgd"]
    code, out, _ = ablate("check", "train.py:main", "returns=[score]")
    assert code == 0
    assert "checks pass" in out


def inside(folder, *words):
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    call = [sys.executable, "train.py", "-m", *words]
    return subprocess.run(
        call, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


def test_the_commands_of_the_example_run_it_from_inside_and_from_outside_as_the_same_runs(ablate, tmp_path):
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    ((within, without),) = (pages.lines(block) for block in pages.blocks(EXAMPLE / "README.md", "bash"))
    program, script, multirun, *sweep = shlex.split(within)
    assert (program, script, multirun) == ("python", "train.py", "-m")
    sweep.append("hydra.sweeper.seeds=2")
    done = inside(tmp_path, *sweep, "hydra.sweeper.jobs=2", "hydra.sweeper.progress=false")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / "adhoc" / "report.html").exists()
    assert len(ran(tmp_path)) == 8
    call = (*shlex.split(without)[1:], "seeds=2")
    assert "nothing to do" in ablate(*call, *QUICK)[1]
    wrong = inside(tmp_path, *sweep, "hydra.sweeper.metrics={accuracy: null}")
    assert wrong.returncode == 2
    assert (
        wrong.stderr.strip().splitlines()[-1].startswith("ablate: the metric 'accuracy' must say which way is better")
    )
    assert "Traceback" not in wrong.stderr
    model = tmp_path / "digits" / "models.py"  # named by `_target_` alone
    model.write_text(model.read_text().replace("max_iter=200", "max_iter=150"))
    code, out, _ = ablate(*call, "data=clean", *QUICK)
    assert (code, "nothing to do" in out) == (0, False)
