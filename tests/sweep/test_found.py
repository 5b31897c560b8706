"""A table of runs without a study: what its columns are, which rows count, and what is compared."""

import itertools
import re
from pathlib import Path

import pytest

from ablate.errors import UserError
from ablate.sweep.found import names
from ablate.sweep.study_file import parse_study
from tests.sweep.found_tables import done, found, runs


def role_of(held, column):
    return next(one for one in held.columns if one.column == column)


def outcomes(held):
    return held.table.column("outcome")


@pytest.mark.parametrize(
    ("name", "better", "unit"),
    [
        ("final/test_accuracy", "higher", "fraction"),
        ("val/top1_acc", "higher", "fraction"),
        ("summary.eval_loss", "lower", ""),
        ("test_f1_macro", "higher", "fraction"),
        ("recall@5", "higher", "fraction"),
        ("valPerplexity", "lower", ""),
        ("metrics.rouge-l", "higher", ""),
        ("hparam/test_acc", "higher", "fraction"),
        ("hparam/loss", "lower", ""),
    ],
)
def test_a_metric_is_known_by_a_name_of_the_table(name, better, unit):
    metric = names.meaning(name, [0.5])
    assert (metric.better, metric.unit) == (better, unit)


def test_the_manual_lists_every_name_that_has_a_direction():
    page = (Path(__file__).parents[2] / "docs" / "judge.md").read_text(encoding="utf-8")
    listed = re.split(r"[^a-z0-9_]+", page.partition("**Metrics whose direction is known.**")[2].partition("\n\n")[0])
    assert set(names.MEANINGS) <= set(listed)


@pytest.mark.parametrize("name", ["loss_scale", "accuracy_std", "score", "lossy", "n_accurate", "error_bars_x", "x"])
def test_no_other_name_has_a_direction(name):
    assert names.meaning(name) is None


def test_what_varies_and_is_no_seed_result_time_or_name_is_a_factor():
    rows = [
        {"Name": f"run-{i}", "Created": f"2026-11-{i + 1:02}T10:00:00", "config.norm": norm, "config.lr": lr,
         "config.epochs": 10, "config.seed": seed, "summary._step": 100 + i, "summary.test_acc": 0.9 + i / 1000,
         "config.out_dir": f"/tmp/runs/{i}/x", "config.n_params": 100 if norm == "none" else 110}
        for i, (norm, lr, seed) in enumerate(itertools.product(["none", "batch"], [0.1, 0.01], range(6)))
    ]  # fmt: skip
    held = found(rows)
    assert held.study["factors"] == {"norm": ["none", "batch"], "lr": [0.1, 0.01]}
    assert role_of(held, "config.seed").role == "seed"
    assert list(held.study["metrics"]) == ["test_acc"]
    assert role_of(held, "config.epochs").what.startswith("the same in all rows")
    assert {one.column for one in held.columns if one.role == "left out"} == {
        "Name", "Created", "config.epochs", "summary._step", "config.out_dir", "config.n_params"}  # fmt: skip
    assert [claim["id"] for claim in held.study["claims"]] == ["norm-batch", "lr-0-01"]
    parse_study(held.study, where="x")


def test_of_two_columns_that_follow_each_other_one_is_compared_and_the_other_stays_to_be_seen():
    rows = [{**run, "lr": 0.1 if run["norm"] == "none" else 0.01} for run in runs(norm=["none", "batch"])]
    held = found(rows)
    assert list(held.study["factors"]) == ["norm"]
    assert role_of(held, "lr").value == "norm"
    assert "lr" in held.table.head
    assert list(found(rows, factors=("lr",)).study["factors"]) == ["lr"]
    assert "lr" not in found(rows, leave_out=("lr",)).table.head


def test_steps_that_differ_between_arms_stay_to_be_seen():
    rows = [{**run, "epoch": 50 if run["norm"] == "none" else 90} for run in runs(norm=["none", "batch"])]
    assert "epoch" in found(rows).table.head


def test_a_result_that_repeats_by_chance_is_no_factor():
    rows = [{**run, "rating": [1, 2, 2, 1, 3, 1, 2, 3][i % 8] + i % 3} for i, run in enumerate(runs(norm=["a", "b"]))]
    assert list(found(rows).study["factors"]) == ["norm"]


def test_what_is_not_known_is_asked_for_in_one_line():
    rows = [{"norm": run["norm"], "seed": run["seed"], "score": run["test_acc"]} for run in runs(norm=["a", "b"])]
    with pytest.raises(UserError, match="which way is better is not known of score; say it with --metric score:higher"):
        found(rows)
    held = found(rows, metrics={"score": "lower"})
    assert held.study["metrics"] == {"score": {"better": "lower"}}


