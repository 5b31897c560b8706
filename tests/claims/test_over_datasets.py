"""A claim over data sets: the average over these, the prediction for a new one, and no reversal hidden."""

import math

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.judge.expand import check_claims
from ablate.judge.planning import check_contradictions, check_metrics, check_seeds
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.stats.datasets import new_data_set, standard_error
from ablate.sweep.metrics import Metrics
from ablate.words.document import document_of, verdict_from
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of

from ..judge.conftest import BN, NORM, make_study, make_tables

SETS = ["letter", "mnist5k", "penbased", "satimage", "texture"]
FACTORS = {**NORM, "dataset": SETS}
THESE = {"kind": "over_datasets", **BN, "about": "these", "by_at_least": 0.01}
NEW = THESE | {"about": "new"}


def gains(*sizes, sd=0.002, seeds=12):
    noise = np.random.default_rng(4).normal(size=(len(sizes), seeds))
    by_name = {name: size + sd * noise[i] for i, (name, size) in enumerate(zip(SETS, sizes, strict=False))}
    return lambda v, s: 0.7 + (by_name[v["dataset"]][s] if v["norm"] == "batch" else 0.0)


def verdict_on(claim, *sizes, factors=FACTORS, seeds=12):
    return judge(make_study(factors, claim), make_tables(factors, gains(*sizes, seeds=seeds), seeds=seeds))[0]


def test_these_is_the_effect_averaged_over_the_data_sets():
    sizes = (0.03, 0.05, 0.02, 0.04, 0.01)
    verdict, plain = verdict_on(THESE, *sizes), verdict_on({**BN, "by_at_least": 0.01}, *sizes)
    assert (verdict.effect, verdict.p, verdict.interval_low) == (plain.effect, plain.p, plain.interval_low)
    assert verdict.outcome == "supported"
    assert [one["data_set"] for one in verdict.details["data_sets"]] == SETS
    for one, size in zip(verdict.details["data_sets"], sizes, strict=True):
        assert one["effect"] == pytest.approx(size, abs=0.002)
        assert one["low"] < one["effect"] < one["high"]


def test_new_is_judged_by_the_prediction():
    verdict = verdict_on(NEW, 0.03, 0.05, 0.02, 0.04, 0.01)
    values = gains(0.03, 0.05, 0.02, 0.04, 0.01)
    d = [np.array([values({"dataset": n, "norm": "batch"}, s) - 0.7 for s in range(12)]) for n in SETS]
    oracle = new_data_set([x.mean() for x in d], [standard_error(x) for x in d])
    assert (verdict.interval_low, verdict.interval_high) == pytest.approx(oracle.confidence_interval(0.95), rel=1e-6)
    assert verdict.p == pytest.approx(2 * oracle.below(0.01), rel=1e-6)
    assert verdict.outcome == "inconclusive"  # although each of the five effects is above 0
    assert said(verdict.advice).startswith("More data sets would narrow the interval")
    assert verdict.details["new"]["above"] == pytest.approx(oracle.above(0.01), rel=1e-6)


@pytest.mark.parametrize(
    ("sizes", "outcome", "label"),
    [
        ((0.05, 0.051, 0.049, 0.052, 0.05), "supported", ""),
        ((0.0, 0.001, -0.001, 0.0, 0.001), "refuted", "negligible"),
        ((-0.05, -0.051, -0.049, -0.052, -0.05), "refuted", "reversed"),
    ],
)
@pytest.mark.parametrize("claim", [THESE, NEW])
def test_where_data_sets_agree_both_questions_are_decided_alike(claim, sizes, outcome, label):
    verdict = verdict_on(claim, *sizes)
    assert (verdict.outcome, verdict.label) == (outcome, label)


def test_a_reversal_is_named_in_the_sentence_whatever_the_average_says():
    verdict = verdict_on(THESE, 0.06, 0.05, 0.06, -0.03, 0.07)
    assert verdict.outcome == "supported"
    assert sentence_of(verdict).endswith("It goes the other way on satimage.")
    assert "satimage −3" in said(verdict.scope)
    assert "letter" not in sentence_of(verdict).partition("goes the other way")[2]


def test_what_only_points_the_other_way_is_named_as_that():
    verdict = verdict_on(THESE, 0.06, 0.05, 0.06, -0.0005, 0.07)
    assert not any(one["reversed"] for one in verdict.details["data_sets"])
    assert sentence_of(verdict).endswith("It points the other way on satimage, which may be chance.")


