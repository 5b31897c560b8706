"""The drawing of a factor's way in CONTRIBUTING.md is the code's, and its functions are called in that order."""

import importlib.util
import inspect
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ablate.cli import run

HERE = Path(__file__).parents[2]
STUDY = """
title: BatchNorm
question: Does it help?
fixed: {dataset: digits, dataset.train_size: 100, epochs: 1}
factors: {norm: [none, batch]}
seeds: 2
"""


@pytest.fixture(scope="module")
def way():
    spec = importlib.util.spec_from_file_location("way", HERE / "docs" / "way.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_drawing_is_the_code_s():
    # A process of its own: it tells classes apart by identity, and tests before it may have loaded modules twice.
    check = subprocess.run(
        [sys.executable, "docs/way.py", "--check"], cwd=HERE, capture_output=True, text=True, check=False
    )
    assert (check.returncode, check.stderr) == (0, ""), "run `python docs/way.py`"


def test_its_functions_are_called_in_that_order(way, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(STUDY)
    names = {inspect.unwrap(way.function_at(path)).__code__: path for path in way.WAY}
    first = []

    def watch(frame, event, _argument):
        path = names.get(frame.f_code) if event == "call" else None
        if path is not None and path not in first:
            first.append(path)

    before = sys.getprofile()
    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        run(["run", "small.yaml", "--jobs", "1"])
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
    assert first == list(way.WAY)