def test_an_empty_cell_of_a_factor_is_told():
    rows = [{**run, "norm": run["norm"] if run["norm"] != "batch" else ""} for run in runs(norm=["none", "batch"])]
    held = found(rows)
    assert held.study["factors"]["norm"] == ["none", None]
    (told,) = [one for one in held.done if "null" in one.what]
    assert (told.count, told.which) == (8, "norm")
    assert not [one for one in found(runs(norm=["none", "batch"])).done if "null" in one.what]


def test_the_baseline_is_that_of_most_runs_and_says_why():
    ofat = [
        run for run in runs(lr=[0.1, 0.01, 1.0], norm=["none", "batch"]) if run["lr"] == 0.1 or run["norm"] == "none"
    ]
    held = found(ofat)
    assert held.base.levels == {"lr": 0.1, "norm": "none"}
    assert held.base.why["lr"] == "the level of most runs"
    assert held.study["design"][0]["kind"] == "listed"
    assert found(ofat, baseline={"lr": "0.01"}).base.levels == {"lr": 0.01, "norm": "none"}
    with pytest.raises(UserError, match="unknown --baseline lr '3'"):
        found(ofat, baseline={"lr": "3"})


def test_one_run_more_makes_no_baseline():
    grid = runs(lr=[0.01, 0.1], norm=["batch", "none"])
    base = found([*grid, {"lr": 0.1, "norm": "batch", "seed": 8, "test_acc": 0.9}]).base
    assert base.levels == {"lr": 0.01, "norm": "none"}
    assert base.why["lr"] == "about as many runs as others, and the first in the file"
    assert base.why["norm"] == "about as many runs as others, and the level that means without"
    assert found(runs(dropout=[0.1, 0, 0.5], norm=["batch", "none"])).base.levels == {"dropout": 0, "norm": "none"}


def test_a_level_of_clearly_most_runs_is_the_baseline_whatever_its_name():
    rows = runs(norm=["none", "batch"])
    more = [{**run, "seed": run["seed"] + 8} for run in rows if run["norm"] == "batch"][:3]
    base = found([*rows, *more]).base
    assert (base.levels, base.why["norm"]) == ({"norm": "batch"}, "the level of most runs")


def test_a_lost_run_an_unfinished_one_and_a_failed_one_are_three_things():
    rows = [{**run, "State": "finished"} for run in runs(norm=["none", "batch"])]
    rows[0]["State"], rows[1]["State"], rows[2]["State"] = "crashed", "killed", "failed"
    held = found(rows, lost=("crashed",))
    assert outcomes(held)[:4] == ["lost", "unfinished", "crashed", "finished"]
    assert done(held)["runs used"] == 14
    with pytest.raises(UserError, match="unknown --lost 'oom'") as wrong:
        found(rows, lost=("oom",))
    assert "expected one of crashed, failed, killed" in str(wrong.value)  # a good end would drop all other runs


def test_runs_that_are_lost_are_named_as_the_file_does_or_as_ablate_does_and_never_by_a_good_end():
    rows = [{**run, "status": "FINISHED"} for run in runs(norm=["none", "batch"])]
    with pytest.raises(UserError, match="no run in the file is marked as failed or unfinished") as wrong:
        found(rows, lost=("crashed",))
    assert "FINISHED" not in str(wrong.value)
    rows[0]["status"] = "FAILED"
    for word in ("crashed", "FAILED"):
        assert outcomes(found(rows, lost=(word,)))[:2] == ["lost", "finished"]


def test_a_run_without_the_judged_number_is_not_finished_and_one_with_an_infinite_number_diverged():
    rows = runs(norm=["none", "batch"])
    rows[0]["test_acc"], rows[1]["test_acc"] = None, "inf"
    assert outcomes(found(rows))[:3] == ["unfinished", "diverged", ""]


def test_blanks_in_other_metrics_cost_no_run():
    rows = [
        {**run, "val_loss": None if i == 3 else 0.1 + i / 100} for i, run in enumerate(runs(norm=["none", "batch"]))
    ]
    held = found(rows)
    assert done(held) == {"runs used": 16}
    assert list(held.study["metrics"]) == ["test_acc"]


@pytest.mark.parametrize(("rule", "value"), [("last", "0.5"), ("mean", "0.7")])
def test_repeats_count_by_a_stated_rule_and_show_their_spread(rule, value):
    rows = runs(norm=["none", "batch"])
    rows[0]["test_acc"] = 0.9
    held = found([*rows, {**rows[0], "test_acc": 0.5}], repeat=rule)
    assert held.table.column("test_acc")[0] == value
    (told,) = [one for one in held.done if one.what.startswith("repeats")]
    assert (told.count, told.which) == (1, "test_acc: standard deviation 0.283")


