"""Settings that have the name of a metric: they make arms, and nothing is judged by them."""

import random

import pytest

from ablate.errors import UserError
from ablate.sweep.found.as_set import crossed
from tests.sweep.found_tables import done, found, runs


@pytest.mark.parametrize(
    ("name", "levels"),
    [("precision", [16, 32]), ("return", [1, 3, 5]), ("em", [0.99, 0.999]), ("dice", [0, 0.5, 1]), ("pass", [1, 2])],
)
def test_a_setting_with_the_name_of_a_metric_is_a_factor(name, levels):
    held = found(runs(**{name: levels}))
    assert {*held.study["factors"][name]} == {*levels}
    assert {claim["metric"] for claim in held.study["claims"]} == {"test_acc"}
    assert done(held)["with the name of a metric, but set"] == 1


def test_beside_another_factor_it_is_a_second_one_whatever_stands_first_in_the_file():
    held = found([{"precision": row["precision"], **row} for row in runs(norm=["none", "batch"], precision=[16, 32])])
    assert held.study["factors"] == {"norm": ["none", "batch"], "precision": [16, 32]}
    assert {claim["metric"] for claim in held.study["claims"]} == {"test_acc"}


def test_bits_are_no_metric_even_without_seeds_or_other_results():
    held = found([{key: row[key] for key in ("precision", "test_acc")} for row in runs(precision=[16, 32])])
    assert held.study["factors"] == {"precision": [16, 32]}


def test_what_was_measured_stays_a_metric():
    rows = [{**row, "precision": round(0.5 + i * 0.0137 % 0.3, 4), "hit_rate": int(row["norm"] == "batch"),
             "val_loss": 0.5} for i, row in enumerate(runs(norm=["none", "batch"]))]  # fmt: skip
    held = found(rows)
    assert {"test_acc", "precision", "hit_rate"} == {*held.study["metrics"]}
    assert list(held.study["factors"]) == ["norm"]


def test_what_is_asked_for_is_what_is_judged():
    held = found(runs(norm=["none", "batch"], precision=[16, 32]), metrics={"precision": "lower"})
    assert {claim["metric"] for claim in held.study["claims"]} == {"precision"}


def test_a_coarse_share_with_two_values_is_measured():
    coarse = [1.0, 0.99, 0.99, 1.0, 1.0, 0.99, 1.0, 0.99, 0.99, 1.0, 1.0, 1.0, 0.99, 1.0, 0.99, 0.99]
    rows = [{"train_acc": value, **row} for value, row in zip(coarse, runs(norm=["none", "batch"]), strict=True)]
    held = found(rows)
    assert list(held.study["factors"]) == ["norm"]
    assert set(held.study["metrics"]) == {"train_acc", "test_acc"}


def test_runs_whose_seed_does_nothing_keep_their_results():
    rows = [{**row, "test_acc": 0.8 if row["norm"] == "none" else 0.83} for row in runs(norm=["none", "batch"])]
    assert list(found(rows).study["metrics"]) == ["test_acc"]


def test_a_loss_that_falls_alike_in_all_runs_is_still_measured():
    rows = [{**row, "epoch": epoch, "loss": 1 / (epoch + 1), "test_acc": row["test_acc"] - 0.01 * (3 - epoch)}
            for row in runs(norm=["none", "batch"]) for epoch in range(4)]  # fmt: skip
    held = found(rows)
    assert list(held.study["factors"]) == ["norm"]
    assert len(held.table.lines) == 16


def test_values_come_with_the_same_seeds_or_do_not():
    assert crossed(["1", "1", "2", "2"], ["0", "1", "0", "1"], share=1.0)
    assert not crossed(["1", "1", "2", "3"], ["0", "1", "0", "1"], share=1.0)


def truths(name, said, **beside):
    rows = [{**row, name: said(row, i)} for i, row in enumerate(runs(norm=["none", "batch"]))]
    return [{**row, **beside} for row in rows]


