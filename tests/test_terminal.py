"""Terminals that cannot show every character: no traceback, and lines that can be read."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.terminal import encodable, forgive, shows_everything

HERE = Path(__file__).parents[1]
NARROW = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "cp437"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


def run(arguments, cwd, environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-m", "ablate", *arguments],
        cwd=cwd, capture_output=True, check=False, env={**kept, "PYTHONPATH": str(HERE), **environment}, timeout=250,
    )  # fmt: skip


@given(
    st.text(st.characters(), max_size=40), st.sampled_from(["ascii", "latin-1", "cp437", "cp1252", "utf-8", "utf-16"])
)
def test_any_text_can_be_written_to_any_terminal(text, encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    forgive(stream)
    stream.write(text)
    stream.flush()
    shown = raw.getvalue().decode(encoding)
    if not any("\ud800" <= mark <= "\udfff" for mark in text):
        assert text == shown or not shows_everything(stream)
    if text.isascii():
        assert shown == text


def test_what_a_reader_would_type_is_written():
    assert encodable("✓ +3.1 [−2.4, ≥ 0.5] δ × 2 – “so” …") == '+ +3.1 [-2.4, >= 0.5] delta x 2 - "so" ...'
    assert encodable("Größe", "latin-1") == "Größe"


def test_who_chose_a_way_keeps_it():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    forgive(stream)
    assert stream.errors == "replace"


STUDY = """
title: Does größer mean ≥ besser? 标题
fixed: {dataset: rings, epochs: 1, dataset.train_size: 40, batch_size: 20, model.hidden: [4]}
factors: {norm: [none, batch]}
seeds: 6
claims:
  - {id: better, says: Norm hilft schön, metric: final/test_accuracy, arm: {norm: batch}, against: {norm: none},
     by_at_least: 0.01}
"""


@pytest.mark.slow
@pytest.mark.parametrize("environment", NARROW, ids=lambda e: next(iter(e.values())))
def test_every_command_ends_as_it_should_on_a_narrow_terminal(tmp_path, environment):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.yaml").write_text(STUDY, encoding="utf-8")
    commands = [
        ("run", "tiny", "--jobs", "1"), ("plan", "tiny"), ("report", "tiny", "--lang", "zh"), ("verdict", "tiny"),
        ("noise", "tiny", "--seeds", "3", "--jobs", "1"), ("studies",), ("graph", "norm=batch"), ("--help",),
    ]  # fmt: skip
    for command in commands:
        done = run(command, tmp_path, environment)
        assert done.returncode == 0, (command, done.stderr.decode(errors="replace"))
        assert b"Traceback" not in done.stderr
        assert done.stdout
    done = run(("verdict", "tiny", "--json"), tmp_path, environment)
    assert json.loads(done.stdout.decode("ascii"))["verdicts"][0]["says"] == "Norm hilft schön"
    done = run(("report", "nöpe"), tmp_path, environment)
    assert done.returncode == 2
    assert done.stderr.startswith(b"ablate: unknown study") or b"is not valid text" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_study_that_the_locale_cannot_name_is_one_line(tmp_path):
    (tmp_path / "ü.yaml").write_text(STUDY, encoding="utf-8")
    done = run(("run", "ü.yaml", "--jobs", "1", "--no-report"), tmp_path, {"LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stderr
    for command in (("report",), ("verdict",), ("run", "ü.yaml")):
        done = run(command, tmp_path, NARROW[-1])
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1, done.stderr
