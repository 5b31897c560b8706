from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from ablate.errors import Failure, UserError
from ablate.judge.endpoint import ended_as, endpoint, metric_names
from ablate.words.reasons import said

from .conftest import CHANCE, NORM, make_tables

OUTCOMES = ["reached", "censored", "stalled", "diverged", "crashed", "missing"]


def each_outcome(number=0.7):
    """Seed i of norm=batch ended as OUTCOMES[i], and logged a number where it can."""

    def value(levels, seed):
        if levels["norm"] == "none":
            return 0.5
        outcome = OUTCOMES[seed]
        return (outcome, number) if outcome in OUTCOMES[:3] else outcome

    return value


def test_a_failed_run_counts_as_chance_and_is_flagged():
    found = endpoint(make_tables(NORM, each_outcome(), seeds=6), "final/test_accuracy")
    assert found.value[:, 1] == pytest.approx([0.7, 0.7, 0.7, CHANCE, CHANCE, np.nan], nan_ok=True)
    assert found.filled[:, 1].tolist() == [False, False, False, True, True, False]
    assert found.ran[:, 1].tolist() == [True] * 5 + [False]
    assert found.planned.all()
    assert not found.undefined.any()
    assert said(found.rule) == "the majority rate (10 %)"


def test_an_error_rate_counts_as_one_minus_chance():
    tables = declared("test_err", {"better": "lower", "unit": "fraction", "failed_counts_as": "one_minus_chance"})
    found = endpoint(tables, "test_err")
    assert found.value[3, 1] == pytest.approx(1 - CHANCE)
    assert said(found.rule) == "one minus the majority rate (90 %)"


def declared(name, what, number=0.7):
    """Return runs of each outcome that logged a metric which the study declares."""
    tables = make_tables(NORM, each_outcome(number), seeds=6, metric=name)
    return dataclasses.replace(tables, study={"definition": {"metrics": {name: what}}})


@pytest.mark.parametrize(
    ("what", "value", "rule"),
    [
        ({"failed_counts_as": 55.5}, 55.5, "55.5, as declared"),
        ({"better": "higher", "unit": "percent", "failed_counts_as": "chance"}, 10.0, "the majority rate (10 %)"),
        ({"failed_counts_as": "budget"}, 200.0, "the whole budget (200 steps)"),
    ],
)
def test_a_failed_run_counts_as_its_metric_declares_whatever_it_is_called(what, value, rule):
    for name in ("recall@5", "final/test_accuracy_x", "loss"):
        found = endpoint(declared(name, what, 90.0), name)
        assert found.value[3:5, 1] == pytest.approx(value)
        assert said(found.rule) == rule


@pytest.mark.parametrize("name", ["accuracy", "final/test_accuracy", "test_accuracy"])
def test_a_failed_run_does_not_keep_its_score_for_its_name(name):
    tables = make_tables(NORM, lambda levels, seed: ("crashed", 0.99), metric=name)
    found = endpoint(tables, name)
    assert found.value == pytest.approx(CHANCE)


def test_a_failed_run_of_a_metric_without_a_rule_has_no_value():
    tables = make_tables(NORM, lambda levels, seed: ("crashed", 0.99), metric="recall")
    found = endpoint(tables, "recall")
    assert np.isnan(found.value).all()
    assert found.undefined.all()


def test_a_value_that_the_metric_cannot_have_is_refused_with_what_to_declare():
    tables = make_tables(NORM, lambda levels, seed: 90.0 + seed, metric="accuracy")
    with pytest.raises(
        UserError, match=r"baseline, seed 0: accuracy must lie in \[0, 1\] \(fraction\), got 90"
    ) as error:
        endpoint(tables, "accuracy")
    assert '`metrics: {"accuracy": {unit: percent}}`' in str(error.value)
    said = {"definition": {"metrics": {"accuracy": {"unit": "percent"}}}}
    assert endpoint(dataclasses.replace(tables, study=said), "accuracy").value[0, 0] == 90.0


def test_a_unit_that_the_function_declares_is_changed_there_and_not_in_the_study():
    tables = make_tables(NORM, lambda levels, seed: 80.4 + seed, metric="acc")
    declared = {"acc": {"better": "higher", "unit": "fraction", "bounds": [0, 1]}}
    facts = {arm: {**held, "metrics": declared} for arm, held in tables.facts.items()}
    study = {**tables.study, "definition": {"fixed": {"program": "function", "program.target": "mine.py:train"}}}
    with pytest.raises(UserError, match=r"in `train\.metrics` of mine\.py: `\"acc\": \{\"unit\": \"percent\"\}`"):
        endpoint(dataclasses.replace(tables, facts=facts, study=study), "acc")


@pytest.mark.parametrize("metric", ["final/test_accuracy", "aulc/train_accuracy"])
def test_what_a_diverged_run_logged_at_its_end_is_never_believed(metric):
    found = endpoint(make_tables(NORM, lambda levels, seed: ("diverged", 0.98), metric=metric), metric)
    assert found.value == pytest.approx(CHANCE)
    assert found.filled.all()


def test_the_best_accuracy_before_a_divergence_stays():
    metric = "best/validation_accuracy"
    found = endpoint(make_tables(NORM, lambda levels, seed: ("diverged", 0.4), metric=metric), metric)
    assert found.value == pytest.approx(0.4)
    assert not found.filled.any()


def test_a_failed_run_has_no_loss_and_is_not_dropped_silently():
    found = endpoint(make_tables(NORM, each_outcome(), seeds=6, metric="final/train_loss"), "final/train_loss")
    assert found.undefined[:, 1].tolist() == [False, False, False, True, True, False]
    assert np.isnan(found.value[3, 1])
    assert said(found.rule) == ""


