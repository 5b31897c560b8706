"""The page on training of one's own: its files are written, its Python is run, and so are its commands."""

import itertools
import re
import shlex
import sys

import pages
import pytest
from pages import ROOT, readers_training

from ablate.cli import main


def blocks(language):
    return pages.blocks(ROOT / "docs" / "own-training.md", language)


RESULTS = """
title: Norm
factors: {norm: [none, batch], depth: [2, 5]}
seeds: 8
claims:
  - {id: better, says: Norm helps, metric: final/test_accuracy, arm: {norm: batch}, against: {norm: none},
     by_at_least: 0.001}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for block in [*blocks("python"), *blocks("yaml")]:
        name = re.match(r"# (\S+\.(?:py|yaml))\n", block)
        if name:
            (tmp_path / name[1]).write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    for path in tmp_path.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    yield tmp_path
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_every_other_block_of_python_runs(folder, capsys):
    loose = [block for block in blocks("python") if not re.match(r"# \S+\.py\n", block)]
    assert loose
    for block in loose:
        exec(compile(block, "own-training.md", "exec"), {"__name__": "page"})
    assert capsys.readouterr().out.splitlines() == ["finished {}".format(
        {"final/validation_accuracy": 0.91, "final/test_accuracy": 0.9})] * 2  # fmt: skip


COMMANDS = [line for block in blocks("bash") for line in pages.lines(block)]
BOTH = "ablate run both.yaml"
HYDRA = "ablate run --hydra train.py optimizer=sgd,adam seeds=8 --metric accuracy:higher"


@pytest.mark.parametrize("line", [line for line in COMMANDS if line not in (HYDRA, BOTH)])
def test_every_command_works_on_the_files_of_the_page(folder, capsys, line):
    words = shlex.split(line)
    assert words[0] == "ablate"
    if "--" in words:
        (folder / "train.py").write_text(readers_training(line), encoding="utf-8")
    if words[1] == "import":
        (table,) = blocks("csv")
        head, *shown, rest = table.splitlines()
        assert (head, rest) == ("norm,depth,seed,final/test_accuracy", "…")
        rows = {tuple(row.split(",")[:3]): row for row in shown}
        for norm, depth, seed in itertools.product(("none", "batch"), ("2", "5"), map(str, range(8))):
            rows.setdefault((norm, depth, seed), f"{norm},{depth},{seed},{0.91 + 0.02 * (norm == 'batch')}")
        (folder / "results.csv").write_text("\n".join([head, *rows.values()]) + "\n", encoding="utf-8")
        (folder / "my_study.yaml").write_text(RESULTS, encoding="utf-8")
    one_process = ["-j", "1"] if words[1] == "run" else []
    cut = words.index("--") if "--" in words else len(words)
    assert main([*words[1:cut], *one_process, *words[cut:]]) == 0, capsys.readouterr().err
    if words[1] == "import":
        assert "✓ Supported: norm=batch raises" in capsys.readouterr().out
        report = (folder / "reports" / "my_study-imported" / "report.md").read_text(encoding="utf-8")
        assert "these runs were made elsewhere. Nothing was registered before they were known" in report


def test_the_command_for_an_application_is_one_that_is_run():
    assert HYDRA in COMMANDS
    assert HYDRA in [line for block in pages.blocks(ROOT / "docs" / "guide.md", "bash") for line in pages.lines(block)]


def test_a_net_and_a_function_share_runs_where_they_own_no_setting(folder, capsys):
    assert BOTH in COMMANDS
    assert main([*shlex.split(BOTH)[1:], "--launcher", "serial"]) == 0
    out = capsys.readouterr()
    assert "24 runs" in out.err + out.out  # of 8 arms with 6 seeds: half of the arms own one `dropout` each
    assert "Supported" in out.out
    report = (folder / "reports" / "both" / "report.md").read_text(encoding="utf-8")
    assert "program.params.dropout=0.5" in report
    assert "program=numpy" in report
    assert main([*shlex.split(BOTH)[1:], "--no-report"]) == 0
    assert "nothing to do" in capsys.readouterr().out
