"""The table that a report writes is one that `ablate judge` reads: a column that names its arms is not a factor."""

import pytest

from tests.sweep.found_tables import found, runs


def named(prefix=""):
    def name(run):
        changed = [f"{key}={run[key]}" for key, first in (("lr", 0.1), ("norm", "none")) if run[key] != first]
        return ", ".join(changed) or "baseline"

    return [
        {"arm": name(run), "baseline": name(run) == "baseline", prefix + "lr": run["lr"], prefix + "norm": run["norm"],
         "seed": run["seed"], "test_acc": run["test_acc"]}
        for run in runs(lr=[0.1, 0.01], norm=["none", "batch"])
    ]  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "program.params."])
def test_a_column_that_names_the_arm_by_its_settings_is_not_a_factor(prefix):
    held = found(named(prefix))
    assert {key.rpartition(".")[2]: levels for key, levels in held.study["factors"].items()} == {
        "lr": [0.1, 0.01], "norm": ["none", "batch"]}  # fmt: skip
    assert len(held.study["claims"]) == 2
    assert {one.column for one in held.columns if one.role == "left out"} == {"arm", "baseline"}
    assert not {"arm", "baseline"} & set(held.table.head)


def test_an_arm_that_says_what_no_other_column_says_is_a_factor():
    rows = [{"arm": {"a": "baseline", "b": "wide=2"}[run["kind"]], **run} for run in runs(kind=["a", "b"])]
    assert list(found([{k: v for k, v in row.items() if k != "kind"} for row in rows]).study["factors"]) == ["arm"]
    assert "arm" in found(named(), factors=("arm",)).study["factors"]


def test_a_column_baseline_that_says_something_else_stays():
    held = found([{**run, "baseline": "old" if run["seed"] % 2 else "new"} for run in named()])
    assert "baseline" not in {one.column for one in held.columns if one.role == "left out"}


def test_an_arm_whose_name_stands_beside_other_levels_is_kept():
    """What `lr=0.01` means is not known where one of its runs says 0.1: nothing is guessed."""
    rows = named()
    odd = next(row for row in rows if row["arm"] == "lr=0.01")
    held = found([{**row, "lr": 0.1} if row is odd else row for row in rows])
    assert "arm" not in {one.column for one in held.columns if one.role == "left out"}
