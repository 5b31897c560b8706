"""Every `ablate …` line in a block of README and docs is one that the command line reads."""

import re
import shlex
from pathlib import Path

import pytest

from ablate.app.arguments import server_named
from ablate.cli import _is_hydra, _options, main

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
]  # fmt: skip
BLOCK = re.compile(r"^ *```(?:bash|sh)?\n(.*?)^ *```", flags=re.MULTILINE | re.DOTALL)


def commands(page):
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            if line.strip().startswith("ablate "):
                yield line.strip()


OURS = (
    "dataset=letter",
    "dataset=folder",
    "dataset=npz",
    "program=mine",
    "program=coin",
    "mish",
)  # need a file or a package


def planned(words, tmp_path, monkeypatch, capsys):
    """Plan a sweep, or show a configuration, as Hydra composes it; what needs more has a test of its page."""
    if any(need in word for word in words for need in OURS):
        return True
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    code = main([*words, *(["hydra.sweeper.action=plan"] if "-m" in words else [])])
    said = capsys.readouterr()
    return code == 0 or re.search(r"needs the package (ray|submitit), which is not installed", said.err)


LINES = [(page.relative_to(ROOT).as_posix(), line) for page in PAGES for line in commands(page)]


def test_there_are_many():
    assert len(LINES) > 60


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_command_is_read(page, line, tmp_path, monkeypatch, capsys):
    words, _ = server_named(shlex.split(line.split(" && ")[0], comments=True)[1:])
    if words == ["--help"]:
        return
    if _is_hydra(words):
        assert planned(words, tmp_path, monkeypatch, capsys), line
        return
    assert _options(words).command == words[0], page
