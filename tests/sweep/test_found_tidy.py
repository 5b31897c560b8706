"""Tables with several rows for one run: a row per result, and a row per part of the data."""

import pytest

from ablate.errors import UserError
from tests.sweep.found_tables import found


def runs():
    return [{"norm": norm, "seed": str(seed), "acc": 0.9 + 0.01 * (norm == "batch") + seed / 1000}
            for norm in ("none", "batch") for seed in range(8)]  # fmt: skip


def tidy(column="metric", value="value", names=("acc", "loss")):
    return [{"norm": row["norm"], "seed": row["seed"], column: name, value: row["acc"] if name == names[0] else 3.5}
            for row in runs() for name in names]  # fmt: skip


def test_a_row_per_result_is_a_row_per_run():
    held = found(tidy())
    assert list(held.study["factors"]) == ["norm"]
    assert {claim["metric"] for claim in held.study["claims"]} == {"acc"}
    assert held.table.column("acc") == [repr(row["acc"]) for row in runs()]
    assert "a row per result is read as a row per run" in held.table.repairs


def test_a_result_of_any_name_is_read_where_it_is_asked_for_and_all_together_are_none():
    rows = tidy("measure", "score", ("points", "auc"))
    assert {claim["metric"] for claim in found(rows, metrics={"points": "higher"}).study["claims"]} == {"points"}
    with pytest.raises(
        UserError, match="'score' holds points, auc: name one of these, as in --metric points; or say --f"
    ):
        found(rows, metrics={"score": "higher"})
    assert "measure" in found(rows, metrics={"score": "higher"}, factors=("measure",)).study["factors"]


def test_a_distance_called_metric_is_a_setting():
    rows = [{**row, "metric": metric, "score": row["acc"]} for row in runs() for metric in ("cosine", "l2")]
    assert list(found(rows, metrics={"score": "higher"}).study["factors"]) == ["norm", "metric"]


def test_a_result_that_a_run_has_twice_or_that_is_a_column_is_refused():
    with pytest.raises(UserError, match="line 33: 'acc' of a run that has it already; expected a row per run and re"):
        found([*tidy(), tidy()[0]])
    with pytest.raises(UserError, match="'metric' names the result 'acc', which is a column as well"):
        found([{**row, "acc": 0.5} for row in tidy()])
    more = [{**row, "created": "2026-01-02"} for row in tidy()] + [{**row, "created": "2026-01-03"} for row in tidy()]
    assert len(found(more).table.lines) == 16


@pytest.mark.parametrize(
    ("column", "parts", "best"),
    [("split", ("train", "test"), "test"), ("phase", ("train", "val"), "val"),
     ("Split", ("Val", "Test", "Train"), "Test")],
)  # fmt: skip
def test_of_several_parts_of_the_data_test_data_count_before_others(column, parts, best):
    rows = [{**row, column: part, "acc": row["acc"] if part == best else 0.99} for row in runs() for part in parts]
    held = found(rows)
    assert list(held.study["factors"]) == ["norm"]
    assert held.table.column("acc") == [repr(row["acc"]) for row in runs()]
    assert held.done[0].what == "rows of other data are ignored"
    assert held.done[0].count == 16 * (len(parts) - 1)
    assert column in found(rows, factors=(column,)).study["factors"]
    other = next(part for part in parts if part != best)
    assert set(found(rows, where={column: other}, metrics={"acc": None}).table.column("acc")) == {"0.99"}


def test_other_levels_of_a_split_are_a_setting():
    rows = [{**row, "split": split} for row in runs() for split in ("train", "train+val")]
    assert list(found(rows).study["factors"]) == ["norm", "split"]
