"""The page on training of one's own: its files are written, its Python is run, and so are its commands in `bash`."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from ablate.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "own-training.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


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


COMMANDS = [line for block in blocks("bash") for line in block.splitlines()]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_in_bash_works_on_the_files_of_the_page(folder, capsys, line):
    words = shlex.split(line)
    assert words[0] == "ablate"
    assert main(words[1:]) == 0, capsys.readouterr().err


def test_a_net_and_a_function_share_runs_where_they_own_no_setting(folder, capsys):
    assert main(["run", "both.yaml", "--launcher", "serial"]) == 0
    out = capsys.readouterr()
    assert "24 runs" in out.err + out.out  # of 8 arms with 6 seeds: half of the arms own one `dropout` each
    assert "Supported" in out.out
    report = (folder / "reports" / "both" / "report.md").read_text(encoding="utf-8")
    assert "program.params.dropout=0.5" in report
    assert "program=numpy" in report
    assert main(["run", "both.yaml", "--no-report"]) == 0
    assert "nothing to do" in capsys.readouterr().out