def test_few_seeds_show_no_reversal_but_name_it():
    verdict = verdict_on(THESE, 0.06, 0.05, 0.06, -0.03, 0.07, seeds=6)
    assert "points the other way on satimage" in sentence_of(verdict)


def test_a_new_data_set_needs_seeds():
    verdict = verdict_on(NEW, 0.06, 0.05, 0.06, 0.05, 0.07, seeds=5)
    assert verdict.outcome == "not_tested"
    assert "from 6 pairs on" in said(verdict.reason)
    these = verdict_on(THESE, 0.06, 0.05, 0.06, 0.05, 0.07, seeds=5)
    assert "Nothing is said" in said(these.scope)


def test_other_factors_are_averaged_within_a_data_set():
    factors = {**FACTORS, "depth": [1, 2]}
    values = gains(0.03, 0.05, 0.02, 0.04, 0.01)
    tables = make_tables(factors, lambda v, s: values(v, s) + 0.01 * v["depth"] * (v["norm"] == "batch"), seeds=12)
    verdict = judge(make_study(factors, THESE), tables)[0]
    assert len(verdict.details["data_sets"]) == 5
    assert verdict.details["data_sets"][0]["effect"] == pytest.approx(0.045, abs=0.002)


def test_of_a_loss_less_is_better():
    claim = THESE | {"metric": "final/test_loss"}
    tables = make_tables(FACTORS, gains(-0.03, -0.05, -0.02, -0.04, -0.02), seeds=12, metric="final/test_loss")
    verdict = judge(make_study(FACTORS, claim), tables)[0]
    assert verdict.outcome == "supported"
    assert "lowers final/test_loss by more than 0.01" in sentence_of(verdict)


@pytest.mark.parametrize(
    ("claim", "factors", "wrong"),
    [
        (THESE | {"over": "datset"}, FACTORS, "nearest match: dataset"),
        (THESE | {"each": ["dataset"]}, FACTORS, "dataset is in `each` too"),
        (THESE, {**NORM, "dataset": ["letter"]}, "needs at least 2 data sets, got 1: letter"),
        (NEW, {**NORM, "dataset": ["letter", "texture"]}, "needs at least 3 data sets, got 2: letter, texture"),
        (NEW | {"where": {"dataset": SETS[:2]}}, FACTORS, "needs at least 3 data sets, got 2"),
        (THESE, {**NORM, "dataset": ["digits", "letter", "optdigits"]}, "digits and optdigits hold the same examples"),
        (THESE, {**NORM, "dataset": ["mnist", "mnist5k"]}, "mnist and mnist5k hold the same examples"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_planning(claim, factors, wrong):
    with pytest.raises(UserError) as error:
        check_claims(make_study(factors, claim))
    assert wrong in str(error.value)


def test_steps_to_a_target_are_refused():
    with pytest.raises(UserError, match="counts to a target"):
        check_metrics(make_study(FACTORS, THESE | {"metric": "ttt/steps"}), Metrics({}))


def test_too_few_seeds_are_refused_at_planning():
    check_seeds(make_study(FACTORS, THESE), 6)
    with pytest.raises(UserError, match="needs 6"):
        check_seeds(make_study(FACTORS, NEW), 5)


def test_two_that_predict_opposite_signs_contradict_each_other():
    swapped = THESE | {"arm": THESE["against"], "against": THESE["arm"]}
    with pytest.raises(UserError, match="contradict"):
        check_contradictions(make_study(FACTORS, THESE, swapped))
    check_contradictions(make_study(FACTORS, THESE, {**swapped, "about": "new"}))


@pytest.mark.parametrize("claim", [THESE, NEW])
@pytest.mark.parametrize("seeds", [5, 12])
def test_a_verdict_survives_its_document(claim, seeds):
    verdict = verdict_on(claim, 0.06, 0.05, 0.06, -0.03, 0.07, seeds=seeds)
    again = verdict_from(document_of(verdict))
    assert document_of(again) == document_of(verdict)
    assert sentence_of(again) == sentence_of(verdict)


def test_it_is_said_in_both_languages():
    verdict = verdict_on(NEW, 0.06, 0.05, 0.06, -0.03, 0.07)
    assert "norm=batch raises final/test_accuracy by more than 1 pp against norm=none on a new data set like these" in (
        sentence_of(verdict)
    )
    assert math.isfinite(verdict.interval_low)
    with speaking("zh"):
        assert "在 satimage 上方向相反" in sentence_of(verdict)
        assert "预期为" in said(verdict.scope)
