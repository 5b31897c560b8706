import numpy as np
import pytest

from ablate.judge.rule import judge
from ablate.judge.summary import summary
from ablate.report.ablation import ablation_table, claimed_metrics, described, means_table, other_metrics
from ablate.report.wording import plain_number, unit_of

METRIC = "final/test_accuracy"


def table_of(tables, metric):
    return ablation_table(tables, metric, described(tables, metric))


def titles(table):
    return [column.title for column in table.columns]


@pytest.fixture(scope="module")
def whole(make):
    """A study none of whose runs failed."""
    return make(stds=(0.01, 0.1), seeds=4, missing=0, figures=[])


def test_a_column_that_says_the_same_of_every_arm_is_a_sentence(whole, study):
    _, tables = whole
    table = table_of(tables, METRIC)
    assert not {"n", "diverged"} & set(titles(table))
    assert "Every arm has all its 4 seeds. No run diverged." in table.note
    assert all(len(row.cells) == len(table.columns) for row in table.rows)
    failed = table_of(study[1], METRIC)
    assert {"n", "diverged"} <= set(titles(failed))


def test_arms_on_other_data_than_the_baselines_are_not_compared_with_it(whole):
    _, tables = whole
    last = str(tables.planned["arm_id"].iloc[-1])
    facts = {arm: {**tables.facts.get(arm, {}), "dataset": "a"} for arm in tables.planned["arm_id"].astype(str)}
    facts[last]["dataset"] = "b"
    table = table_of(type(tables)(tables.study, tables.planned, tables.seeds, tables.curves, facts), METRIC)
    at = titles(table).index("to baseline (pp)")
    assert table.rows[-1].cells[at : at + 3] == ("–", "–", "–")
    assert table.rows[1].cells[at] != "–"
    assert "other data" in table.note


def test_arms_that_do_not_measure_a_metric_are_left_out(whole):
    _, tables = whole
    last = str(tables.planned["arm_id"].iloc[-1])
    seeds = tables.seeds.copy()
    seeds[METRIC] = np.where(seeds["arm_id"].astype(str) == last, np.nan, seeds[METRIC])
    table = table_of(type(tables)(tables.study, tables.planned, seeds, tables.curves, tables.facts), METRIC)
    assert len(table.rows) == len(tables.planned) - 1
    assert "Left out: 1 arm" in table.note


def test_means_side_by_side_are_those_of_the_summary(study):
    model, tables = study
    metrics = claimed_metrics(tables, judge(model, tables))
    table = means_table(tables, metrics)
    assert len(metrics) > 1
    assert means_table(tables, []) is None
    for i, metric in enumerate(metrics):
        wanted = [plain_number(mean, unit_of(tables, metric)) for mean in summary(tables, metric)["mean"]]
        assert [row.cells[len(table.columns) - len(metrics) + i] for row in table.rows] == wanted


def test_claimed_and_other_metrics_share_none(study):
    model, tables = study
    claimed = claimed_metrics(tables, judge(model, tables))
    assert METRIC in claimed
    assert not set(claimed) & set(other_metrics(tables, claimed))
