"""Runs that learned and lost it again are told of what is stored, and counted as failed."""

import dataclasses

import numpy as np
import pytest

from ablate.judge.collapses import outcome_told, with_collapses
from ablate.judge.endpoint import endpoint
from ablate.judge.rule import judge
from ablate.judge.summary import ledger
from ablate.report.runs_csv import runs_csv

from .conftest import BN, NORM, make_study, make_tables

SIZE = 1000  # 3 standard errors above 0.1: 0.1285
CLAIM = {**BN, "by_at_least": 0.005}


def stored(value, *, split="validation", size=SIZE, seeds=10):
    """Runs with the final score of the target's split beside the test accuracy, as the core stores them."""
    tables = make_tables(NORM, value, seeds=seeds)
    runs = tables.seeds.assign(**{f"final/{split}_accuracy": tables.seeds["final/test_accuracy"]})
    facts = {arm: {**held, f"{split}_size": size} for arm, held in tables.facts.items()}
    study = {**tables.study, "definition": {"fixed": {"target_split": split}}}
    return dataclasses.replace(tables, seeds=runs, facts=facts, study=study)


def one_ends_at(score, outcome="reached"):
    return lambda levels, seed: (
        (outcome, score) if levels["norm"] == "batch" and seed == 3 else 0.9 + 0.001 * (seed % 3)
    )


@pytest.mark.parametrize(
    ("score", "outcome", "end"),
    [
        (0.1, "reached", "collapsed"),
        (0.128, "censored", "collapsed"),
        (0.129, "censored", "censored"),
        (0.1, "stalled", "stalled"),  # never above
        (0.1, "unknown", "unknown"),
        (0.1, "diverged", "diverged"),
    ],
)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_stored_run_that_fell_back_to_chance_has_collapsed(score, outcome, end, split):
    tables = with_collapses(stored(one_ends_at(score, outcome), split=split))
    ends = tables.seeds[tables.seeds["arm_id"] == "a1"].set_index("seed")["outcome"]
    assert ends[3] == end
    assert set(ends.drop(3)) == {"reached"}


def test_where_the_number_of_examples_is_not_stored_it_cannot_be_known():
    tables = with_collapses(stored(one_ends_at(0.1), size=None))
    assert "collapsed" not in set(tables.seeds["outcome"])


def test_the_stored_record_stays_and_deciding_twice_changes_nothing():
    tables = stored(one_ends_at(0.1))
    once = with_collapses(tables)
    twice = with_collapses(once)
    assert twice.seeds.equals(once.seeds)
    assert outcome_told(once, "a1", 3, "collapsed") == "reached"
    assert runs_csv(once) == runs_csv(tables)
    assert tables.seeds["outcome"].eq("reached").all()


def test_it_is_counted_wherever_what_diverged_is():
    tables = with_collapses(stored(one_ends_at(0.112)))
    assert ledger(tables)["collapsed"].tolist() == [0, 1]
    found = endpoint(tables, "final/test_accuracy")
    assert found.filled.sum() == 1
    assert found.value[3, 1] == 0.1  # by the rule of the metric, not the 11.2 % it ended at
    (verdict,) = judge(make_study(NORM, CLAIM, seeds=10), stored(one_ends_at(0.112)))
    assert verdict.filled == {"arm": (1, 10), "against": (0, 10)}


def test_without_an_honest_value_for_failed_runs_one_that_ran_to_its_end_keeps_its_own():
    runs = make_tables(NORM, lambda levels, seed: ("collapsed", 2.3) if seed == 3 else 0.3, metric="final/test_loss")
    assert endpoint(runs, "final/test_loss").value[3].tolist() == [2.3, 2.3]


@pytest.mark.parametrize(
    ("metric", "declared", "usual", "far", "near"),
    [
        ("score", {"better": "higher", "unit": "fraction"}, 0.9, 0.65, 0.72),
        ("score", {"better": "higher", "unit": "percent"}, 90.0, 65.0, 72.0),
        ("rmse", {"better": "lower"}, 2.0, 3.2, 2.9),
    ],
)
def test_an_outlier_on_the_worse_side_of_its_arm_is_found(metric, declared, usual, far, near):
    def runs(odd):
        value = lambda levels, seed: odd if seed == 3 else usual * (1 + 0.001 * (seed % 3))  # noqa: E731
        tables = make_tables(NORM, value, seeds=9, metric=metric)
        return dataclasses.replace(tables, study={**tables.study, "definition": {"metrics": {metric: declared}}})

    assert np.argwhere(endpoint(runs(far), metric).outlying).tolist() == [[3, 0], [3, 1]]
    assert not endpoint(runs(near), metric).outlying.any()
    assert not endpoint(runs(usual + 0.1 * abs(usual - far)), metric).outlying.any()


def test_what_varies_a_lot_has_no_outliers():
    rng = np.random.default_rng(1)
    drawn = {(arm, seed): rng.uniform(0.1, 0.9) for arm in ("none", "batch") for seed in range(40)}
    tables = make_tables(NORM, lambda levels, seed: drawn[levels["norm"], seed], seeds=40)
    assert not endpoint(tables, "final/test_accuracy").outlying.any()
