"""Every `ablate …` line in a block of README and docs is one that the command line reads."""

import re
import shlex
from pathlib import Path

import pytest

from ablate.app.arguments import server_named
from ablate.cli import _is_hydra, _options

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


LINES = [(page.relative_to(ROOT).as_posix(), line) for page in PAGES for line in commands(page)]


def test_there_are_many():
    assert len(LINES) > 60


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_command_is_read(page, line):
    words, _ = server_named(shlex.split(line.split(" && ")[0], comments=True)[1:])
    if words == ["--help"] or _is_hydra(words):
        return
    assert _options(words).command == words[0], page