def test_repeats_can_be_refused_and_the_last_is_the_one_made_last():
    rows = [{**run, "created_at": f"2026-01-{i + 1:02}"} for i, run in enumerate(runs(norm=["none", "batch"]))]
    again = {**rows[0], "test_acc": 0.5, "created_at": "2025-12-31"}
    with pytest.raises(UserError, match=r"lines 1, 17 are runs of norm=none with seed 0"):
        found([*rows, again], repeat="refuse")
    assert found([*rows, again]).table.column("test_acc")[0] == "0.9"


def test_a_row_per_step_is_a_run_by_its_last_step():
    rows = [{**run, "step": step, "test_acc": run["test_acc"] - 0.1 * (3 - step)}
            for run in runs(norm=["none", "batch"]) for step in (1, 2, 3)]  # fmt: skip
    held = found(rows)
    assert done(held)["rows were earlier steps of a run"] == 32
    assert done(held)["runs used"] == 16


def test_seeds_that_only_one_arm_has_are_in_no_pair():
    held = found([run for run in runs(n=10, norm=["none", "batch"]) if run["norm"] == "none" or run["seed"] < 8])
    assert done(held) == {"runs used": 18, "runs whose seed no other arm has": 2, "not there": 2}
    assert outcomes(held).count("unplanned") == 2
    assert held.study["claims"][0]["kind"] == "difference"


def test_no_run_is_missing_where_runs_are_in_no_pairs():
    rows = [run for run in runs(n=10, norm=["none", "batch"]) if run["norm"] == "none" or run["seed"] < 8]
    held = found(rows, unpaired=True)
    assert "not there" not in done(held)
    assert len(held.table.lines) == 18
    assert "missing" not in outcomes(held)


def test_without_seeds_runs_are_not_paired():
    rows = [{name: value for name, value in run.items() if name != "seed"} for run in runs(norm=["none", "batch"])]
    held = found(rows[:-1])
    assert held.study["claims"][0]["kind"] == "difference_unpaired"
    assert held.table.column("seed")[:3] == ["0", "1", "2"]
    assert found(runs(norm=["none", "batch"]), unpaired=True).study["claims"][0]["kind"] == "difference_unpaired"
    other = [{**run, "seed": run["seed"] + 100 * (run["norm"] == "batch")} for run in runs(norm=["none", "batch"])]
    assert found(other).study["claims"][0]["kind"] == "difference_unpaired"


def test_cells_with_other_seeds_are_compared_each_by_itself():
    rows = [
        {**run, "seed": run["seed"] + 50 * (run["data"] == "b")}
        for run in runs(norm=["none", "batch"], data=["a", "b"])
    ]
    held = found(rows, factors=("norm",))
    assert [claim.get("where") for claim in held.study["claims"] if "norm" in claim["arm"]] == [
        {"data": ["a"]}, {"data": ["b"]}]  # fmt: skip


def test_rows_of_other_data_can_be_passed_over():
    rows = [{**run, "lr": run["lr"]} for run in runs(norm=["none", "batch"], lr=[0.1, 0.01])]
    held = found(rows, where={"lr": "0.10"})
    assert list(held.study["factors"]) == ["norm"]
    assert done(held)["other rows ignored, as asked"] == 16
    with pytest.raises(UserError, match="unknown --where lr '7'"):
        found(rows, where={"lr": "7"})


def test_per_cents_truth_values_and_quoted_numbers_are_read():
    rows = [{"bn": str(run["bn"]).upper(), "seed": f"{run['seed']}.0", "test_acc": f"{100 * run['test_acc']:.2f}%"}
            for run in runs(bn=[False, True])]  # fmt: skip
    held = found(rows)
    assert held.study["factors"] == {"bn": [False, True]}
    assert held.study["metrics"]["test_acc"]["unit"] == "percent"
    assert held.table.column("test_acc")[0] == "90.0"


def test_columns_that_are_asked_for_and_not_there_are_named():
    rows = runs(norm=["none", "batch"])
    for asked in ({"factors": ("nrom",)}, {"metrics": {"nrom": None}}, {"seed": "nrom"}, {"leave_out": ("nrom",)}):
        with pytest.raises(UserError, match=r"no column 'nrom' for --.*; nearest: norm"):
            found(rows, **asked)


def test_a_table_in_which_nothing_comes_back_is_refused():
    rows = [{"params.lr": 0.1 + i / 100, "seed": i % 3, "test_acc": 0.9 + i / 1000} for i in range(12)]
    with pytest.raises(UserError, match="no column tells arms apart"):
        found(rows)


