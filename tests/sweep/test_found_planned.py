"""What a sweep that claims nothing is judged by."""

import itertools

import pytest

from ablate.errors import UserError
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.planned import baseline_said, comparisons
from ablate.sweep.metrics import Metrics
from ablate.sweep.study import Study

LR, P = "program.params.lr", "program.params.dropout"
FACTORS = {LR: [0.1, 0.01], P: [0.0, 0.5, 0.9]}
METRICS = Metrics({"accuracy": "higher", "seconds": "lower"})


def sweep(**keys):
    return Study(title="t", factors=FACTORS, **keys)


def crossed(factors):
    return [dict(zip(factors, levels, strict=True)) for levels in itertools.product(*factors.values())]


def test_every_level_is_compared_with_the_first_on_the_first_metric():
    found = comparisons(sweep(), crossed(FACTORS), range(8), METRICS, Asked())
    assert found.why_none == ""
    assert [(one.id, one.arm, one.against, one.metric, one.where) for one in found.claims] == [
        ("lr-0-01", {LR: 0.01}, {LR: 0.1}, "accuracy", {}),
        ("dropout-0-5", {P: 0.5}, {P: 0.0}, "accuracy", {}),
        ("dropout-0-9", {P: 0.9}, {P: 0.0}, "accuracy", {}),
    ]
    assert found.claims[0].says == "How lr=0.01 compares with lr=0.1"
    assert all(one.exploratory and one.by_at_least == 0.0 for one in found.claims)


def test_a_delta_and_a_baseline_are_said():
    study = sweep()
    base = baseline_said(study, {"dropout": "0.5"})
    assert base == {LR: 0.1, P: 0.5}
    study = study.model_copy(update={"baseline": base})
    found = comparisons(study, crossed(FACTORS), range(8), METRICS, Asked(by_at_least=0.01))
    assert [(one.arm[P], one.by_at_least) for one in found.claims if P in one.arm] == [(0.0, 0.01), (0.9, 0.01)]
    with pytest.raises(UserError, match="unknown --baseline 'lrr': expected one of dropout, lr; nearest match: lr"):
        baseline_said(study, {"lrr": "0.1"})
    with pytest.raises(UserError, match=r"unknown --baseline lr '0\.2'"):
        baseline_said(study, {"lr": "0.2"})


def test_arms_that_differ_in_more_than_one_factor_are_compared_with_nothing():
    arms = [{LR: 0.1, P: 0.0}, {LR: 0.01, P: 0.5}]
    assert comparisons(sweep(), arms, range(8), METRICS, Asked()).claims == ()


def test_many_factors_of_a_small_design_are_compared_at_once():
    factors = {f"program.params.f{i}": [False, True] for i in range(40)}
    base = dict.fromkeys(factors, False)
    arms = [base, *({**base, name: True} for name in factors)]
    found = comparisons(Study(title="t", factors=factors), arms, range(8), METRICS, Asked())
    assert [one.arm for one in found.claims] == [{name: True} for name in factors]  # of 2^40 cells


@pytest.mark.parametrize(
    ("factors", "metrics", "why"),
    [
        (FACTORS, Metrics({}), "no metric is declared: say which with --metric NAME:higher or NAME:lower"),
        (FACTORS, Metrics({"score": {}}), "which way is score better.*--metric score:higher"),
        ({LR: list(range(202))}, METRICS, "201 comparisons with the baseline are more than 200"),
    ],
)
def test_without_a_metric_or_with_too_many_levels_there_is_no_verdict_and_it_is_said_why(factors, metrics, why):
    study = Study(title="t", factors=factors)
    found = comparisons(study, crossed(factors), range(8), metrics, Asked())
    assert found.claims == ()
    with pytest.raises(UserError, match=f"--by-at-least: {why}"):
        comparisons(study, crossed(factors), range(8), metrics, Asked(by_at_least=0.1))


def test_one_arm_is_compared_with_nothing():
    one = Study(title="t", fixed={LR: 0.1})
    assert comparisons(one, [{}], range(8), METRICS, Asked()).why_none == ""
    with pytest.raises(UserError, match="nothing varies"):
        comparisons(one, [{}], range(8), METRICS, Asked(by_at_least=0.1))


def test_a_baseline_is_named_by_the_last_part_of_a_key_where_one_factor_alone_ends_so():
    keys = {"program.params.optimizer.lr": [0.1, 0.01], "program.params.depth": [1, 2]}
    assert baseline_said(Study(title="t", factors=keys), {"lr": "0.01"})["program.params.optimizer.lr"] == 0.01
    both = Study(title="t", factors={**keys, "program.params.decay.lr": [1, 2]})
    with pytest.raises(UserError, match=r"--baseline lr may mean optimizer\.lr or decay\.lr; give one in full"):
        baseline_said(both, {"lr": "0.01"})
    assert baseline_said(both, {"decay.lr": "2"})["program.params.decay.lr"] == 2
