"""When a grid is widened, how far, and what stays of it."""

from types import SimpleNamespace

import pandas as pd

from ablate.errors import UserError
from ablate.sweep.grids import trials
from ablate.sweep.tune import Tune
from ablate.track.tuned import join_tables
from ablate.work.widening import composes, edges_kept, kept_grids, steps_of, wider_grids

DECLARED = Tune(space={"lr": [0.1, 1.0, 10.0]}, extend=2)


def runs_of(*arms, tried=(0.1, 1.0, 10.0)):
    """Return tuning runs of arms, each given by what its seeds choose."""
    rows = [
        {"arm_id": str(number), "arm": "a", "serves": "", "metric": "m", "trial": trial, "seed": seed,
         "outcome": "finished", "score": float(value == choice), "chosen": value == choice, "lr": value}
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
    assert steps_of(DECLARED, wide) == {0: {"lr": {1: 1}}}
    both = wider_grids(DECLARED, DECLARED, runs_of([0.1, 0.1], [10.0, 10.0]), anything)
    assert both.space["lr"] == [0.01, 0.1, 1.0, 10.0, 100.0]


def test_nothing_is_widened_where_choices_lie_inside_or_one_seed_in_ten_does_not():
    assert wider_grids(DECLARED, DECLARED, runs_of([1.0] * 3), anything) is None
    assert wider_grids(DECLARED, DECLARED, runs_of([10.0] + [1.0] * 9), anything) is None
    assert wider_grids(DECLARED, DECLARED, runs_of([10.0] * 2 + [1.0] * 8), anything) is None  # 1.0 is the better one
    assert wider_grids(DECLARED, DECLARED, runs_of([10.0] * 6 + [1.0] * 4), anything) is not None


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


OWN = {"where": {"norm": "batch"}, "space": {"lr": [0.1, 1.0, 10.0], "p": [0.1, 0.2]}}
SPACES = Tune(space={"lr": [0.1, 1.0, 10.0], "l2": [0.0, 1.0]}, spaces=[OWN], extend=1)
PLACES = {"0": 0, "1": 1}


def runs_in_spaces(tune, first, second):
    """Return tuning runs of an arm of either space, in which one seed chooses these trials."""
    tables = []
    for arm, (one, chosen) in enumerate(zip(tune.each(), (first, second), strict=True)):
        rows = [
            {"arm_id": str(arm), "arm": "a", "serves": "", "metric": "m", "trial": trial, "seed": 0,
             "outcome": "finished", "score": 0.0, "chosen": values == chosen, **values}
            for trial, values in enumerate(trials(one))
        ]  # fmt: skip
        assert any(row["chosen"] for row in rows)
        tables.append(pd.DataFrame(rows))
    return join_tables(tables)


def test_a_grid_that_all_arms_have_is_widened_in_all_and_numbers_of_trials_stay_equal():
    runs = runs_in_spaces(SPACES, {"lr": 10.0, "l2": 0.0}, {"lr": 1.0, "p": 0.1})
    wide = wider_grids(SPACES, SPACES, runs, anything, places=PLACES)
    assert [space["lr"] for space in wide.every_space] == [[0.1, 1.0, 10.0, 100.0]] * 2
    assert [len(trials(one)) for one in wide.each()] == [8, 8]
    assert steps_of(SPACES, wide) == {0: {"lr": {1: 1}}, 1: {"lr": {1: 1}}}
    again = runs_in_spaces(wide, {"lr": 100.0, "l2": 0.0}, {"lr": 1.0, "p": 0.1})
    assert wider_grids(SPACES, wide, again, anything, places=PLACES) is None


def test_a_grid_that_only_some_arms_have_stays_unless_unequal_trials_are_declared():
    runs = runs_in_spaces(SPACES, {"lr": 1.0, "l2": 1.0}, {"lr": 1.0, "p": 0.2})
    assert wider_grids(SPACES, SPACES, runs, anything, places=PLACES) is None
    assert edges_kept(SPACES, runs, places=PLACES) == ("l2", "p")
    unequal = SPACES.model_copy(update={"unequal_trials": True})
    wide = wider_grids(unequal, unequal, runs, anything, places=PLACES)
    assert [space.get("l2") for space in wide.every_space] == [[0.0, 1.0, 2.0], None]
    assert [space.get("p") for space in wide.every_space] == [None, [0.1, 0.2, 0.4]]
    assert edges_kept(unequal, runs, places=PLACES) == ()


def test_grids_of_the_same_key_with_other_values_are_two():
    other = {**OWN, "space": {"lr": [1.0, 2.0, 3.0], "p": [0.1, 0.2]}}
    declared = SPACES.model_copy(update={"spaces": Tune(space=SPACES.space, spaces=[other]).spaces})
    runs = runs_in_spaces(declared, {"lr": 10.0, "l2": 0.0}, {"lr": 2.0, "p": 0.1})
    assert wider_grids(declared, declared, runs, anything, places=PLACES) is None
    assert edges_kept(declared, runs, places=PLACES) == ("lr", "p")


def test_grids_by_arm_stay_as_wide_as_they_were_run():
    def arm(norm, **levels):
        return SimpleNamespace(levels={"norm": norm, **levels})

    unequal = SPACES.model_copy(update={"unequal_trials": True})
    store = SimpleNamespace(arms=lambda name: [arm("none", lr=100.0, l2=2.0), arm("batch", lr=1.0, p=0.4)])
    assert [space["lr"][-1] for space in kept_grids(SPACES, "s", store).every_space] == [100.0, 100.0]
    assert kept_grids(SPACES, "s", store).spaces[0].space["p"] == [0.1, 0.2]
    kept = kept_grids(unequal, "s", store)
    assert (kept.space["l2"], kept.spaces[0].space["p"]) == ([0.0, 1.0, 2.0], [0.1, 0.2, 0.4])
