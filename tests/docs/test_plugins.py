"""The page on plug-ins: its files are written, and every command on it is run. The example package is installed."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ablate.cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "plugin"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for block in [*blocks("python"), *blocks("yaml")]:
        path = tmp_path / re.match(r"# (\S+)\n", block)[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block)
    runs = [{"norm": norm, "seed": seed, "acc": 0.9 + 0.01 * (norm == "batch") * (2 + seed % 3) + 0.001 * seed}
            for norm in ("none", "batch") for seed in range(8)]  # fmt: skip
    (tmp_path / "results.jsonl").write_text("".join(json.dumps(run) + "\n" for run in runs))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    return tmp_path


COMMANDS = [line for block in blocks("bash") for line in block.splitlines()]


def test_the_page_has_commands():
    assert len(COMMANDS) >= 5
    assert all(line.startswith("ablate ") for line in COMMANDS)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_works_on_its_files(folder, capsys, line):
    assert main(shlex.split(line)[1:]) == 0, capsys.readouterr().err
    if line.startswith("ablate run") and "--no-report" not in line:
        report = (folder / "reports" / "my_study" / "report.md").read_text()
        assert "Every run" in report
        assert "final/test_accuracy of every run." in report


def test_runs_from_another_source_are_judged_as_those_of_a_csv(folder, capsys):
    runs = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    pd.DataFrame(runs).to_csv("results.csv", index=False)
    for name in ("results.jsonl", "results.csv"):
        assert main(["import", "my_results.yaml", name, "--out", f"out/{name}"]) == 0, capsys.readouterr().err
    verdicts = [json.loads((folder / "out" / name / "verdicts.json").read_text())["verdicts"]
                for name in ("results.jsonl", "results.csv")]  # fmt: skip
    assert verdicts[0] == verdicts[1]
    assert verdicts[0][0]["outcome"] == "supported"


def test_a_figure_that_fails_is_left_out_with_a_warning(folder, capsys):
    file = folder / "my_figures.py"
    file.write_text(file.read_text().replace("with drawing():", "1 / 0\n        with drawing():"))
    assert main(["run", "my_study.yaml", "epochs=1", "seeds=2"]) == 0
    err = capsys.readouterr().err
    assert "ablate: figures: ranges is left out: ZeroDivisionError: division by zero" in err
    assert "Every run" not in (folder / "reports" / "my_study" / "report.md").read_text()


def test_a_change_to_a_file_of_figures_makes_no_new_runs(folder, capsys):
    command = ["run", "my_study.yaml", "epochs=1", "seeds=2", "--no-report"]
    assert main(command) == 0
    file = folder / "my_figures.py"
    file.write_text(file.read_text().replace("(6, 3)", "(5, 3)"))
    capsys.readouterr()
    assert main(command) == 0
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: ranges", "kind: range", "figures.0: unknown figure kind 'range': expected one of "),
        ("metric: final/test", "metrics: final/test", "figures.0: kind ranges: unknown key 'metrics'"),
        ("[my_parts.py, my_figures.py]", "my_parts.py", "`uses` must be a list, got 'my_parts.py'"),
        ("[my_parts.py, my_figures.py]", "[my_figurs.py]", "nearest match: my_figures.py"),
    ],
)
def test_what_is_wrong_with_an_own_figure_is_told_before_anything_runs(folder, capsys, old, new, message):
    file = folder / "my_study.yaml"
    file.write_text(file.read_text().replace(old, new))
    assert main(["run", "my_study.yaml"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert message in err
    assert not (folder / "mlruns").exists()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install the example as pip does, without an index, into a folder of its own."""
    pytest.importorskip("hatchling", reason="what builds the package comes with ablate-studies[test]")
    work = tmp_path_factory.mktemp("plugin")
    copy, site = work / "source", work / "site"
    subprocess.run(["cp", "-r", str(EXAMPLE), str(copy)], check=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(site), str(copy)], check=True, timeout=240)
    return site


@pytest.fixture
def ablate(installed, tmp_path):
    def call(*arguments):
        path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, "-m", "ablate", *arguments], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def test_the_example_is_installed_and_used_in_a_sweep_a_study_and_the_help(ablate, tmp_path):
    text = ablate("--help")
    assert "mish" in text
    assert "coin" in text
    study = (EXAMPLE / "study.yaml").read_text().replace("epochs: 15", "epochs: 1")
    (tmp_path / "study.yaml").write_text(study)
    assert "12 runs in" in ablate("run", "study.yaml", "seeds=6")
    assert "Spread of final/test_accuracy" in (tmp_path / "reports" / "study" / "report.md").read_text()
    out = ablate("-m", "program=coin", "program.heads=0.5,0.6", "seeds=5", "hydra.sweeper.report=false")
    assert "10 runs in" in out
    assert "10 finished" in out


@pytest.mark.parametrize("thing", ["mish:Mish", "coin:Coin", "spread:Spread"])
def test_the_example_keeps_to_the_contracts(ablate, thing):
    assert "checks pass" in ablate("check", f"ablate_example.{thing}")