def test_steps_to_the_target_are_capped_at_the_budget():
    def value(levels, seed):
        return ("reached", 80.0) if seed == 0 else OUTCOMES[seed]

    found = endpoint(make_tables(NORM, value, seeds=6, metric="ttt/steps", steps=200), "ttt/steps")
    assert found.value[:, 0] == pytest.approx([80, 200, 200, 200, 200, np.nan], nan_ok=True)
    assert said(found.rule) == "the whole budget (200 steps)"


def test_no_run_reached_the_target_is_not_an_unknown_metric():
    tables = make_tables(NORM, lambda levels, seed: ("censored", 0.5))
    assert endpoint(tables, "ttt/steps").value == pytest.approx(200.0)
    unknown_budget = dataclasses.replace(tables, facts={})
    assert endpoint(unknown_budget, "ttt/steps").undefined.all()


def test_infinite_and_huge_stand_ins_are_not_numbers():
    found = endpoint(make_tables(NORM, lambda levels, seed: np.inf), "final/test_accuracy")
    assert found.undefined.all()


def test_chance_must_be_known_to_be_filled():
    tables = make_tables(NORM, each_outcome(), seeds=6)
    unknown = dataclasses.replace(tables, seeds=tables.seeds.drop(columns="majority_rate"))
    assert endpoint(unknown, "final/test_accuracy").undefined[3, 1]


def test_metrics_are_the_columns_that_are_neither_keys_nor_factors():
    assert metric_names(make_tables(NORM, each_outcome(), seeds=6)) == ["final/test_accuracy"]


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(UserError) as error:
        endpoint(make_tables(NORM, each_outcome(), seeds=6), "final/tset_accuracy")
    assert str(error.value) == (
        "unknown metric 'final/tset_accuracy': expected one of final/test_accuracy; nearest match: final/test_accuracy"
    )


def test_a_study_that_has_not_run_has_no_values_yet():
    tables = make_tables(NORM, lambda levels, seed: "missing")
    empty = dataclasses.replace(tables, seeds=tables.seeds.drop(columns="final/test_accuracy"))
    assert not endpoint(empty, "final/test_accuracy").ran.any()


def test_damaged_tables_are_a_failure():
    tables = make_tables(NORM, each_outcome(), seeds=6)
    twice = dataclasses.replace(tables, seeds=pd.concat([tables.seeds, tables.seeds.iloc[:1]]))
    with pytest.raises(Failure, match=r"^the seeds table holds more than one run for an arm and seed\.$"):
        endpoint(twice, "final/test_accuracy")
    stranger = dataclasses.replace(tables, planned=tables.planned.iloc[:1])
    with pytest.raises(Failure, match=r"^the seeds table holds runs of arms that are not planned: a1\.$"):
        endpoint(stranger, "final/test_accuracy")


def test_a_comparison_speaks_of_the_fill_of_its_own_arms():
    tables = make_tables(NORM, lambda v, s: "diverged" if s else 0.9)
    tables.seeds.loc[tables.seeds["norm"] == "batch", "majority_rate"] = 0.5
    found = endpoint(tables, "final/test_accuracy")
    assert said(found.rule) == "the majority rate (10 to 50 %)"
    assert said(found.rule_of([[1]])) == "the majority rate (50 %)"


@pytest.mark.parametrize(("outcome", "undefined"), [("reached", True), ("finished", True), ("unknown", True),
                                                    ("censored", False), ("stalled", False)])  # fmt: skip
def test_steps_that_are_not_told_are_no_target_missed(outcome, undefined):
    found = endpoint(make_tables(NORM, lambda levels, seed: outcome, metric="ttt/steps"), "ttt/steps")
    assert found.undefined.all() == undefined
    assert found.filled.all() != undefined


@pytest.mark.parametrize(
    ("outcome", "asked", "hit"),
    [
        ("reached", ["reached"], True),
        ("stalled", ["reached"], False),
        ("unknown", ["reached"], None),
        ("unknown", ["diverged"], None),
        ("finished", ["reached"], None),
        ("finished", ["stalled", "diverged"], None),
        ("finished", ["diverged", "crashed"], False),
        ("finished", ["reached", "censored", "stalled"], True),
        ("finished", ["finished"], True),
        ("diverged", ["finished"], False),
    ],
)
def test_what_is_known_of_an_ending(outcome, asked, hit):
    found = ended_as(make_tables(NORM, lambda levels, seed: outcome), asked)
    assert found.ran.all()
    assert found.known.all() == (hit is not None)
    assert hit is None or found.hit.all() == hit
    assert found.untargeted.all() == (outcome == "finished" and hit is None)


@pytest.mark.parametrize(
    ("asked", "hit"),
    [(["reached"], False), (["censored"], None), (["stalled"], None), (["diverged"], None),
     (["censored", "stalled", "diverged", "crashed"], True)],
)  # fmt: skip
def test_an_empty_cell_of_steps_tells_that_a_target_was_missed_and_no_more(asked, hit):
    tables = make_tables(NORM, lambda levels, seed: "censored")
    told = dataclasses.replace(
        tables, facts={arm: {**f, "outcome_from": "ttt/steps"} for arm, f in tables.facts.items()}
    )
    found = ended_as(told, asked)
    assert found.known.all() == (hit is not None)
    assert hit is None or found.hit.all() == hit
    assert ended_as(tables, asked).known.all()
