import math

import numpy as np
import pandas as pd
import pytest

from ablate.errors import UserError
from ablate.track.tuned import WORST, best_trial, filled, on_edge, run_score, tuned_facts
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
        (0.1, [0.01, 0.1, 1.0], False),
        (1.0, [0.01, 1.0, 0.1], True),
        (0.01, [0.01, 0.1, 1.0], True),
        (0.0, [0.0, 0.1, 0.2], False),  # without it: nothing lies beyond
        (0.0, [-0.1, 0.0], True),
        (True, [True, False], False),
        ("relu", ["relu", "tanh"], False),
    ],
)
def test_the_least_and_the_greatest_value_tried_are_the_edge(chosen, tried, edge):
    assert on_edge(chosen, tried) is edge


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
    assert filled(runs)["score"].tolist() == [-0.5, -0.5, -0.2]
    assert np.isnan(filled(runs.head(1))["score"]).all()
