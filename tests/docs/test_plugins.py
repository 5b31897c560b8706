"""The page on plug-ins: its files are written, and every command on it is run. The example package is installed."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pages
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


(README,) = (pages.lines(block) for block in pages.blocks(EXAMPLE / "README.md", "bash"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install the example as its README does, without an index, into a folder of its own."""
    pytest.importorskip("hatchling", reason="what builds the package comes with ablate-studies[test]")
    work = tmp_path_factory.mktemp("plugin")
    shutil.copytree(EXAMPLE, work / "examples" / "plugin", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [*pages.this_python(README[0]), "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(work / "site")], check=True, cwd=work, timeout=240)
    return work / "site"


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


def test_the_example_is_installed_and_used_as_its_readme_says(ablate, tmp_path):
    text = ablate("--help")
    assert "mish" in text
    assert "coin" in text
    study = (EXAMPLE / "study.yaml").read_text().replace("epochs: 15", "epochs: 1")
    (tmp_path / "examples" / "plugin").mkdir(parents=True)
    (tmp_path / "examples" / "plugin" / "study.yaml").write_text(study)
    activation, program, both = (shlex.split(line)[1:] for line in README[1:])
    alone = ["hydra.sweeper.report=false", "hydra.sweeper.n_jobs=1"]
    small = ["seeds=2", "epochs=1", "dataset.train_size=60", "batch_size=20", "model.hidden=[8]"]
    assert "adhoc: 4 runs in" in ablate(*activation, *small, *alone)
    out = ablate(*program, *alone)
    assert "40 runs in" in out
    assert "40 finished" in out
    assert "12 runs in" in ablate(*both, "seeds=6", "-j", "1")
    assert "Spread of final/test_accuracy" in (tmp_path / "reports" / "study" / "report.md").read_text()


@pytest.mark.parametrize("thing", ["mish:Mish", "coin:Coin", "spread:Spread"])
def test_the_example_keeps_to_the_contracts(ablate, thing):
    assert "checks pass" in ablate("check", f"ablate_example.{thing}")
