"""Differences that nobody claimed: of pairs, and of runs that share nothing."""

import dataclasses
import re

import numpy as np
import pytest
from scipy import stats

from ablate.app.console import MARKS
from ablate.claims.reason import because
from ablate.errors import UserError
from ablate.face.card import card
from ablate.face.verdicts import Verdicts
from ablate.judge.rule import judge
from ablate.judge.sensitivity import Sensitivity
from ablate.judge.simulated import runs_of
from ablate.lang import speaking
from ablate.report.families import families
from ablate.report.figures.forest import forest
from ablate.report.robustness import robustness
from ablate.report.verdict_table import verdict_table
from ablate.stats.welch import welch
from ablate.sweep.study import Study
from ablate.words.document import document_of
from ablate.words.reasons import said
from ablate.words.rulings import ruled, ruling_of
from ablate.words.sentence import sentence_of

ARMS = ({"norm": "none"}, {"norm": "batch"})


def study(kind, metric="score", better="higher", **claim):
    claim = {"id": "c", "says": "s", "metric": metric, "kind": kind, "arm": ARMS[1], "against": ARMS[0], **claim}
    return Study.model_validate(
        {
            "title": "t",
            "factors": {"norm": ["none", "batch"]},
            "metrics": {"score": {"better": better, "bounds": [None, None]}},
            "claims": [claim],
        }
    )


def verdict(kind, values, **claim):
    return judge(study(kind, **claim), runs_of(ARMS, "score", np.array(values, dtype=float)))[0]


def noisy(shift, n=10):
    rng = np.random.default_rng(3)
    return np.column_stack((rng.normal(0, 1, n), rng.normal(shift, 2, n)))


@pytest.mark.parametrize(("a", "b"), [(3, 5), (8, 8), (20, 6)])
def test_welch_agrees_with_scipy(a, b):
    rng = np.random.default_rng(a)
    one, other = rng.normal(0, 1, a), rng.normal(1, 3, b)
    found, oracle = welch([one, other], [1, -1]), stats.ttest_ind(one, other, equal_var=False)
    assert found.p_value() == pytest.approx(oracle.pvalue, rel=1e-9)
    ends = oracle.confidence_interval(0.95)
    assert found.confidence_interval() == pytest.approx((ends.low, ends.high), rel=1e-9)


def test_groups_that_do_not_vary_have_a_mean_without_doubt():
    found = welch([[1.0, 1.0], [0.5, 0.5]], [1, -1])
    assert (found.p_value(), found.p_value(0.5)) == (0.0, 1.0)
    assert found.confidence_interval() == (0.5, 0.5)


def test_runs_that_are_not_paired_are_compared_by_their_means():
    values = noisy(4.0)
    values[7:, 0] = np.nan  # seven runs here, ten there
    tables = runs_of(ARMS, "score", values)
    tables.seeds.loc[tables.seeds["score"].isna(), "outcome"] = "missing"
    found = judge(study("difference_unpaired"), tables)[0]
    one, other = values[:7, 0], values[:, 1]
    oracle = stats.ttest_ind(other, one, equal_var=False)
    assert found.effect == pytest.approx(other.mean() - one.mean())
    assert found.p == pytest.approx(oracle.pvalue)
    assert "10 and 7 runs, not paired" in sentence_of(found)
    assert "Welch's t" in sentence_of(found)
    assert found.outcome == "supported"


def test_the_order_of_runs_that_are_not_paired_says_nothing():
    values = noisy(1.0)
    turned = np.column_stack((values[::-1, 0], values[:, 1]))
    left, right = (verdict("difference_unpaired", held) for held in (values, turned))
    assert (left.effect, left.p) == pytest.approx((right.effect, right.p))


def test_what_nobody_claimed_is_called_exploratory_and_says_which_differences_are_excluded():
    values = noisy(0.0)
    found = verdict("difference", values)
    text = sentence_of(found)
    assert text.startswith("[exploratory] No difference shown in score: ")
    bound = max(abs(found.interval_low), abs(found.interval_high))
    within = float(text.split("in either direction, is excluded for every δ above ")[1].removesuffix("."))
    assert bound <= within <= bound * 1.01
    worse = verdict("difference", noisy(-9.0))
    assert (worse.outcome, worse.label) == ("refuted", "worse")
    assert sentence_of(worse).startswith("[exploratory] Shown: norm=batch lowers score (worse) by")


