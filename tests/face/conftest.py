import subprocess
import sys
from types import SimpleNamespace

import pytest


@pytest.fixture
def folder(tmp_path, tmp_path_factory, monkeypatch):
    """An empty folder to work in, which Python's imports start from, as in a script that lies there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    _forget(tmp_path_factory.getbasetemp())  # what a test of another file left
    yield tmp_path
    _forget(tmp_path)


def _forget(place):
    """Let modules that lie in a folder be imported anew."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(place)):
            del sys.modules[name]


@pytest.fixture
def script(folder):
    """Run a text as a script of its own in the folder; returns its exit code, output and errors."""

    def run(text, name="script.py"):
        (folder / name).write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, name], capture_output=True, text=True, check=False, timeout=240)
        return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)

    return run
