import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from ablate.errors import UserError
from ablate.report.tuning_csv import facts_by_arm, read_tuning_csv, tuning_csv
from ablate.track.tuned import (
    WORST,
    best_trial,
    edge_of,
    edge_sides,
    edge_values,
    fill_failures,
    having,
    join_tables,
    run_score,
    tuned_facts,
    tuned_keys,
)
from ablate.train.metric import CORE, Metric


def test_the_best_mean_over_seeds_wins_and_not_the_best_run():
    assert best_trial([[0.9, 0.1], [0.6, 0.6]], [[0.1], [1.0]]) == 1


def test_ties_go_to_the_smaller_value_whatever_the_order():
    assert best_trial([[0.5], [0.5], [0.4]], [[1.0], [0.1], [0.01]]) == 1
    assert best_trial([[0.5], [0.5]], [["tanh"], ["relu"]]) == 0  # words: the first of the grid


def test_a_failed_run_counts_as_the_worst():
    facts = {"majority_rate": 0.1, "steps": 200}
    assert run_score("diverged", math.nan, CORE["final/validation_accuracy"], facts) == 0.1
    assert run_score("crashed", math.nan, CORE["ttt/steps"], facts) == -200.0
    assert run_score("censored", math.nan, CORE["ttt/steps"], facts) == -200.0
    assert run_score("diverged", 0.3, CORE["final/validation_loss"], facts) == WORST
    percent = Metric("val", "higher", "percent", failed_counts_as="chance")
    assert run_score("diverged", 93.0, percent, facts) == 10.0
    assert run_score("crashed", 5.0, Metric("rmse", "lower", failed_counts_as=9.0), facts) == -9.0
    assert best_trial([[WORST, -0.1], [-9.0, -9.0]], [[0.1], [1.0]]) == 1


def test_where_every_trial_fails_the_one_that_fails_least_is_chosen():
    assert best_trial([[WORST, WORST], [WORST, -3.0]], [[0.1], [1.0]]) == 1
    assert best_trial([[WORST, WORST], [WORST, WORST]], [[1.0], [0.1]]) == 1


def test_less_of_a_loss_is_better():
    scores = [[run_score("reached", value, CORE["final/validation_loss"], {})] for value in (0.4, 0.2, 0.3)]
    assert best_trial(scores, [[1], [2], [3]]) == 1


def test_a_score_is_not_told_by_a_name():
    with pytest.raises(UserError, match="which way is better"):
        run_score("reached", 500.0, Metric("perplexity"), {})


@pytest.mark.parametrize(
    ("chosen", "tried", "edge"),
    [
        (0.1, [0.01, 0.1, 1.0], 0),
        (1.0, [0.01, 1.0, 0.1], 1),
        (0.01, [0.01, 0.1, 1.0], -1),
        (0.0, [0.0, 0.1, 0.2], 0),  # without it: nothing lies beyond
        (0.0, [-0.1, 0.0], 1),
        (True, [True, False], 0),
        ("relu", ["relu", "tanh"], 0),
    ],
)
def test_the_least_and_the_greatest_value_tried_are_the_edge(chosen, tried, edge):
    assert edge_of(chosen, tried) == edge


def test_facts_are_computed_from_the_runs_of_a_cell():
    rows = pd.DataFrame({
        "arm_id": "a", "arm": "baseline", "serves": "b", "metric": "m", "trial": [0, 0, 1, 1, 2, 2], "seed": [1, 2] * 3,
        "outcome": "reached", "score": [0.1, 0.2, 0.5, 0.6, 0.3, 0.3],
        "chosen": [False, False, True, True, False, False],
        "optimizer.lr": [0.1, 0.1, 1.0, 1.0, 0.01, 0.01],
    })  # fmt: skip
    assert tuned_facts(rows) == {"optimizer.lr": {"chosen": 1.0, "grid": [0.01, 0.1, 1.0], "edge": True}}


def test_figures_see_a_worthless_run_at_the_worst_value_there_is():
    runs = pd.DataFrame({"score": [WORST, -0.5, -0.2]})
    assert fill_failures(runs)["score"].tolist() == [-0.5, -0.5, -0.2]
    assert np.isnan(fill_failures(runs.head(1))["score"]).all()


