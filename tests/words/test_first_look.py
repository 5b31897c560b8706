"""What is read first: an interval that says nothing is said in words, and its numbers stand in the tables."""

import numpy as np
import pytest

from ablate.judge.rule import judge
from ablate.judge.simulated import runs_of
from ablate.lang import speaking
from ablate.report.answers import answer
from ablate.report.figures.forest import forest
from ablate.report.verdict_table import verdict_table
from ablate.sweep.study import Study
from ablate.words.sentence import sentence_of

ARMS = ({"norm": "none"}, {"norm": "batch"})
WIDE = [[0.5, 0.52], [0.4, 0.94]]  # two seeds: differences of 2 and 54 points
FULL = "[−302, +358] pp"


def verdict(metric, values=WIDE, kind="difference"):
    claim = {"id": "c", "says": "s", "metric": "score", "kind": kind, "arm": ARMS[1], "against": ARMS[0]}
    study = Study.model_validate(
        {"title": "t", "factors": {"norm": ["none", "batch"]}, "metrics": {"score": metric}, "claims": [claim]}
    )
    (found,) = judge(study, runs_of(ARMS, "score", np.array(values)))
    return found


SHARE = {"better": "higher", "unit": "fraction"}


def test_two_seeds_whose_interval_is_wider_than_the_metric_say_so_in_words():
    found = verdict(SHARE)
    first = answer([found], "not_tested", "not_tested", "–")
    assert first.number.text == "+28 pp"
    assert first.more.startswith("The interval is wider than what is possible. 2 pairs are too few to decide anything")
    assert "6 pairs are needed (4 more seeds)" in first.more
    assert f"In full: +28 {FULL}" in first.number.tip
    brief = sentence_of(found, brief=True)
    assert "2 pairs have been run; at least 6 are needed. So far gain 28 pp; these pairs cannot tell" in brief
    assert "[" not in brief.removeprefix("[exploratory]")
    assert "[" not in forest([found]).alt
    assert "[−302, 358]" in sentence_of(found)  # the claim in full
    assert FULL in verdict_table([found]).rows[0].cells[1]


@pytest.mark.parametrize(
    "metric",
    [
        {"better": "higher"},
        {"better": "higher", "bounds": [0, None]},
        {"better": "higher", "bounds": [0, 10]},
    ],
)
def test_what_is_possible_is_what_the_metric_declares_and_never_guessed(metric):
    found = verdict(metric)
    assert "[−3.0, +3.6]" in answer([found], "not_tested", "not_tested", "–").number.text
    assert sentence_of(found, brief=True) == sentence_of(found)


def test_bounds_of_a_study_count_as_those_of_a_unit():
    assert (
        answer([verdict({"better": "lower", "bounds": [0, 2]})], "not_tested", "", "–").number.text == "higher by 0.3"
    )


def test_two_seeds_with_a_narrow_interval_keep_it():
    found = verdict(SHARE, [[0.5, 0.52], [0.5, 0.525]])
    assert "[" in answer([found], "not_tested", "not_tested", "–").number.text


def test_in_chinese_too():
    with speaking("zh"):
        brief = sentence_of(verdict(SHARE), brief=True)
        more = answer([verdict(SHARE)], "not_tested", "not_tested", "–").more
    assert "至少需要 6 对" in brief
    assert more.startswith("区间比可能的范围还宽。")
