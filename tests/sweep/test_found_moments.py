"""Which of several runs of an arm and seed is the last: by times as programs and spreadsheets write them."""

import pytest

from ablate.errors import UserError
from ablate.sweep.found.moments import moments_of
from tests.sweep.found_tables import done, found, runs


def repeated(*columns):
    """Return runs of two arms, and earlier ones of `batch` that are worse, which stand last in the file."""
    names = [name for name, _, _ in columns]
    early, late = ({name: cell for name, *own in columns for cell in [own[at]]} for at in (0, 1))
    assert len(names) == len(early)
    rows = runs(norm=["none", "batch"])
    again = [{**row, "test_acc": 0.5 + row["seed"] / 100} for row in rows if row["norm"] == "batch"]
    return [{**row, **late} for row in rows] + [{**row, **early} for row in again]


def counted(held):
    return [float(cell) > 0.85 for cell in held.table.column("test_acc")]


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ("999", "1000"),
        ("9.5e8", "1.2e9"),
        ("2026-01-01T23:00:00-05:00", "2026-01-02T05:00:00+00:00"),
        ("2026-01-02T10:00:00", "2026-01-02T10:00:00.5"),
        ("2026-01-02 11:00 AM", "2026-01-02 1:00 PM"),
        ("31.12.2025 10:00", "02.01.2026 10:00"),
        ("12/31/2025 10:00", "01/02/2026 10:00"),
        ("31/12/2025, 10:00:00", "02/01/2026, 9:00:00"),
        ("2 Feb 2026", "1 Mar 2026"),
        ("Mon, 02 Feb 2026 10:00:00 GMT", "Sun, 01 Mar 2026 10:00:00 GMT"),
        ("2026-01-02_09-30-00", "2026-01-02_10-15-00"),
        ("20251231", "20260102"),
    ],
)
def test_the_last_one_is_the_one_that_was_made_last(early, late):
    held = found(repeated(("created", early, late)))
    assert done(held)["repeats of an arm and seed"] == 8
    assert all(counted(held))


def test_of_two_columns_of_times_the_second_tells_what_the_first_does_not():
    assert all(counted(found(repeated(("date", "2026-01-02", "2026-01-02"), ("time", "9:30:00", "10:15:00")))))
    assert all(counted(found(repeated(("date", "2026-01-02", "2026-01-03"), ("time", "10:15", "9:30")))))


def test_how_long_a_run_took_is_not_when_it_was_made():
    held = found(repeated(("time", "51.2", "48.9")))
    assert [*map(bool, counted(held))].count(False) == 8, "the last ones in the file count"


@pytest.mark.parametrize(
    ("early", "late"),
    [("9:30:00", "10:15:00"), ("02/01/2026", "01/03/2026"), ("yesterday", "today"), ("", "2026-01-02 10:00"),
     ("2026-01-02 10:00", "2026-01-02T10:00:00Z")],
)  # fmt: skip
def test_times_that_do_not_tell_are_refused_where_repeats_differ(early, late):
    rows = repeated(("created", early, late))
    with pytest.raises(UserError, match=r"of norm=batch with seed 0, and which is the last cannot be told: 'cre"):
        found(rows)
    assert not all(counted(found(rows, leave_out=("created",))))
    assert done(found(rows, repeat="mean"))["repeats of an arm and seed"] == 8
    assert all(counted(found(rows[:16])))


def test_repeats_with_the_same_result_need_no_time():
    rows = [{**row, "created": "today" if i % 2 else "yesterday"} for i, row in enumerate(runs(norm=["none", "batch"]))]
    assert done(found(rows + rows))["repeats of an arm and seed"] == 16


def test_days_before_months_or_after_where_the_order_is_the_same():
    assert moments_of(["01/01/2026", "02/02/2026"]) is not None
