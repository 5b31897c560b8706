"""When a grid is widened, how far, and what stays of it."""

from types import SimpleNamespace

import pandas as pd

from ablate.errors import UserError
from ablate.sweep.tune import Tune
from ablate.work.widening import composes, kept_grids, steps_of, wider_grids

DECLARED = Tune(space={"lr": [0.1, 1.0, 10.0]}, extend=2)


def runs_of(*arms, tried=(0.1, 1.0, 10.0)):
    """Return tuning runs of arms, each given by what its seeds choose."""
    rows = [
        {"arm_id": str(number), "arm": "a", "serves": "", "metric": "m", "trial": trial, "seed": seed,
         "outcome": "finished", "score": 0.0, "chosen": value == choice, "lr": value}
        for number, choices in enumerate(arms)
        for seed, choice in enumerate(choices)
        for trial, value in enumerate(tried)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def anything(tune):
    return True


def test_one_arm_on_an_edge_widens_the_grid_of_all():
    wide = wider_grids(DECLARED, DECLARED, runs_of([1.0, 1.0], [10.0, 10.0]), anything)
    assert wide.space["lr"] == [0.1, 1.0, 10.0, 100.0]
    assert steps_of(DECLARED, wide) == {"lr": {1: 1}}
    both = wider_grids(DECLARED, DECLARED, runs_of([0.1, 0.1], [10.0, 10.0]), anything)
    assert both.space["lr"] == [0.01, 0.1, 1.0, 10.0, 100.0]


def test_nothing_is_widened_where_choices_lie_inside_or_one_seed_in_ten_does_not():
    assert wider_grids(DECLARED, DECLARED, runs_of([1.0] * 3), anything) is None
    assert wider_grids(DECLARED, DECLARED, runs_of([10.0] + [1.0] * 9), anything) is None
    assert wider_grids(DECLARED, DECLARED, runs_of([10.0] + [1.0] * 8), anything) is not None


def test_an_end_is_widened_as_often_as_the_study_says():
    tune, steps = DECLARED, 0
    while wide := wider_grids(DECLARED, tune, runs_of([max(tune.space["lr"])], tried=tune.space["lr"]), anything):
        tune, steps = wide, steps + 1
    assert (steps, tune.space["lr"][-1]) == (2, 1000.0)
    none = DECLARED.model_copy(update={"extend": 0})
    assert wider_grids(none, none, runs_of([10.0]), anything) is None


def test_a_value_that_an_arm_cannot_have_ends_it():
    def plan(tune):
        if max(tune.space["lr"]) > 10:
            raise UserError("lr must be at most 10")

    assert wider_grids(DECLARED, DECLARED, runs_of([10.0]), composes(plan)) is None
    lower = wider_grids(DECLARED, DECLARED, runs_of([10.0], [0.1]), composes(plan))
    assert lower.space["lr"] == [0.01, 0.1, 1.0, 10.0]


def test_a_grid_stays_as_wide_as_it_was_run():
    def store(*values):
        return SimpleNamespace(arms=lambda name: [SimpleNamespace(levels={"norm": "none", "lr": v}) for v in values])

    assert kept_grids(DECLARED, "s", store(0.1, 1.0, 10.0)) == DECLARED
    assert kept_grids(DECLARED, "s", store(0.1, 1.0, 10.0, 100.0)).space["lr"] == [0.1, 1.0, 10.0, 100.0]
    assert kept_grids(DECLARED, "s", store(100.0, 1000.0, 10000.0)).space["lr"][-1] == 1000.0
    assert kept_grids(DECLARED, "s", store(7.0)) == DECLARED
