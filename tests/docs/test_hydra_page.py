"""The page on Hydra applications: its files are written, and its commands in `bash` are run in their order."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import yaml

from ablate.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "hydra.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def called(words):
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_newcomer_can_follow_the_page(tmp_path, monkeypatch, capsys):
    for block in [*blocks("python"), *blocks("yaml")]:
        if block.startswith("# "):
            path = tmp_path / re.match(r"# (\S+)\n", block)[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    said, jobs = {}, {}
    for line in [line for block in blocks("bash") for line in block.splitlines()]:
        words = shlex.split(line)
        if words[0] == "python":
            assert "nothing to do" in called(
                words
            )  # the runs of `ablate run --hydra` are those of the sweep from inside
            continue
        assert words[0] == "ablate"
        quick = ["-j", "1", "--no-report"] if words[1] in ("run", "extend") else []
        assert main([*words[1:], *quick]) == 0, capsys.readouterr().err
        said[words[1]] = capsys.readouterr().out
        jobs[line] = len(list(tmp_path.glob("multirun/*/*/*/.hydra/overrides.yaml")))
    assert said["verdict"].startswith("✗ Refuted (smaller than δ): optimizer=momentum does not lower distance by more")
    assert list(jobs.values())[:5] == [0, 16, 32, 32, 40]  # plan, run, run, verdict, extend


def test_the_sweeper_may_stand_in_the_applications_own_configuration(tmp_path, monkeypatch):
    (once,) = [yaml.safe_load(block) for block in blocks("yaml") if not block.startswith("# ")]
    for block in [*blocks("python"), *blocks("yaml")]:
        if name := re.match(r"# (train.py|conf/\S+)\n", block):
            path = tmp_path / name[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, encoding="utf-8")
    config = tmp_path / "conf" / "config.yaml"
    held = yaml.safe_load(config.read_text(encoding="utf-8"))
    held["defaults"] += once["defaults"]
    config.write_text(yaml.safe_dump({**held, "hydra": once["hydra"]}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    assert "16 runs" in called(["python", "train.py", "-m", "optimizer=sgd,momentum", "hydra.sweeper.report=false"])
