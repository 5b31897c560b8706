import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

import ablate
from ablate.cli import main


@pytest.fixture
def installed_ablate(monkeypatch):
    """Pretend that the other distribution named `ablate` put its package at a path."""

    def pretend(path):
        other = SimpleNamespace(version="0.2.3", locate_file=lambda _: path)
        monkeypatch.setattr("ablate.doors.distribution", lambda _: other)

    return pretend


def test_a_start_with_the_other_ablate_mixed_in_says_so(installed_ablate, capsys):
    installed_ablate(ablate.__path__[0])
    assert main(["studies"]) == 2
    message = capsys.readouterr().err
    assert "another project named 'ablate' (version 0.2.3, a report generator)" in message
    assert "pip uninstall -y ablate ablate-studies" in message


def test_the_other_ablate_elsewhere_is_no_business_of_ours(installed_ablate, tmp_path, monkeypatch):
    installed_ablate(tmp_path / "ablate")
    monkeypatch.chdir(tmp_path)
    assert main(["studies"]) == 0


def test_an_interrupt_ends_with_130_and_says_how_to_go_on(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("ablate.cli.run", interrupted)
    assert main(["studies"]) == 130
    assert "the same command goes on" in capsys.readouterr().err


READING = [
    ("status",), ("status", "quickstart"), ("show", "abcdef"), ("verdict",), ("report",), ("paper",), ("studies",),
    ("diff", "a", "b", "c"), ("rm", "a"), ("rename", "a", "b"), ("export", "a", "b.zip"), ("collect",), ("sync",),
    ("rerun", "abcdef"), ("extend", "quickstart", "--seeds", "2"), ("ui",), ("mcp",),
]  # fmt: skip


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_root_that_is_not_there_holds_no_runs_and_that_is_an_error(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    assert main([*command, "--root", "resluts"]) == 2
    out, err = capsys.readouterr()
    told = f"`--root` must be the folder that holds mlruns/, and {tmp_path / 'resluts'} does not exist"
    assert (out, err) == ("", f"ablate: {told}; nearest match: results\n")
    monkeypatch.setenv("ABLATE_ROOT", str(tmp_path / "resluts"))
    assert main([*command]) == 2
    assert capsys.readouterr().err.startswith("ablate: `ABLATE_ROOT` must be the folder that holds mlruns/")
    assert not (tmp_path / "resluts").exists()


def test_a_plan_in_a_folder_that_is_not_there_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "quickstart", "--root", "new"]) == 0
    out, err = capsys.readouterr()
    assert f"`--root`: the folder {tmp_path / 'new'} does not exist yet, so every run is left" in err
    assert re.search(r"^arm +done +left$", out, re.MULTILINE)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", ["status", "verdict", "studies"])
def test_a_root_that_is_a_file_is_told(tmp_path, capsys, command):
    (tmp_path / "file").write_text("x")
    assert main([command, "--root", str(tmp_path / "file")]) == 2
    assert "`--root` must be the folder that holds mlruns/, got the file" in capsys.readouterr().err


def test_ctrl_c_while_a_command_is_imported_is_one_line(tmp_path):
    # A module of the standard library that the command line imports first: the signal comes in the middle of it.
    sent = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)"
    (tmp_path / "argparse.py").write_text(sent)
    begin = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a job in the background
    words = [sys.executable, "-c", f"{begin}; import runpy; runpy.run_module('ablate', run_name='__main__')"]
    shadowed = os.pathsep.join([str(tmp_path), *sys.path[1:]])
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": shadowed}, timeout=60
    )
    assert (done.returncode, done.stderr) == (130, "\nablate: interrupted before it began\n")


def test_what_answers_ctrl_c_is_there_before_anything_is_imported():
    code = "import sys; before = set(sys.modules); import ablate.early; print(*sorted({*sys.modules} - before))"
    done = subprocess.run([sys.executable, "-c", f"import signal\n{code}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ablate", "ablate.early"]


def test_the_program_is_the_one_that_answers_early():
    project = Path(ablate.__path__[0]).parent / "pyproject.toml"
    assert tomllib.loads(project.read_text())["project"]["scripts"] == {"ablate": "ablate.__main__:main"}


def test_ctrl_c_while_python_ends_is_no_traceback(tmp_path):
    """A thread that Python waits for at its end sends it."""
    (tmp_path / "late.py").write_text(
        "import os, signal, threading, time\n"
        "def send():\n    threading.main_thread().join()\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(20)\n"
        "threading.Thread(target=send).start()\n"
    )
    begin = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import late"
    start = "import runpy, sys; sys.argv = ['ablate', '--version']; runpy.run_module('ablate', run_name='__main__')"
    paths = os.pathsep.join([str(tmp_path), *sys.path[1:]])
    done = subprocess.run(
        [sys.executable, "-c", f"{begin}; {start}"], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == -signal.SIGINT
    assert done.stderr == ""