def test_truth_values_of_a_result_are_ones_and_zeros():
    held = found(truths("exact_match", lambda row, i: str(i % 3 > 0)))
    assert list(held.study["factors"]) == ["norm"]
    assert held.table.column("exact_match").count("1.0") == 10
    assert "true and false of results are read as 1 and 0" in held.table.repairs
    asked = found(truths("solved", lambda row, i: str(i % 3 > 0)), metrics={"solved": "higher"})
    assert {claim["metric"] for claim in asked.study["claims"]} == {"solved"}


def test_truth_values_that_may_have_been_set_are_asked_for_unless_every_seed_has_them_alike():
    rows = [{**row, "dice": str(row["norm"] == "batch").lower()} for row in runs(norm=["none", "batch"])]
    assert list(found([{k: v for k, v in row.items() if k != "norm"} for row in rows]).study["factors"]) == ["dice"]
    uneven = truths("dice", lambda row, i: str(i % 3 > 0).lower())
    with pytest.raises(UserError, match="'dice' holds true and false: say whether it came out, --metric dice:higher"):
        found(uneven)
    assert list(found(uneven, leave_out=("dice",)).study["factors"]) == ["norm"]
    assert "dice" in found(uneven, factors=("dice",)).study["factors"]


@pytest.mark.parametrize("name", ["success", "converged", "early_stopped"])
def test_what_came_of_a_run_makes_no_arm(name):
    held = found(truths(name, lambda row, i: i != 15))
    assert list(held.study["factors"]) == ["norm"]
    assert held.table.column(name).count("false") == 1, "it is still looked at for what differs between arms"


@pytest.mark.parametrize(
    ("name", "usual", "odd", "outcome"),
    [
        ("finished", True, False, "unfinished"), ("done", 1, 0, "unfinished"), ("timed_out", False, True, "unfinished"),
        ("is_killed", "no", "yes", "unfinished"), ("oom", False, True, "crashed"), ("collapsed", 0, 1, "collapsed"),
    ],
)  # fmt: skip
def test_flags_say_how_a_run_ended(name, usual, odd, outcome):
    held = found(truths(name, lambda row, i: odd if i == 15 else usual))
    assert list(held.study["factors"]) == ["norm"]
    assert held.table.column("outcome").count(outcome) == 1


def test_a_word_for_an_ending_may_be_a_setting():
    assert list(found(runs(complete=["graph", "sparse"])).study["factors"]) == ["complete"]


@pytest.mark.parametrize("draw", range(20))
def test_small_numbers_that_came_out_make_no_arms(draw):
    rng = random.Random(draw)
    rows = [{"best_epoch": rng.choice([9, 10]), **row} for row in runs(lr=[0.1, 0.01], depth=[2, 4])]
    held = found(rows)
    assert held.study["factors"] == {"lr": [0.1, 0.01], "depth": [2, 4]}
    assert next(one for one in held.columns if one.column == "best_epoch").role == "undeclared metric"
    assert "best_epoch" in found(rows, factors=("best_epoch",)).study["factors"]


def test_numbers_that_were_set_make_arms_though_runs_are_missing_or_made_again():
    rows = runs(lr=[0.1, 0.01], depth=[2, 4])
    ragged = [row for i, row in enumerate(rows) if i not in (3, 17, 30)]
    assert set(found([*ragged, rows[0], rows[20]]).study["factors"]) == {"lr", "depth"}
    one_at_a_time = [row for row in rows if (row["lr"], row["depth"]) != (0.01, 4)]
    assert set(found(one_at_a_time).study["factors"]) == {"lr", "depth"}
    together = [row for row in rows if (row["lr"], row["depth"]) in ((0.1, 2), (0.01, 4))]
    held = found(together)
    assert list(held.study["factors"]) == ["lr"]
    assert next(one for one in held.columns if one.column == "depth").what == "follows {value}"
