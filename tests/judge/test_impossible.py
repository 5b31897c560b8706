"""Metrics, rules and margins of which every verdict would be wrong: refused while planning, or not tested."""

import math

import pytest
from pydantic import ValidationError

from ablate.errors import UserError
from ablate.judge.planning import check_metrics
from ablate.judge.rule import judge
from ablate.sweep.metrics import Metrics
from ablate.train.metric import CORE, Metric
from ablate.words.reasons import said

from .conftest import BN, NORM, make_study, make_tables

TIME = {"kind": "time_to_target", **BN, "ratio": 1.1}


def judged(claim, value, metrics, *, seeds=8, metric="score"):
    study = make_study(NORM, {**claim, "metric": metric}, seeds=seeds).model_copy(update={"metrics": metrics})
    tables = make_tables(NORM, value, seeds=seeds, metric=metric)
    tables.study["definition"] = {"metrics": metrics}
    return judge(study, tables)[0]


@pytest.mark.parametrize(
    ("metric", "declared"),
    [
        ("acc", {}),
        ("loss", {}),
        ("final/test_accuracy", {}),
        ("fps", {"fps": {"better": "higher"}}),
        ("top5", {"top5": {"better": "lower", "unit": "percent"}}),
    ],
)
def test_a_time_to_a_target_is_no_share_and_nothing_of_which_more_is_better(metric, declared):
    with pytest.raises(UserError, match=f"a time to a target is a count of steps or a time.*{metric}"):
        check_metrics(make_study(NORM, {**TIME, "metric": metric}), Metrics(declared))


@pytest.mark.parametrize(
    ("metric", "declared"),
    [("ttt/steps", {}), ("epochs_to_90", {}), ("hours", {"hours": {"better": "lower", "unit": "h"}})],
)
def test_a_count_or_a_time_is_one(metric, declared):
    check_metrics(make_study(NORM, {**TIME, "metric": metric}), Metrics(declared, CORE))


@pytest.mark.parametrize("kind", ["time_to_target", "win_probability"])
@pytest.mark.parametrize("predicts", ["higher", "lower"])
def test_kinds_that_fix_the_direction_take_none(kind, predicts):
    with pytest.raises(ValidationError, match="given without `predicts`"):
        make_study(NORM, {"kind": kind, **BN, "predicts": predicts})


@pytest.mark.parametrize("name", ["ttt/steps", "final/test_loss", "final/test_accuracy"])
def test_a_name_of_ours_keeps_its_direction_whoever_made_the_runs(name):
    other = {"higher": "lower", "lower": "higher"}[CORE[name].better]
    with pytest.raises(UserError, match="contradicts what this name means here"):
        Metrics({name: other})


SHARE = {"score": {"better": "higher", "unit": "fraction", "failed_counts_as": "chance"}}
ALIKE = {"kind": "equivalence", **BN, "within": 0.01}


@pytest.mark.parametrize("claim", [ALIKE, {**BN, "by_at_least": 0.01}], ids=["equivalence", "effect"])
@pytest.mark.parametrize("good", [0, 1, 4])
def test_pairs_of_failures_do_not_decide(claim, good):
    def value(levels, seed):
        return 0.8 + seed / 1000 if seed < good else "diverged"

    verdict = judged(claim, value, SHARE)
    assert verdict.outcome == "not_tested"
    if good != 4:
        assert f"In {8 - good} of 8 pairs every side failed" in said(verdict.reason)


def test_a_pair_with_one_failure_decides():
    verdict = judged(
        {**BN, "by_at_least": 0.01},
        lambda levels, seed: "diverged" if levels["norm"] == "none" else 0.8 + seed / 1000,
        SHARE,
    )
    assert verdict.outcome == "supported"


def test_failed_runs_that_count_as_better_than_the_others_decide_nothing():
    metrics = {"score": {"better": "lower", "failed_counts_as": 200}}
    verdict = judged(
        {**BN, "by_at_least": 1.0},
        lambda levels, seed: ("diverged", math.nan) if levels["norm"] == "batch" else 250.0 + seed,
        metrics,
    )
    assert verdict.outcome == "not_tested"
    assert "count as 200 in score, which is better than 8 of 8 runs that did not fail" in said(verdict.reason)
    honest = {"score": {"better": "lower", "failed_counts_as": 400}}
    verdict = judged(
        {**BN, "by_at_least": 1.0},
        lambda levels, seed: ("diverged", math.nan) if levels["norm"] == "none" else 250.0 + seed,
        honest,
    )
    assert verdict.outcome == "supported"


@pytest.mark.parametrize(("unit", "rule"), [("fraction", 10), ("percent", -1), ("fraction", -0.1)])
def test_failed_runs_count_as_a_value_that_the_metric_can_have(unit, rule):
    with pytest.raises(UserError, match=r"failed_counts_as.* must lie in"):
        Metric("m", "higher", unit, failed_counts_as=rule)


@pytest.mark.parametrize(
    "claim",
    [
        {**BN, "by_at_least": 1.0},
        {**BN, "by_at_least": 5},
        {"kind": "equivalence", **BN, "within": 1.0},
        {"kind": "noninferiority", **BN, "margin": 2.0},
    ],
)
def test_a_margin_as_large_as_all_that_can_be_is_refused(claim):
    study = make_study(NORM, {**claim, "metric": "accuracy"})
    with pytest.raises(UserError, match=r"δ = \d cannot be reached by accuracy, which lies in \[0, 1\]; in per cent"):
        check_metrics(study, Metrics({}))
    check_metrics(study, Metrics({"accuracy": {"unit": "percent"}}))
