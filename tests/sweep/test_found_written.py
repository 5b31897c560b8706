"""How the numbers of a table are written: per cent signs, decimal commas, two scales."""

import itertools

import pytest

from ablate.errors import UserError
from ablate.sources.contract import RunTable
from ablate.sources.csv_file import read_table
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in

HEAD = ["norm", "lr", "seed", "test_acc", "val_loss"]


def written(folder, rows, *, head=HEAD):
    path = folder / "runs.csv"
    path.write_text("\n".join(";".join(row) for row in [head, *rows]) + "\n")
    return read_table(path, fits=lambda head: "seed" in head)


def grid(acc="{:.3f} %"):
    return [
        [norm, lr, str(seed), acc.format(90 + seed + 0.123 * i).replace(".", ","), f"0,{5 + i}{seed}1"]
        for i, (norm, lr) in enumerate(itertools.product(["none", "batch"], ["0,1", "0,01"])) for seed in range(6)
    ]  # fmt: skip


def found(table, **asked):
    return found_in(table, Asked(**asked), name="runs")


def test_decimal_commas_and_per_cent_signs_are_read_and_told(tmp_path):
    held = found(written(tmp_path, grid()))
    assert held.study["metrics"]["test_acc"]["unit"] == "percent"
    assert held.table.column("test_acc")[0] == "90.0"
    assert held.table.repairs == (
        "cells are separated by semicolons", "numbers have decimal commas", "numbers have per cent signs"
    )  # fmt: skip


def test_a_column_with_per_cent_signs_in_some_cells_is_refused(tmp_path):
    rows = grid()
    rows[1][3] = rows[1][3].removesuffix(" %")
    with pytest.raises(UserError, match=r"'test_acc' is '90,000 %' in line 2 and '91,000' in line 3; expected a per"):
        found(written(tmp_path, rows))
    assert list(found(written(tmp_path, rows), leave_out=("test_acc",)).study["metrics"]) == ["val_loss"]
    other = ["norm", "lr", "seed", "points", "val_loss"]  # no known name, but another number in every row
    with pytest.raises(UserError, match="expected a per cent sign in every cell"):
        found(written(tmp_path, rows, head=other))


def test_levels_may_have_signs_or_none(tmp_path):
    rows = [[{"none": "0", "batch": "50%"}[row[0]], *row[1:]] for row in grid()]
    held = found(written(tmp_path, rows, head=["sparsity", *HEAD[1:]]))
    assert held.study["factors"]["sparsity"] == ["0", "50%"]


def test_what_has_the_name_of_a_metric_is_never_a_name_of_a_run(tmp_path):
    rows = [[*row[:3], row[3].replace(" %", "±0,2"), row[4]] for row in grid()]
    with pytest.raises(UserError, match="'test_acc' has the name of a metric, so it must hold numbers, got '90,000±0"):
        found(written(tmp_path, rows))


def test_a_setting_may_have_the_name_of_a_metric(tmp_path):
    rows = [[{"none": "mse", "batch": "mae"}[row[0]], *row[1:]] for row in grid()]
    assert list(found(written(tmp_path, rows, head=["loss", *HEAD[1:]])).study["factors"]) == ["loss", "lr"]


def test_shares_on_two_scales_are_told(tmp_path):
    rows = grid("{:.3f}")
    rows[3][3] = "0,53"
    done = {one.what: (one.count, one.which) for one in found(written(tmp_path, rows)).done}
    said = "shares of at most 1 beside others above 1: all are taken as per cent, so check that none is a fraction"
    assert done[said] == (1, "test_acc: 0.53 beside 95.369")
    assert said not in {one.what for one in found(written(tmp_path, grid("{:.3f}"))).done}


@pytest.mark.parametrize("rate", ["0,1", "10 %", "10,0%"])
def test_the_share_of_the_most_frequent_class_is_read_as_metrics_are(tmp_path, rate):
    rows = [[*row, rate] for row in grid()]
    held = found(written(tmp_path, rows, head=[*HEAD, "majority_rate"]))
    assert set(held.table.column("majority_rate")) == {"0.1"}


