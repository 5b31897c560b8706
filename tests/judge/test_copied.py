"""The A/A gate: what a copy of the baseline says of a study that is tuned in every seed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from ablate.judge.copied import copy_differences
from ablate.judge.rule import judge
from ablate.sweep.tune import Tune
from ablate.words.reasons import said

from .conftest import BN, NORM, make_study, make_tables

METRIC = "final/test_accuracy"
INSIDE = {"lr": {"chosen": 0.1, "grid": [0.01, 0.1, 1.0], "edge": False}}
NOISE = np.array([0.001, -0.001, 0.002, -0.002, 0.0015, -0.0015, 0.0005, -0.0005])


def tables_of(copy, *, tuned=True):
    """Return runs in which BatchNorm is 3 points better, and a copy of the baseline that is `copy` better than it."""
    tables = make_tables(NORM, lambda v, s: 0.8 + NOISE[s] + (0.03 + NOISE[s - 1] if v["norm"] == "batch" else 0.0))
    runs = pd.DataFrame(
        {"copy_of": "a0", "seed": range(len(copy)), "outcome": "finished", "majority_rate": 0.1,
         METRIC: 0.8 + NOISE[: len(copy)] + np.array(copy)}
    )  # fmt: skip
    facts = {arm: {"tuned": INSIDE} if tuned else {} for arm in ("a0", "a1")}
    return dataclasses.replace(tables, copy=runs, facts=facts)


def judged(tables, **claim):
    return judge(make_study(NORM, {**BN, "by_at_least": 0.01, **claim}), tables)[0]


def test_a_copy_that_is_equivalent_lets_a_claim_pass():
    verdict = judged(tables_of(NOISE[::-1]))
    assert verdict.outcome == "supported"
    (gate,) = (gate for gate in verdict.gates if gate.kind == "copy")
    assert gate.passed
    assert "is equivalent to it: final/test_accuracy differs by 0.00 [" in said(gate.reason)


def test_a_copy_that_differs_by_less_than_the_effect_lies_beyond_delta_lets_it_pass():
    verdict = judged(tables_of(NOISE + 0.012))  # not within ±0.01; the effect of 0.03 is 0.02 beyond δ
    assert verdict.outcome == "supported"
    (gate,) = (gate for gate in verdict.gates if gate.kind == "copy")
    assert gate.passed
    assert "so that a difference of 1.31 pp would not change the verdict" in said(gate.reason)


@pytest.mark.parametrize(
    ("copy", "words"),
    [
        (NOISE + 0.02, "is not shown to be equivalent to it: final/test_accuracy differs by 2.00 ["),
        (NOISE * 30.0, "pp, and ±1 pp was asked for"),  # nothing is different, but the noise would hide it
        (NOISE[:5], "5 seeds are too few, 6 are needed"),
    ],
)
def test_a_copy_that_is_not_shown_to_be_equivalent_holds_a_claim_back(copy, words):
    verdict = judged(tables_of(copy))
    assert (verdict.outcome, verdict.ungated) == ("inconclusive", "supported")
    assert words in said(verdict.reason)


def test_it_is_asked_of_claims_about_tuned_arms_with_a_smallest_effect_alone():
    assert judged(tables_of(NOISE + 0.02, tuned=False)).gates == ()
    assert [gate.kind for gate in judged(tables_of(NOISE + 0.02), by_at_least=0.0).gates] == ["tuning_edge"]
    assert judged(dataclasses.replace(tables_of(NOISE), copy=None)).outcome == "supported"


@pytest.mark.parametrize("gone", [None, "empty"])
@pytest.mark.parametrize(("copied", "outcome"), [(True, "inconclusive"), (False, "supported")])
def test_a_copy_that_is_asked_for_and_not_there_holds_a_claim_back(gone, copied, outcome):
    tables = tables_of(NOISE)
    tables = dataclasses.replace(tables, copy=None if gone is None else tables.copy.iloc[:0])
    study = make_study(NORM, {**BN, "by_at_least": 0.01})
    tune = {"metric": METRIC, "space": {"optimizer.lr": [0.01, 0.1, 1.0]}, "copy_baseline": copied}
    verdict = judge(study.model_copy(update={"tune": Tune.model_validate(tune)}), tables)[0]
    assert verdict.outcome == outcome
    assert ("0 seeds are too few, 6 are needed" in said(verdict.reason)) == copied


def test_a_run_of_the_copy_that_failed_counts_as_it_does_in_every_analysis():
    tables = tables_of(NOISE)
    tables.copy.loc[0, ["outcome", METRIC]] = ["diverged", np.nan]
    assert copy_differences(tables, METRIC)[0] == pytest.approx(0.1 - 0.8 - NOISE[0])
    assert len(copy_differences(tables, METRIC)) == 8