def test_that_levels_are_compared_in_every_cell_alone_is_said():
    rows = runs(6, norm=["none", "batch"], lr=[0.1, 0.01])
    assert "comparisons in one cell each" not in done(found(rows))
    rows[0] = {**rows[0], "test_acc": None, "outcome": "lost"}
    rows[1:] = [{**row, "outcome": "finished"} for row in rows[1:]]
    held = found(rows)
    assert done(held)["comparisons in one cell each"] == len(held.study["claims"]) == 4


def test_of_settings_in_the_names_of_runs_is_said_how_they_are_read():
    rows = [{"run": f"bn_lr0.{i % 2}_s{i}", "test_acc": 0.9 + i / 1000} for i in range(12)]
    with pytest.raises(UserError, match=r"names of runs \(bn_lr0.0_s0\) are not taken apart: name folders lr="):
        found(rows)


def test_columns_that_may_tell_arms_apart_are_named():
    rows = [row for i, row in enumerate(runs(5, depth=[2, 4, 8])) if i not in (10, 12)]
    assert list(found(rows, factors=("depth",)).study["factors"]) == ["depth"]
    with pytest.raises(UserError, match=r"say which with --factor NAME; perhaps depth \(2, 4, 8\)$"):
        found([row for row in rows if row["depth"] != 8 or row["seed"] > 2] + [{**rows[0], "depth": 8, "seed": 9}])


def test_a_result_that_most_runs_lack_is_named_where_nothing_can_be_compared():
    rows = [{**row, "val_acc": row["test_acc"], "test_acc": row["test_acc"] if row["norm"] == "batch" else ""}
            for row in runs(norm=["none", "batch"])]  # fmt: skip
    with pytest.raises(UserError, match="8 of 16 runs have no test_acc, --metric names another result"):
        found(rows)
    assert found(rows, metrics={"val_acc": None}).study["claims"]


def test_a_saved_study_is_read_as_what_was_judged(tmp_path):
    from ablate.sweep.found.saved import study_text
    from ablate.sweep.study_file import load_study

    levels = ["010", "1:10", "1e3", "none", "true", 'say "no": {x}', "# a"]
    rows = [run for run in runs(n=7, code=levels, bn=[False, True]) if run["code"] == "010" or not run["bn"]]
    held = found(rows, by_at_least=0.001)
    path = tmp_path / "mine.yaml"
    path.write_text(study_text(held, path, "ablate judge runs"), encoding="utf-8")
    assert load_study(str(path)).model_dump() == parse_study(held.study, where="x").model_dump()


LR, NORM = "params.program.params.lr", "params.program.params.norm"


def own_runs(**more):
    """Return runs of a function of one's own as a store of ablate names their columns."""
    tag = "tags.ablate.level.program.params.lr"
    return [{LR: run["lr"], NORM: run["norm"], tag: run["lr"], **more, **{k: run[k] for k in ("seed", "test_acc")}}
            for run in runs(lr=[0.1, 0.01], norm=["none", "batch"])]  # fmt: skip


@pytest.mark.parametrize("name", ["lr", "params.lr", "program.params.lr", LR])
def test_a_factor_is_meant_by_its_short_name_and_by_every_longer_one(name):
    held = found(own_runs(), factors=(name,), baseline={name: "0.01"}, where={"norm": "batch"})
    assert held.study["baseline"] == {"program.params.lr": 0.01}
    assert held.study["factors"] == {"program.params.lr": [0.01, 0.1]}
    assert len(held.table.lines) == 16


def test_a_short_name_of_several_columns_is_one_error_that_lists_them():
    rows = [{**run, "params.schedule.lr": plan} for run in own_runs() for plan in ("cosine", "flat")]
    both = f"may mean {LR} or params.schedule.lr; give one in full"
    for asked in ({"factors": ("lr",)}, {"where": {"lr": "0.1"}}, {"leave_out": ("lr",)}):
        with pytest.raises(UserError, match=re.escape(f"{option(asked)} lr {both}")):
            found(rows, **asked)
    with pytest.raises(UserError, match=r"--baseline lr may mean program\.params\.lr or schedule\.lr; "):
        found(rows, baseline={"lr": "0.1"})
    held = found(rows, baseline={"params.schedule.lr": "flat"})
    assert held.study["baseline"]["schedule.lr"] == "flat"


def option(asked):
    return {"factors": "--factor", "where": "--where", "leave_out": "--leave-out"}[next(iter(asked))]


def test_one_factor_cannot_be_given_two_baselines_under_two_names():
    with pytest.raises(UserError, match=r"--baseline program\.params\.lr: program\.params\.lr is named twice"):
        found(own_runs(), baseline={"lr": "0.1", "program.params.lr": "0.01"})
    with pytest.raises(UserError, match=r"unknown --baseline 'lrr': expected one of lr, norm; nearest match: lr"):
        found(own_runs(), baseline={"lrr": "0.1"})