@pytest.mark.parametrize(
    ("shift", "better", "outcome", "word"),
    [
        (-9.0, "higher", "refuted", "shown: worse"),
        (9.0, "higher", "supported", "shown: better"),
        (9.0, "lower", "refuted", "shown: worse"),
        (-9.0, "lower", "supported", "shown: better"),
        (0.0, "higher", "inconclusive", "not shown"),
    ],
)
def test_what_nobody_predicted_is_shown_or_not_in_the_same_words_everywhere(shift, better, outcome, word):
    asked = study("difference", better=better)
    tables = runs_of(ARMS, "score", noisy(shift))
    (found,) = judge(asked, tables)
    assert found.outcome == outcome  # what `verdicts.json` has as a code; beside it are the words
    held = document_of(found)
    assert held["kind"] == "difference"
    assert held["sentence"].startswith("[exploratory] ")
    assert held["in_words"] == f"{word} [exploratory]"
    assert "δ" not in held["why"]  # nobody said which size matters
    (family,) = families(asked, tables, [found])
    drawn = forest([found])
    places = [family.answer.outcome.text, ruled(found), family.tally[0][0].word, drawn.alt,
              verdict_table([found]).rows[0].cells[-1], robustness([found]).overview.rows[0].cells[1],
              card("s", 20, Verdicts([found]), None, [])]  # fmt: skip
    for place in places:
        assert word in place
        assert not re.search("refuted|supported|inconclusive|the other way", place.split("<code>")[0])
    assert family.answer.outcome.text == f"{word} [exploratory]"
    assert MARKS[ruling_of(found)] in "▲▼?"
    assert not re.search("claim is|claim points|claim predicts|instead", family.answer.outcome.tip + family.answer.more)
    assert "claim predicts" not in drawn.caption + family.answer.number.tip


@pytest.mark.parametrize(("kind", "of"), [("difference", "arm"), ("effect", "claim")])
def test_runs_that_failed_count_as_worst_for_a_claim_only_where_there_is_one(kind, of):
    found = verdict(kind, noisy(0.0), **({"by_at_least": 0.2} if kind == "effect" else {}))
    rows = tuple(Sensitivity(because(f"failures_{end}"), 0.1, 0.0, 0.2, "inconclusive", False)
                 for end in ("worst", "best"))  # fmt: skip
    found = dataclasses.replace(found, sensitivity=rows, bounds=(-0.1, 0.1))
    section = robustness([found])
    told = " ".join([section.lead, section.overview.note, section.choices.note,
                     *(cell for row in section.choices.rows for cell in row.cells),
                     *(column.title for column in (*section.overview.columns, *section.choices.columns)),
                     *(row["choice"] for row in document_of(found)["sensitivity"])])  # fmt: skip
    assert told.count(f"at the value worst for the {of}") == told.count(f"at the value best for the {of}") == 3
    assert ("the claim" in told) == (of == "claim")


def test_with_a_smallest_effect_it_is_ruled_on_as_an_effect_is():
    values = noisy(0.4)
    ours, effect = (verdict(kind, values, by_at_least=0.2) for kind in ("difference", "effect"))
    assert (ours.outcome, ours.p, ours.interval_low) == (effect.outcome, effect.p, effect.interval_low)
    assert sentence_of(ours) == "[exploratory] " + sentence_of(effect)


@pytest.mark.parametrize("kind", ["difference", "difference_unpaired"])
def test_too_few_runs_show_an_interval_and_get_no_verdict(kind):
    found = verdict(kind, noisy(9.0, 4))
    assert found.outcome == "not_tested"
    assert "So far gain" in said(found.reason)
    assert "no verdict" in said(found.reason)


def test_four_pairs_of_any_claim_show_students_interval():
    values = noisy(9.0, 4)
    found = verdict("effect", values)
    ends = stats.ttest_rel(values[:, 1], values[:, 0]).confidence_interval(0.95)
    assert (found.reason["low"], found.reason["high"]) == pytest.approx((ends.low, ends.high))
    assert "more pair" in said(found.advice)


def test_steps_to_a_target_need_pairs():
    claimed = study("difference_unpaired", metric="ttt/steps")
    from ablate.sweep.metrics import Metrics

    with pytest.raises(UserError, match="compared seed by seed"):
        claimed.claims[0].check_metrics(Metrics(claimed.metrics))


@pytest.mark.parametrize(
    ("shift", "better", "told", "in_chinese"),
    [
        (9.0, "lower", "norm=batch raises score (worse) by 8", "使 score 提高 8"),
        (-9.0, "lower", "norm=batch lowers score (better) by 9", "使 score 降低 9"),
        (-9.0, "higher", "norm=batch lowers score (worse) by 9", "使 score 降低 9"),
        (9.0, "higher", "norm=batch raises score by 8", "使 score 提高 8"),
    ],
)
@pytest.mark.parametrize("kind", ["difference", "effect"])
def test_a_change_says_whether_it_is_better_or_worse(kind, shift, better, told, in_chinese):
    (found,) = judge(study(kind, better=better), runs_of(ARMS, "score", noisy(shift)))
    assert told in sentence_of(found)
    with speaking("zh"):
        text = sentence_of(found)
    assert in_chinese in text
    assert ("（变差）" in text, "（变好）" in text) == ("(worse)" in told, "(better)" in told)
