"""Test items as a sample: the row of a verdict that says what other items would have given, and when there is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ablate.judge.items import CORRECT
from ablate.judge.rule import judge
from ablate.judge.sensitivity import TEST_ITEMS
from ablate.stats.crossed import crossed_interval
from ablate.train.vouched import Fact

from .conftest import BN, NORM, make_study, make_tables

CLAIM = {**BN, "by_at_least": 0.005}
SEEDS, ITEMS = 10, 400


def correct():
    rng = np.random.default_rng(4)
    hard, helped = rng.normal(size=ITEMS), 0.3 + rng.normal(size=ITEMS)
    level = {"none": hard, "batch": hard - helped}
    return {(norm, s): level[norm] + 0.3 * rng.normal(size=ITEMS) < 1.0 for norm in level for s in range(SEEDS)}


@pytest.fixture(scope="module")
def runs():
    right = correct()
    tables = make_tables(NORM, lambda v, s: float(right[v["norm"], s].mean()), seeds=SEEDS)
    facts = {"dataset": "mnist5k", "fingerprint": "f", "test_size": ITEMS, "vouches": [Fact.DATA]}
    arms = {row["arm_id"]: row["norm"] for row in tables.planned.to_dict("records")}
    arrays = {arm: {s: {CORRECT: right[norm, s]} for s in range(SEEDS)} for arm, norm in arms.items()}
    return dataclasses.replace(tables, facts={arm: {**tables.facts[arm], **facts} for arm in arms}, arrays=arrays)


def row_of(tables, *claims):
    (verdict, *_) = judge(make_study(NORM, *(claims or (CLAIM,)), seeds=SEEDS), tables)
    return next((row for row in verdict.sensitivity if row.reason.code == TEST_ITEMS), None), verdict


def test_the_row_is_the_interval_over_seeds_and_items_at_the_level_of_the_verdict(runs):
    row, verdict = row_of(runs)
    right = correct()
    d = np.array([right["batch", s].astype(float) - right["none", s] for s in range(SEEDS)])
    assert (row.low, row.high) == pytest.approx(crossed_interval(d, level=verdict.interval_level))
    assert row.effect == pytest.approx(verdict.effect)
    assert row.high - row.low > 1.3 * (verdict.interval_high - verdict.interval_low)
    assert verdict.sensitivity[-1] == row


def test_a_claim_of_less_is_turned_as_its_effect(runs):
    row, verdict = row_of(runs, {"arm": {"norm": "none"}, "against": {"norm": "batch"}, "predicts": "lower"})
    assert row.effect == pytest.approx(verdict.effect)
    assert verdict.effect == pytest.approx(row_of(runs)[1].effect)


def test_verdicts_are_the_same_with_and_without_it(runs):
    row, with_it = row_of(runs)
    none, without = row_of(dataclasses.replace(runs, arrays={}))
    assert row is not None
    assert none is None
    assert dataclasses.replace(with_it, sensitivity=()) == dataclasses.replace(without, sensitivity=())


def changed(runs, **facts):
    return dataclasses.replace(runs, facts={arm: {**known, **facts} for arm, known in runs.facts.items()})


@pytest.mark.parametrize(
    "facts",
    [{"dataset": "digits"}, {"dataset": "somebody's"}, {"vouches": []}],
    ids=["drawn anew", "unknown", "untold"],
)
def test_there_is_none_where_seeds_are_not_known_to_share_their_items(runs, facts):
    assert row_of(changed(runs, **facts))[0] is None


def test_there_is_none_where_arms_have_other_items(runs):
    other = {**runs.facts, "a1": {**runs.facts["a1"], "fingerprint": "g"}}
    assert row_of(dataclasses.replace(runs, facts=other))[0] is None


def test_there_is_none_where_the_metric_is_not_the_share_that_was_right(runs):
    seeds = runs.seeds.copy()
    column = next(c for c in seeds.columns if "test_accuracy" in c)
    seeds.loc[3, column] += 0.01
    assert row_of(dataclasses.replace(runs, seeds=seeds))[0] is None


def test_there_is_none_where_a_run_failed_or_kept_nothing(runs):
    seeds = runs.seeds.copy()
    seeds.loc[3, "outcome"] = "diverged"
    assert row_of(dataclasses.replace(runs, seeds=seeds))[0] is None
    arrays = {arm: {s: held for s, held in seeds.items() if s != 2} for arm, seeds in runs.arrays.items()}
    assert row_of(dataclasses.replace(runs, arrays=arrays))[0] is None
