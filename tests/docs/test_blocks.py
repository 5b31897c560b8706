"""Every block of the pages is run by something, or it is said here why it is only read.

Blocks in `bash` and `python` are run; every line of ours is read by the command line's own parser as well
(test_commands_read.py). Those in `sh` are read alone. Those in `text` are what a command prints.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "examples").rglob("*.md"),
]
FENCE = re.compile(r"^ *```(.*)$", flags=re.MULTILINE)
RUN = {  # page -> what runs its blocks in `bash` and `python`, compares those in `text`; Ray, Slurm: if installed
    "CONTRIBUTING.md": ".ci/run, tests/docs/test_website.py",
    "README.md": ".ci/run",
    "docs/ci.md": "tests/docs/test_ci.py",
    "docs/commands.md": "tests/docs/test_commands_page.py",
    "docs/computation-graph.md": "tests/docs/test_computation_graph.py",
    "docs/data.md": "tests/data/test_keel.py, tests/docs/test_short_pages.py",
    "docs/files.md": "tests/docs/test_short_pages.py",
    "docs/findings.md": "tests/docs/test_findings_page.py",
    "docs/guide.md": "tests/docs/test_guide.py, tests/track/server/test_server_page.py",
    "docs/hydra.md": "tests/docs/test_hydra_page.py",
    "docs/judge.md": "tests/docs/test_short_pages.py",
    "docs/own-training.md": "tests/docs/test_own_training.py",
    "docs/plugins.md": "tests/docs/test_plugins.py",
    "docs/python.md": "tests/docs/test_python.py",
    "docs/ray.md": "tests/sweep/test_ray_page.py",
    "docs/reference/stats.md": "tests/docs/test_short_pages.py",
    "docs/server.md": "tests/track/server/test_server_page.py, tests/track/server/test_postgres.py, "
    "tests/docs/test_short_pages.py",
    "docs/slurm.md": "tests/sweep/test_submitit_page.py",
    "docs/tutorial.md": "tests/docs/test_tutorial.py",
    "docs/tutorial.zh.md": "tests/docs/test_tutorial.py",
    "docs/verdicts.md": "tests/docs/test_verdicts_page.py",
    "examples/hydra-app/README.md": "tests/app/test_foreign_apps.py",
    "examples/plugin/README.md": "tests/docs/test_plugins.py",
}
READ = {  # page -> why its blocks in `sh` are read and not run
    "CONTRIBUTING.md": "they run all tests, for up to hours, and .ci/run itself, which runs the tests and the block in "
    "`bash` above them",
}
DATA = {"yaml", "json", "toml", "csv", "mermaid"}  # read by the tests of their pages


def languages(page):
    return set(FENCE.findall(page.read_text(encoding="utf-8"))[::2])


FOUND = {page.relative_to(ROOT).as_posix(): found for page in sorted(PAGES) if (found := languages(page))}


@pytest.mark.parametrize("page", FOUND)
def test_every_block_says_what_it_is(page):
    assert FOUND[page] <= {"bash", "python", "sh", "text", *DATA}


def test_each_page_with_blocks_to_run_has_what_runs_them():
    assert {page for page, found in FOUND.items() if found & {"bash", "python", "text"}} == set(RUN)
    for page, tests in RUN.items():
        for test in tests.split(", "):
            text = (ROOT / test).read_text(encoding="utf-8")
            assert page.rpartition("/")[2] in text, (page, test)


def test_each_page_with_blocks_that_are_only_read_says_why():
    assert {page for page, found in FOUND.items() if "sh" in found} == set(READ)
    for why in READ.values():
        for place in re.findall(r"(?:tests|\.ci)/[\w./]+", why):
            assert (ROOT / place).exists(), place


def test_each_page_with_data_is_named_by_a_test():
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)
    )
    for page, found in FOUND.items():
        if found & DATA:
            assert re.search(rf'[/"]{re.escape(page.rpartition("/")[2])}"', tests), page
