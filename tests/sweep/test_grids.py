"""Grids that are widened by a step."""

import pytest

from ablate.sweep.grids import can_widen, next_value, trials, widened
from ablate.sweep.tune import Range, Tune


@pytest.mark.parametrize(
    ("grid", "lower", "upper"),
    [
        ([0.01, 0.1, 1.0], 0.001, 10.0),
        ([0.01, 0.03, 0.1], 0.003, 0.3),
        ([0.0, 0.1, 0.2], -0.1, 0.4),
        ([0.0, 0.5], -0.5, 1.0),
        ([16, 64], 4, 256),
        ([1, 2], 0, 4),
        ([1.0, 0.1, 10.0], 0.01, 100.0),  # in no order
    ],
)
def test_a_step_has_the_ratio_of_the_neighbours_and_whole_numbers_stay_whole(grid, lower, upper):
    found = next_value(grid, -1), next_value(grid, 1)
    assert found == pytest.approx((lower, upper), rel=1e-9)
    assert [type(value) for value in found] == [type(grid[0])] * 2


def test_a_grid_is_widened_at_the_ends_that_are_named_and_the_earlier_trials_stay():
    tune = Tune(space={"lr": [0.1, 1.0], "l2": [0.0, 0.01]})
    wide = widened(widened(tune, "lr", 1), "lr", -1)
    assert wide.space == {"lr": [0.01, 0.1, 1.0, 10.0], "l2": [0.0, 0.01]}
    assert [trial for trial in trials(wide) if trial in trials(tune)] == trials(tune)
    assert tune.space["lr"] == [0.1, 1.0]


def test_draws_and_parts_of_a_grid_are_not_widened():
    draws = {"lr": Range(low=0.1, high=1.0)}
    assert not can_widen(Tune(space=draws, trials=4))
    assert not can_widen(Tune(space={"lr": [0.1, 1.0, 2.0]}, trials=2))
    assert can_widen(Tune(space={"lr": [0.1, 1.0]}))
