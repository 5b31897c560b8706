"""A count of one is told in the singular, wherever a count is told."""

import ast
import re
from pathlib import Path

import pytest

import ablate as package
from ablate.claims.reason import because
from ablate.errors import plural
from ablate.lang import counted, speaking
from ablate.sources.of_one import OF_ONE, done_text
from ablate.words.reasons import said

PACKAGE = Path(package.__file__).parent
WORDS = (
    "runs|seeds|arms|pairs|verdicts|files|levels|rows|claims|columns|cells|items|trials|comparisons|checks|points|jobs|"
    "values|others|edits|lines|processes"
)
WRONG = re.compile(
    rf"(?<![\d.,])\b1 (?:planned |finished |other )?(?:{WORDS})\b"
    r"|\b1 of its runs (?:were|are|have)\b|\b1 \w+ \w+ or have\b"
)


def wrong(text):
    return [line for line in text.splitlines() if WRONG.search(line)]


def test_the_pattern_finds_what_it_is_for():
    for text in (
        "1 runs used",
        "0 of 1 verdicts",
        "of 1 planned pairs",
        "1 of its runs were lost",
        "1 run failed or have ",
    ):
        assert wrong(text), text
    for text in ("11 runs", "0.1 runs", "1 run", "1 of 12 runs failed", "1 of its runs was lost", "level 1: 8 seeds"):
        assert not wrong(text), text


def test_one_and_several():
    assert [plural(n, "run") for n in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]
    assert [plural(n, "process", "processes") for n in (1, 2)] == ["1 process", "2 processes"]
    assert [counted(n, "seed") for n in (1, 2)] == ["1 seed", "2 seeds"]
    with speaking("zh"):
        assert counted(1, "seed") == "1 个种子"


def messages(folder):
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "msg"
                and isinstance(node.args[0], ast.Constant)
            ):
                yield node.args[0].value


def test_what_was_done_with_rows_has_a_singular():
    every = {*messages(PACKAGE / "sources"), *messages(PACKAGE / "sweep" / "found")}
    assert set(OF_ONE) <= every, "a message was reworded, and its singular was not"
    many = "runs|rows|items|levels|points|folders|files|trials|settings|values|repeats|results|answers|logs|areas"
    begins = re.compile(rf"(?:other |event |half-written )?(?:{many}|histories)\b|.*: (?:they|their)\b")
    lines = [one for one in every if begins.match(one) and not one.endswith(".")]  # sentences are no lines with a count
    assert [one for one in lines if one not in OF_ONE] == []
    for what, one in OF_ONE.items():
        assert done_text(what, 1) == one
        assert done_text(what, 2) == what
        assert not begins.match(one), one


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (because("without_value", n=1, metric="loss"), "1 run failed or has no finite value of loss, and nothing says"),
        (
            because("without_value", n=2, metric="loss"),
            "2 runs failed or have no finite value of loss, and nothing says",
        ),
        (because("without_steps", n=1), "1 run has no number of steps: it did not reach the target"),
        (because("too_few_pairs", n=1, planned=8, needed=6, by_signs=True), "Only 1 of 8 planned pairs has been run; "),
        (because("too_few_pairs", n=1, planned=1, needed=6, by_signs=True), "Only 1 pair was planned; "),
        (
            because("too_few_pairs", n=4, planned=8, needed=6, by_signs=True),
            "Only 4 of 8 planned pairs have been run; ",
        ),
    ],
)
def test_a_reason_speaks_of_one_as_of_one(reason, text):
    assert said(reason).startswith(text)
