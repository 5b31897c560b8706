"""README's links lead somewhere, its commands are read, it is short, and the study of the guide is one."""

import re
import shlex
from pathlib import Path

import pytest

from ablate.cli import _is_hydra, _options
from ablate.sweep.study_file import parse_study
from ablate.sweep.yaml_reader import read_yaml

HERE = Path(__file__).parents[2]
TEXT = (HERE / "README.md").read_text(encoding="utf-8")
PAGES = [HERE / "README.md", HERE / "CONTRIBUTING.md", *sorted((HERE / "docs").glob("*.md"))]
DOORS = re.findall(r"\| `(ablate [^`]+)` \|", TEXT)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page):
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert link.startswith(("http:", "https:", "mailto:")) or (page.parent / link).exists(), link


def test_there_are_five_doors():
    assert len(DOORS) == 5


@pytest.mark.parametrize("command", DOORS)
def test_a_command_of_the_table_is_read(command):
    words = shlex.split(command)[1:]
    assert _is_hydra(words) or _options(words).command == words[0]


def test_the_study_of_the_guide_is_one():
    (block,) = re.findall(r"```yaml\n(.+?)```", (HERE / "docs" / "guide.md").read_text(encoding="utf-8"), re.DOTALL)
    assert [claim.id for claim in parse_study(read_yaml(block), where="guide.md").claims] == ["dropout-helps"]


def test_the_page_is_short():
    assert len(TEXT.splitlines()) <= 60
