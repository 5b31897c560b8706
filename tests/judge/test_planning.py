from __future__ import annotations

import pytest

from ablate.errors import UserError
from ablate.judge.planning import (
    beyond_support,
    blind_looks,
    check_contradictions,
    check_forecasts,
    check_plan,
    check_seeds,
    seeds_needed,
)
from ablate.sweep.study_file import parse_study

from .conftest import BN, NORM, make_study

CELLS = {**NORM, "cell": list(range(16))}
SWAPPED = {"arm": {"norm": "none"}, "against": {"norm": "batch"}}


def test_a_single_sign_flip_claim_needs_six_seeds():
    study = make_study(NORM, BN)
    check_seeds(study, 6)
    with pytest.raises(UserError) as error:
        check_seeds(study, 5)
    assert str(error.value) == (
        "claim c0: 5 seeds cannot decide it whatever they show; with 1 claim in the study its test needs 6. Plan at "
        "least 6 seeds, or fewer claims."
    )


@pytest.mark.parametrize(
    ("claim", "seeds"),
    [
        ({**BN, "each": "cell"}, 10),  # 2/2^10 <= .05/16
        ({"kind": "equivalence", **BN, "within": 0.1}, 6),  # 2/2^6 <= .05
        ({"kind": "proportion", "of": "cells", **BN, "at_least": 15}, 9),  # 16 · 2^-9 <= .05
        ({"kind": "proportion", "of": "runs", "arm": {"norm": "none"}, "metric": "outcome", "at_least": 0.5}, 6),
        ({"kind": "win_probability", **BN, "metric": "ttt/steps"}, 6),
        ({"kind": "exact", "metric": "exact/x", "equals": 1}, 1),
    ],
)
def test_seeds_needed_by_kind(claim, seeds):
    assert {need.seeds for need in seeds_needed(make_study(CELLS, claim))} == {seeds}


@pytest.mark.parametrize(
    ("claim", "refute", "support"),
    [
        ({"kind": "proportion", "of": "runs", "arm": {"norm": "none"}, "at_least": 0.8}, 3, 17),
        ({"kind": "proportion", "of": "runs", "arm": {"norm": "none"}, "at_most": 0.15}, 2, 23),
        ({"kind": "win_probability", **BN, "metric": "ttt/steps", "more_than": 0.75}, 3, 13),
        (BN, 6, 6),
    ],
)
def test_seeds_that_can_refute_a_share_need_not_suffice_to_support_it(claim, refute, support):
    study = make_study(NORM, claim)
    assert [need.seeds for need in seeds_needed(study)] == [refute]
    assert [need.seeds for need in beyond_support(study, support - 1)] == [support]
    assert beyond_support(study, support) == []
    two = make_study(NORM, claim, {**claim, "id": "again"})
    assert len(beyond_support(two, support)) == 2, "Holm leaves each half as much"


def test_with_looks_the_last_one_must_be_able_to_decide():
    study = make_study(NORM, BN).model_copy(update={"looks": [10, 20, 30]})
    check_seeds(study, 30)
    assert blind_looks(study) == [10]


@pytest.mark.parametrize(
    "other",
    [{**SWAPPED}, {**BN, "predicts": "lower"}, {"kind": "equivalence", **BN, "within": 0.001, "by": 0},
     {"kind": "equivalence", **SWAPPED, "within": 0.01}],
)  # fmt: skip
def test_claims_that_cannot_both_hold_are_refused(other):
    other = {k: v for k, v in other.items() if k != "by"}
    study = make_study(CELLS, {**BN, "by_at_least": 0.01}, other)
    with pytest.raises(UserError, match="c0 and c1 contradict each other"):
        check_contradictions(study)


@pytest.mark.parametrize(
    "other",
    [{**BN, "by_at_least": 0.02}, {**SWAPPED, "predicts": "lower"}, {**SWAPPED, "metric": "final/train_loss"},
     {**SWAPPED, "where": {"cell": 3}}, {"kind": "equivalence", **BN, "within": 0.02}],
)  # fmt: skip
def test_claims_that_can_both_hold_are_not(other):
    check_contradictions(make_study(CELLS, {**BN, "by_at_least": 0.01}, other))


def test_a_forecast_needs_its_claim():
    study = make_study(NORM, BN)
    check_forecasts(study.model_copy(update={"forecasts": {"book": {"c0": 0.9}}}))
    with pytest.raises(UserError, match="forecasts of book: unknown claim 'c9'"):
        check_plan(study.model_copy(update={"forecasts": {"book": {"c9": 0.9}}}), 20)


@pytest.mark.parametrize(
    ("tune", "fairness", "refused"),
    [
        ({}, "tuned", True),
        ({}, "both", True),
        ({"metric": "ttt/steps"}, "tuned", False),
        ({"seeds": 10}, "tuned", False),  # what stored studies do
    ],
)
def test_a_claim_about_speed_is_tuned_for_speed(tune, fairness, refused):
    claim = {"id": "fast", "says": "faster", "kind": "time_to_target", **BN}
    tune = {"space": {"optimizer.lr": [0.1, 1.0]}, **tune}
    study = parse_study(
        {"title": "t", "factors": NORM, "claims": [claim], "tune": tune, "fairness": fairness, "seeds": 20}, where="x"
    )
    if not refused:
        check_plan(study, 20)
        return
    with pytest.raises(UserError, match=r"tune: \{metric: ttt/steps, ties: final/validation_accuracy\}"):
        check_plan(study, 20)
