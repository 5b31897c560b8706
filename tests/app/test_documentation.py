"""`ablate docs`: the site of a clone, or one line that says what to install."""

import subprocess
from types import SimpleNamespace

import pytest

from ablate.app import documentation


def test_an_installed_package_says_where_the_documentation_is(ablate, monkeypatch, tmp_path):
    monkeypatch.setattr(documentation, "package_folder", lambda: tmp_path / "site-packages" / "ablate")
    code, out, err = ablate("docs")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert 'in one, pip install -c constraints.txt -e ".[docs]"' in err


def test_missing_packages_are_named_by_what_brings_them(ablate, monkeypatch):
    monkeypatch.setattr(documentation, "find_spec", lambda name: None if name == "material" else name)
    code, out, err = ablate("docs")
    assert (code, out) == (2, "")
    assert 'pip install -c constraints.txt -e ".[docs]"' in err


@pytest.mark.parametrize("ended", [0, 3])
def test_the_site_is_served_on_this_machine_alone(ablate, monkeypatch, ended):
    calls = []

    def run(command, **how):
        calls.append((command, how["cwd"]))
        return SimpleNamespace(returncode=ended)

    monkeypatch.setattr(documentation, "find_spec", lambda name: name)
    monkeypatch.setattr(subprocess, "run", run)
    code, out, err = ablate("docs", "--port", "0")
    ((command, folder),) = calls
    assert command[1:4] == ["-m", "mkdocs", "serve"]
    assert command[-1].startswith("127.0.0.1:") and command[-1] in out  # noqa: PT018
    assert (folder / "mkdocs.yml").is_file()
    assert (code, "exit code 3" in err) == ((0, False) if ended == 0 else (1, True))


def test_a_port_that_is_none_is_one_error(ablate, monkeypatch):
    monkeypatch.setattr(documentation, "find_spec", lambda name: name)
    assert ablate("docs", "--port", "70000")[0] == 2