def tuning(scores):
    """Return the tuning runs of one cell, of which every seed chose the best: value -> a score for each seed."""
    rows = [
        {"arm_id": "a", "metric": "m", "seed": seed, "score": one, "optimizer.lr": value,
         "chosen": one == max(each[seed] for each in scores.values())}
        for value, each in scores.items() for seed, one in enumerate(each)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("scores", "sides"),
    [
        # Three seeds of ten chose the end, but the score turns down before it: choices of a value that hardly matters.
        ({0.1: [1.0] * 10, 1.0: [3.0] * 7 + [2.0] * 3, 10.0: [2.0] * 7 + [3.0] * 3}, []),
        # It rises up to the end.
        ({0.1: [1.0] * 10, 1.0: [2.0] * 7 + [3.0] * 3, 10.0: [3.0] * 7 + [2.0] * 3}, [1]),
        # One seed of ten is noise, however well the others do there.
        ({0.1: [1.0] * 9 + [3.0], 1.0: [2.0] * 10, 10.0: [1.5] * 10}, []),
        # One choice for all.
        ({0.1: [1.0] * 4, 1.0: [2.0] * 4, 10.0: [3.0] * 4}, [1]),
        ({0.1: [3.0] * 4, 1.0: [2.0] * 4, 10.0: [1.0] * 4}, [-1]),
        # Scores that are not finite are the worst, and no better at one end than elsewhere.
        ({0.1: [WORST] * 6, 1.0: [WORST] * 3 + [1.0] * 3, 10.0: [WORST] * 2 + [2.0] + [0.5] * 3}, []),
    ],
)
def test_where_seeds_choose_for_themselves_an_edge_is_the_best_value_over_them(scores, sides):
    assert edge_sides(tuning(scores), "optimizer.lr") == sides


def test_an_edge_that_all_values_tie_with_is_none():
    rows = tuning({0.1: [0.0] * 6, 1.0: [0.0] * 6, 10.0: [0.0] * 6})
    rows["chosen"] = [seed % 3 == value for value in range(3) for seed in range(6)]  # where nothing learns
    assert edge_sides(rows, "optimizer.lr") == []


def test_tables_of_arms_with_other_keys_are_joined_and_whole_numbers_stay_whole(tmp_path):
    head = {"serves": "", "metric": "m", "trial": 0, "seed": 0, "outcome": "finished", "score": 0.5, "chosen": True}
    tables = [
        pd.DataFrame([{"arm_id": "a", "arm": "a", **head, "lr": 0.1, "width": 16}]),
        pd.DataFrame([{"arm_id": "b", "arm": "b", **head, "lr": 0.1, "p": 0.5, "kind": "x"}]),
    ]
    whole = join_tables(tables)
    assert tuned_keys(whole) == ["lr", "width", "p", "kind"]
    rows = [rows for _, rows in whole.groupby("arm_id")]
    assert [tuned_keys(own) for own in rows] == [["lr", "width"], ["lr", "p", "kind"]]
    assert repr(tuned_facts(rows[0])["width"]["chosen"]) == "16"
    assert list(having(whole, "p")["arm_id"]) == ["b"]
    assert pd.api.types.is_numeric_dtype(having(whole, "width")["width"])
    text = tuning_csv(SimpleNamespace(tuning=whole))
    assert text.splitlines()[1:] == ["a,a,,m,0,0,finished,0.5,true,0.1,16,,", "b,b,,m,0,0,finished,0.5,true,0.1,,0.5,x"]
    (tmp_path / "tuning.csv").write_text(text, encoding="utf-8")
    again = read_tuning_csv(tmp_path / "tuning.csv")
    assert tuning_csv(SimpleNamespace(tuning=again)) == text
    assert list(facts_by_arm(whole.assign(serves=whole["arm_id"]))["b"]["tuned"]) == ["lr", "p", "kind"]


def test_an_edge_is_named_by_the_values_that_lie_on_it():
    counts = [[0.1, 6], [1.0, 2], [10.0, 3]]
    found = {"chosen": 0.1, "grid": [0.01, 0.1, 1.0, 10.0], "edge": True, "counts": counts, "sides": [1]}
    assert edge_values(found) == [10.0]
    assert edge_values({"chosen": 10.0, "grid": [1.0, 10.0], "edge": True}) == [10.0]
