"""Each sentence that a Program must vouch for is gone from a page where it does not."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ablate.judge.rule import judge
from ablate.report.figures.heat_map import heat_map
from ablate.report.figures.reach import reach
from ablate.report.figures.render import svg
from ablate.report.metric_names import metric_title
from ablate.report.vouched import naming, vouched
from ablate.report.write import make_report
from ablate.sweep.figures import HeatMap
from ablate.train.vouched import EVERYTHING, Fact

from .alone import learning_curves

SENTENCES = {
    Fact.STREAMS: ["A seed fixes everything that is random in a run", "differ only in the component"],
    Fact.NETWORK: ["the initial weights, the order of the minibatches", "other data, networks"],
    Fact.SETTINGS: ["Every arm uses the same values", "No hyperparameter was tuned", "nothing tuned"],
    Fact.DATA: ["data: mnist5k", "on mnist5k at the levels", "data fingerprint"],
    Fact.ENDINGS: ["ten times its first loss", "the target held at two evaluations in a row", "budget ended first"],
    Fact.STEPS: ["at the last step", "optimizer steps"],
    Fact.SECONDS: ["training time"],
    Fact.MACHINE: ["cpu", "blas"],
}
RECORDED = {"cpu": "Test CPU", "blas": "openblas", "host": "here", "ablate": "0.1.0", "mlflow": "3"}


def vouching(tables, facts):
    known = {arm: {**own, "vouches": sorted(facts)} for arm, own in tables.facts.items()}
    return dataclasses.replace(tables, facts=known, study={**tables.study, "provenance": RECORDED})


def words(figure):
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg(figure)))


def text_of(study, tables):
    study = study.model_copy(update={"fixed": {"optimizer": "sgd"}})
    page = make_report(study, tables, judge(study, tables), page_too=False)["report.md"]
    with naming(tables):
        return page + words(learning_curves(tables, "train/loss"))


def said(text, phrases):
    return [phrase for phrase in phrases if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text)]


@pytest.fixture(scope="module")
def small(make):
    return make(stds=(0.01, 0.1), seeds=6, missing=0, figures=[])


def test_all_of_it_is_said_where_all_of_it_is_vouched_for(small):
    study, tables = small
    text = text_of(study, vouching(tables, EVERYTHING))
    for phrases in SENTENCES.values():
        assert said(text, phrases) == phrases


@pytest.mark.parametrize("fact", SENTENCES)
def test_what_is_not_vouched_for_is_not_said(small, fact):
    study, tables = small
    text = text_of(study, vouching(tables, EVERYTHING - {fact}))
    assert said(text, SENTENCES[fact]) == []


def test_one_arm_that_vouches_for_nothing_is_enough(small):
    study, tables = small
    tables = vouching(tables, EVERYTHING)
    last = str(tables.planned["arm_id"].iloc[-1])
    tables = dataclasses.replace(tables, facts={**tables.facts, last: {"vouches": []}})
    assert not any(vouched(tables, fact) for fact in Fact)
    text = text_of(study, tables)
    for fact in set(SENTENCES) - {Fact.DATA}:  # the data of the other arms may be named
        assert said(text, SENTENCES[fact]) == []


def test_a_store_that_says_nothing_vouches_for_nothing(small):
    _, tables = small
    assert not vouched(dataclasses.replace(tables, facts={}), Fact.SECONDS)


def test_a_value_at_the_end_is_one_at_the_last_step_only_where_there_are_steps(small):
    _, tables = small
    assert metric_title("final/test_accuracy") == "test accuracy at the last step"
    with naming(vouching(tables, [])):
        assert metric_title("final/test_accuracy") == "final test accuracy"
        assert metric_title("best/test_accuracy") == "best test accuracy"
    assert metric_title("final/test_accuracy") == "test accuracy at the last step"


def test_times_that_nobody_measured_are_neither_0_nor_shown(small):
    study, tables = small
    tables = dataclasses.replace(tables, seeds=tables.seeds.assign(seconds=float("nan")))
    text = text_of(study, tables)
    assert "training time" not in text
    assert "s / seed" not in text
    assert "0.000 s" not in text


@pytest.mark.parametrize("outcome", ["unknown", "finished"])
def test_no_map_of_success_where_nobody_knows_who_succeeded(small, outcome):
    _, tables = small
    tables = dataclasses.replace(tables, seeds=tables.seeds.assign(outcome=outcome))
    assert heat_map(tables, HeatMap(x="init.std", y="norm")) is None
    drawn = learning_curves(tables, "train/loss")
    assert "6/6" in words(drawn)


def test_a_curve_of_who_reached_the_target_ends_with_its_budget(small):
    _, tables = small
    reached = tables.seeds["outcome"] == "reached"
    tables.seeds["ttt/steps"] = (40.0 + tables.seeds["seed"]).where(reached)
    arms = list(tables.facts)
    budgets = {arm: {**facts, "steps": 60 if arm == arms[0] else 45} for arm, facts in tables.facts.items()}
    drawn = reach(dataclasses.replace(tables, facts=budgets))
    ends = {float(line.get_xdata()[-1]) for ax in drawn.figure.axes for line in ax.lines if line.get_gid() == "share"}
    assert 45.0 in ends
    assert max(ends) <= 60.0
    assert "An arm's curve ends where its budget ends." in drawn.caption
    assert "held at two" in drawn.caption
    assert "held at two" not in reach(vouching(tables, [])).caption


def test_runs_that_were_computed_differently_are_told_of(small):
    study, tables = small
    one = {"blas": {"openblas 1 Haswell": 12}, "threads": {"1": 12}}
    two = {"blas": {"openblas 1 Haswell": 8, "openblas 1 Zen": 4}, "threads": {"1": 12}}
    texts = [
        text_of(study, dataclasses.replace(tables, study={**tables.study, "arithmetic": found})) for found in (one, two)
    ]
    sentence = (
        "The runs were computed with several values of blas: openblas 1 Haswell (8 runs) and openblas 1 Zen (4 runs)"
    )
    assert [sentence in text for text in texts] == [False, True]
    assert not any("several values of threads" in text for text in texts)