def test_points_beside_commas_are_an_error_that_names_the_columns(tmp_path):
    rows = [[*row, "0.1"] for row in grid()]
    with pytest.raises(UserError, match=r"line 2 \(lr\) has the number '0,1' and line 2 \(majority_rate\) has '0.1'"):
        found(written(tmp_path, rows, head=[*HEAD, "majority_rate"]))


@pytest.mark.parametrize(("name", "large"), [("test_acc", 91.0), ("wer", 8.0), ("error_rate", 9.5)])
def test_an_arm_of_fractions_beside_one_of_per_cent_is_refused(name, large):
    rows = [
        {"norm": norm, "seed": str(seed), name: f"{(large + 0.1 * seed) / (100 if norm == 'none' else 1):.4f}"}
        for norm in ("none", "batch") for seed in range(8)
    ]  # fmt: skip
    with pytest.raises(UserError, match=rf"{name} is 0\.\d+ in one run and [0-9.]+ in another, which looks like"):
        found(RunTable.of("runs", rows), metrics={name: None})
    collapsed = [{**row, name: f"0.{row['seed']}1"} if row["norm"] == "none" else row for row in rows]
    assert found(RunTable.of("runs", collapsed)).study["metrics"][name]["better"]


def test_a_count_of_steps_that_holds_texts_is_refused_and_no_factor(tmp_path):
    head = ["norm", "epoch", "seed", "test_acc"]
    rows = [["none" if i % 2 else "batch", f"{i // 8 + 1}/2", str(i % 8), f"0,9{i}"] for i in range(16)]
    with pytest.raises(UserError, match="'epoch' has the name of a count of steps, so it must hold numbers, got '1/2'"):
        found(written(tmp_path, rows, head=head))
    rows = [[row[0], "warm" if row[1] == "1/2" else "decay", *row[2:]] for row in rows]
    assert "epoch" in found(written(tmp_path, rows, head=head)).study["factors"]


def test_of_steps_that_are_no_whole_numbers_the_largest_is_the_last():
    rows = [
        {"norm": norm, "seed": str(seed), "epoch": str(epoch), "test_acc": f"{0.9 + seed / 1000 - (1.9 - epoch):.4f}"}
        for norm in ("none", "batch") for seed in range(8) for epoch in (0.5, 1.9, 1.2)
    ]  # fmt: skip
    held = found(RunTable.of("runs", rows))
    assert {round(float(cell) - int(seed) / 1000, 4) for cell, seed in zip(
        held.table.column("test_acc"), held.table.column("seed"), strict=True)} == {0.9}  # fmt: skip


def test_a_result_that_never_varies_is_named():
    rows = [{"norm": norm, "seed": str(seed), "acc": "0.5"} for norm in ("none", "batch") for seed in range(8)]
    with pytest.raises(UserError, match=r"'acc' is '0\.5' in all rows: nothing to judge by; say which other column"):
        found(RunTable.of("runs", rows))


def test_one_number_written_in_two_ways_beside_texts_is_not_two_arms_unless_it_is_said():
    rows = [
        {"lr": lr, "seed": seed, "acc": 0.8 + 0.02 * at + seed / 1000}
        for at, lr in enumerate(["0.1", "0.10", "auto"]) for seed in range(8)
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"lr has the levels '0.1' and '0.10', one number beside texts"):
        found(RunTable.of("runs.csv", rows))
    assert found(RunTable.of("runs.csv", rows), factors=("lr",)).study["factors"] == {"lr": ["0.1", "0.10", "auto"]}
    numbers = [row for row in rows if row["lr"] != "auto"]
    with pytest.raises(UserError, match="no column tells arms apart"):
        found(RunTable.of("runs.csv", numbers))  # all are numbers: one level
