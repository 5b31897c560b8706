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


@pytest.mark.parametrize("command", ["status", "verdict", "studies"])
def test_a_root_that_is_a_file_is_told(tmp_path, capsys, command):
    (tmp_path / "file").write_text("x")
    assert main([command, "--root", str(tmp_path / "file")]) == 2
    assert "`--root` must be the folder that holds mlruns/, got the file" in capsys.readouterr().err
