from __future__ import annotations

import dataclasses

import pytest

from ablate.errors import UserError
from ablate.judge.gates import check_gates
from ablate.judge.rule import judge
from ablate.words.reasons import said

from .conftest import BN, NORM, make_study, make_tables

GAIN = (0.031, 0.028, 0.035, 0.03, 0.029, 0.033, 0.027, 0.034)


def tables():
    return make_tables(NORM, lambda v, s: 0.8 + (GAIN[s] if v["norm"] == "batch" else 0.0))


def judged(*gates, facts=None):
    study = make_study(NORM, {**BN, "gates": list(gates)}, {**BN, "id": "control", "by_at_least": 0.2})
    return judge(study, dataclasses.replace(tables(), facts=facts or {}))[0]


def test_a_failed_control_leaves_a_clear_effect_open():
    verdict = judged({"kind": "positive_control", "claim": "control"})
    assert (verdict.outcome, verdict.ungated) == ("inconclusive", "supported")
    assert said(verdict.reason) == (
        "A gate failed: the positive control control must be supported; it is refuted. Without it the claim would be "
        "supported."
    )
    assert [gate.kind for gate in verdict.gates_failed] == ["positive_control"]


def test_a_passed_gate_is_named_and_changes_nothing():
    verdict = judged({"kind": "positive_control", "claim": "control", "must_be": "refuted"})
    assert verdict.outcome == "supported"
    assert [gate.passed for gate in verdict.gates] == [True]


@pytest.mark.parametrize(
    ("bound", "passed"),
    [({"at_least": 0.82}, True), ({"at_most": 0.82}, False), ({"at_least": 0.83, "of": "every"}, False),
     ({"at_least": 0.82, "at_most": 0.84, "of": "every"}, True)],
)  # fmt: skip
def test_a_manipulation_check_bounds_a_metric_in_named_cells(bound, passed):
    gate = {"kind": "manipulation_check", "metric": "final/test_accuracy", "where": {"norm": "batch"}, **bound}
    verdict = judged(gate)
    assert (verdict.outcome == "supported") is passed
    assert verdict.gates[0].passed is passed


@pytest.mark.parametrize(
    ("tuned", "passed"),
    [
        ({"optimizer.lr": {"chosen": 0.1, "grid": [0.01, 0.1, 1.0]}}, True),
        ({"optimizer.lr": {"chosen": 1.0, "grid": [0.01, 0.1, 1.0]}}, False),
        ({"optimizer.lr": {"chosen": 0.1, "edge": True}}, False),
        (None, False),
    ],
)
def test_a_tuned_value_on_the_edge_of_its_grid_fails_the_gate(tuned, passed):
    facts = {arm: {"tuned": tuned} for arm in ("a0", "a1")}
    assert judged({"kind": "tuning_edge"}, facts=facts).gates[0].passed is passed


def test_a_claim_about_tuned_arms_is_gated_by_their_edges_without_asking():
    inside, edge = ({"lr": {"chosen": 0.1, "grid": [0.01, 0.1, 1.0], "edge": on}} for on in (False, True))
    verdict = judged(facts={"a0": {"tuned": inside}, "a1": {"tuned": edge}})
    assert (verdict.outcome, verdict.ungated) == ("inconclusive", "supported")
    assert "lr=0.1 of norm=batch" in said(verdict.reason)
    verdict = judged(facts={"a0": {"tuned": inside}, "a1": {"tuned": inside}})
    assert (verdict.outcome, [gate.kind for gate in verdict.gates]) == ("supported", ["tuning_edge"])
    # An arm that is not tuned (`where`) has no edge; where nothing is tuned nothing is asked.
    assert judged(facts={"a0": {}, "a1": {"tuned": inside}}).outcome == "supported"
    assert judged(facts={}).gates == ()


@pytest.mark.parametrize(("per", "outcome"), [({}, "supported"), ({"per": "study"}, "inconclusive")])
def test_a_study_that_an_earlier_release_tuned_keeps_the_gates_it_was_registered_with(per, outcome):
    edge = {"lr": {"chosen": 0.1, "grid": [0.01, 0.1], "edge": True}}
    facts = {arm: {"tuned": edge, "tuning": {"study": "s-tuning", **per}} for arm in ("a0", "a1")}
    assert judged(facts=facts).outcome == outcome
    assert judged({"kind": "tuning_edge"}, facts=facts).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ({"kind": "positive_control", "claim": "contrl"}, "nearest match: control"),
        ({"kind": "positive_control", "claim": "c0"}, "its own positive control"),
        (
            {"kind": "manipulation_check", "metric": "m", "where": {"nrom": "batch"}, "at_least": 1},
            "nearest match: norm",
        ),
        (
            {"kind": "manipulation_check", "metric": "m", "where": {"norm": "bach"}, "at_least": 1},
            "has no level 'bach'",
        ),
    ],
)
def test_a_gate_that_cannot_be_looked_at_is_refused(gate, message):
    with pytest.raises(UserError, match=message):
        check_gates(make_study(NORM, {**BN, "gates": [gate]}, {**BN, "id": "control"}))
