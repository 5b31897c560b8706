"""Runs without a result in a table that nobody declared: whose they are, though they may not say all that was set."""

import pytest

from ablate.errors import UserError
from ablate.sources.contract import RunTable
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in
from ablate.sweep.import_endings import ending_columns
from ablate.sweep.import_rest import rest_of

SETTINGS = ({"norm": "none", "lr": 0.1}, {"norm": "none", "lr": 0.3}, {"norm": "batch", "lr": 0.1},
            {"norm": "batch", "lr": 0.3})  # fmt: skip


def rows(odd, *, seeds=8, whole=None, column="amp", state="FAILED"):
    """Return a grid with one run without a result (norm=none, lr=0.3, seed 3), that has another value in a column."""
    found = []
    for i, own in enumerate(SETTINGS):
        for seed in range(seeds):
            ended = i != 1 or seed != 3
            acc = round(0.8 + 0.02 * i + 0.001 * ((seed * 7) % 5), 4) if ended else None
            found.append({**own, "seed": seed, column: whole if ended else odd, "bleu": acc,
                          "state": "FINISHED" if ended else state})  # fmt: skip
    return found


def judged(runs, **asked):
    return found_in(RunTable.of("runs", runs), Asked(**asked), name="runs")


def claims(held):
    return [claim["id"] for claim in held.study["claims"]]


@pytest.mark.parametrize("state", ["FAILED", "KILLED", "RUNNING"])
@pytest.mark.parametrize(("whole", "odd"), [(True, None), ("true", ""), (None, "out of memory"), ("finished", "oom")])
def test_what_only_runs_without_a_result_have_makes_no_factor_and_leaves_them_in_their_arm(whole, odd, state):
    held, plain = (
        judged(rows(odd, whole=whole, state=state)),
        judged(rows(odd, whole=whole, state=state), leave_out=["amp"]),
    )
    assert list(held.study["factors"]) == ["norm", "lr"]
    assert claims(held) == claims(plain)
    assert held.study["claims"] == plain.study["claims"]
    assert held.table.lines == plain.table.lines
    told = next(one for one in held.columns if one.column == "amp")
    assert told.what == "the same in all runs that count"


def test_two_columns_that_a_failed_run_had_not_logged_make_no_factors_together():
    runs = [{**run, "sched": None if run["amp"] is None else "cosine"} for run in rows(None, whole=True)]
    assert list(judged(runs).study["factors"]) == ["norm", "lr"]


def test_an_arm_of_which_every_run_diverged_is_an_arm():
    runs = [{**own, "opt": opt, "seed": seed, "bleu": "inf" if opt == "sgd9" else 0.5 + seed / 100}
            for own in SETTINGS[:2] for opt in ("sgd", "sgd9") for seed in range(8)]  # fmt: skip
    held = judged(runs)
    assert held.study["factors"]["opt"] == ["sgd", "sgd9"]
    assert sum(cell == "diverged" for cell in held.table.column("outcome")) == 16


def test_a_column_that_is_asked_for_is_a_factor_whatever_its_runs_came_to():
    assert "amp" in judged(rows("no", whole="yes"), factors=("amp",)).study["factors"]


def test_a_run_that_failed_and_was_made_again_is_a_repeat_though_it_had_not_said_what_was_set():
    runs = rows(None, whole=True)
    again = {**runs[11], "amp": True, "bleu": 0.82, "state": "FINISHED"}
    held = judged([*runs, again])
    assert list(held.study["factors"]) == ["norm", "lr"]
    assert set(held.table.column("outcome")) <= {"", "finished"}
    assert len(held.table.lines) == 32


def test_a_failed_run_that_may_be_the_missing_one_of_several_arms_is_asked_about():
    runs = rows(True, whole=True)
    runs[11]["norm"] = None
    with pytest.raises(UserError, match=r"line 12: the run failed, and norm is empty.*seed 3 of norm=none"):
        judged(runs)
    runs[11]["state"] = "FINISHED"
    runs[11]["bleu"] = 0.8  # a run with a result says by an empty cell that there was none
    assert None in judged(runs).study["factors"]["norm"]


def test_what_ablate_logs_of_an_end_is_no_setting():
    runs = [{f"params.{name}": run[name] for name in ("norm", "lr", "seed")}
            | {"params.outcome": "crashed" if run["state"] == "FAILED" else "finished", "metrics.bleu": run["bleu"],
               "status": run["state"], "tags.ablate.outcome": "crashed" if run["state"] == "FAILED" else "finished"}
            for run in rows(True, whole=True)]  # fmt: skip
    held = judged(runs)
    assert list(held.study["factors"]) == ["norm", "lr"]
    assert {one.name for one in ending_columns(RunTable.of("runs", runs), (), ours=False)} == {
        "params.outcome", "tags.ablate.outcome", "status"
    }  # fmt: skip
    assert held.table.column("outcome").count("crashed") == 1


def test_an_outcome_that_ablate_did_not_log_stays_a_setting():
    table = RunTable.of("runs", [{"params.outcome": "mortality", "metrics.auc": 0.5}])
    assert ending_columns(table, (), ours=False) == []


@pytest.mark.parametrize("odd", ["", "none"])
def test_a_setting_that_a_failed_run_had_not_logged_differs_between_no_arms(odd):
    runs = [{"amp": "true", "wd": 0.01}] * 7 + [{"amp": odd, "wd": odd}]
    table = RunTable.of("runs", runs)
    arms, failed = ["a"] * 4 + ["b"] * 4, [False] * 7 + [True]
    rest = rest_of(table, [0, 1], arms, [*range(4), *range(4)], failed, used=[], comma=False)
    assert rest.settings == {}
    unfailed = rest_of(table, [0, 1], arms, [*range(4), *range(4)], [False] * 8, used=[], comma=False)
    assert set(unfailed.settings) == {"amp", "wd"}
