"""Sentences that users read have none of the words that docs/style.md names as old or private."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OLD = re.compile(
    r"\b(anew|wholly|whilst|thereof|heretofore|pass(ed)? over|turned so that|to be had|heeded|held against|"
    r"belongs? into|said twice|is no (factor|setting|run|claim|level))\b"
)
MEASURED = "judge/calibrat"  # its sentences stand on a committed page of results
PAGES = [p for p in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
         if p.name != "style.md"]  # fmt: skip


def texts_of(module):
    """Return the texts of a module that may be shown: all but docstrings, with their lines."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone
    ]


def test_messages_help_and_errors_have_no_old_words():
    modules = [p for p in sorted((ROOT / "ablate").rglob("*.py")) if MEASURED not in p.as_posix()]
    told = [f"{p.relative_to(ROOT)}:{line}: {OLD.search(text)[0]}" for p in modules for line, text in texts_of(p)
            if OLD.search(text)]  # fmt: skip
    assert told == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages_have_no_old_words(page):
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [f"{n}: {OLD.search(line)[0]}" for n, line in enumerate(lines, 1) if OLD.search(line)] == []


def test_an_old_word_is_found():
    assert OLD.search("the column is passed over")
    assert not OLD.search("is not a factor; ignore it")
