"""The tutorial: its files are written, its commands are run, and what they print has the words that the page shows."""

import os
import re
import shlex
from pathlib import Path

import pytest

from ablate.cli import _options, main

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
MAIN_JOB = os.environ.get("ABLATE_MAIN_JOB")  # a file with what README's main job printed (.ci/run)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TUTORIAL, flags=re.DOTALL)


COMMANDS = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("ablate ")]
SHOWN = dict(zip(COMMANDS, blocks("text"), strict=True))


def words_of(text):
    """Return the lines of a printed text without its numbers, times, endings and the way the program was called."""
    text = re.sub(r"\S*/ablate ui", "ablate ui", text)  # by its path, where the environment is not active
    text = re.sub(r"(reports/|ablate ui).*", r"\1", text).replace("python -m ablate", "ablate")
    text = re.sub(r"(of it training\)): .*", r"\1", text)
    text = re.sub(r"[−+-]?\d+(?:[.,]\d+)*(?: (?:s|min|h)\b)?", "N", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def typed(monkeypatch, capsys, folder, line, *more):
    (study,), (code,) = blocks("yaml"), blocks("python")
    (folder / "few-images.yaml").write_text(study, encoding="utf-8")
    (folder / "train.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    code = main([*shlex.split(line)[1:], *more])
    out, err = capsys.readouterr()
    assert code == 0, err
    return words_of(out)


def test_commands_can_be_typed():
    assert [shlex.split(line)[1] for line in COMMANDS] == ["run", "plan", "run", "run"]
    for line in COMMANDS:
        words = shlex.split(line)[1:]
        assert _options(words).command == words[0]


def test_the_study_is_that_of_the_guide():
    (study,) = blocks("yaml")
    assert study in (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    assert not (ROOT / "studies" / "few-images.yaml").exists()  # a file by a shipped study's name would be taken for it


def test_the_plan_prints_what_the_page_shows(tmp_path, monkeypatch, capsys):
    line = "ablate plan few-images.yaml"
    assert typed(monkeypatch, capsys, tmp_path, line) == words_of(SHOWN[line])


def test_the_function_is_judged_as_the_page_shows(tmp_path, monkeypatch, capsys):
    line = COMMANDS[-1]
    assert typed(monkeypatch, capsys, tmp_path, line, "-j", "1") == words_of(
        SHOWN[line].replace("2 processes", "1 process")
    )


def test_the_run_of_the_study_prints_what_the_page_shows_of_a_run(tmp_path, monkeypatch, capsys):
    line = "ablate run few-images.yaml"  # with an epoch in place of 200: another verdict, the same lines around it
    printed = typed(monkeypatch, capsys, tmp_path, line, "epochs=1", "--no-report", "-j", "1")
    shown = words_of(SHOWN[line].replace("2 processes", "1 process"))
    assert printed == [shown[0], shown[-1]]
    (verdict,) = typed(monkeypatch, capsys, tmp_path, "ablate verdict few-images.yaml")
    claim = re.compile(r"(against dropout=none).*?(\(N % interval, sign-flip).*(N pairs; δ = N pp; p = N\))")
    assert claim.search(verdict).groups() == claim.search(shown[1]).groups()


@pytest.mark.skipif(MAIN_JOB is None, reason="needs what README's main job printed: .ci/run")
def test_the_main_job_prints_what_the_page_shows():
    printed = words_of(Path(MAIN_JOB).read_text(encoding="utf-8"))
    shown = [line for line in words_of(SHOWN["ablate run quickstart"]) if line != "…"]
    assert [line for line in shown if line not in printed] == []


def test_the_tutorial_in_chinese_has_the_same_blocks():
    every = r"```\w+\n.*?```"
    chinese = (ROOT / "docs" / "tutorial.zh.md").read_text(encoding="utf-8")
    assert re.findall(every, chinese, flags=re.DOTALL) == re.findall(every, TUTORIAL, flags=re.DOTALL)
