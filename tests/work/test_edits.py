"""A ledger of edits: what makes a question another one, and how a ledger begins."""

import dataclasses
import json

import pytest

from ablate.errors import UserError
from ablate.sweep.found.asked import Asked, Stated
from ablate.work.edits import begun, enter, question, read

STATED = Stated({"runs": "new"}, {"runs": "base"})
OTHER = {
    Asked: {
        "factors": ("lr",), "seed": "rep", "metrics": {"acc": "higher"}, "baseline": {"lr": "0.1"},
        "where": {"data": "a"}, "leave_out": ("commit",), "by_at_least": 0.1, "target": 0.9, "repeat": "mean",
        "lost": ("preempted",), "item": "question", "unpaired": True, "stated": STATED, "early_stopping": True,
    },
    Stated: {
        "arm": {"runs": "newer"}, "against": {"runs": "old"}, "each": ("lr",), "margin": 0.1, "says": "It is better",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Asked)])
def test_every_field_of_what_is_asked_makes_another_question(name):
    assert question("runs", dataclasses.replace(Asked(), **{name: OTHER[Asked][name]})) != question("runs", Asked())


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Stated)])
def test_every_field_of_the_stated_comparison_makes_another_question(name):
    other = dataclasses.replace(STATED, **{name: OTHER[Stated][name]})
    assert question("runs", Asked(stated=other)) != question("runs", Asked(stated=STATED))


def test_the_runs_and_the_order_of_metrics_count_and_how_a_number_is_written_does_not():
    first = Asked(metrics={"a": None, "b": None}, by_at_least=1)
    assert question("runs", first) != question("other", first)
    assert question("runs", first) != question("runs", dataclasses.replace(first, metrics={"b": None, "a": None}))
    assert question("runs", first) == question("runs", dataclasses.replace(first, by_at_least=1.0))


def test_a_level_of_zero_is_refused_and_not_replaced(tmp_path):
    with pytest.raises(UserError, match="`alpha` must lie between 0 and 1, got 0"):
        begun(0.0, None)
    with pytest.raises(UserError, match="`alpha` must lie between 0 and 1, got 0"):
        enter(tmp_path / "edits.json", "x", "n", list, alpha=0.0, edits=None)
    assert not (tmp_path / "edits.json").exists()
    assert begun(None, 3).alpha == 0.05


def test_a_ledger_of_before_is_read_and_its_edits_count(tmp_path):
    edit = {"number": 1, "name": "n", "runs": "0123456789abcdef", "level": 0.005, "p": 0.001, "outcome": "supported",
            "kept": True, "time": "2026-01-01T00:00:00+00:00"}  # fmt: skip
    path = tmp_path / "edits.json"
    path.write_text(json.dumps({"version": 1, "alpha": 0.05, "edits": 10, "tried": [edit]}))
    assert read(path).tried[0].kept
    new, ledger = enter(path, question("runs", Asked()), "again", list, alpha=None, edits=None)
    assert (new.number, len(ledger.tried)) == (2, 2)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("edits", 2.5), ("edits", True), ("kept", "false"), ("kept", 1), ("level", "0.01"), ("level", 2.0), ("p", "x"),
        ("number", 2), ("outcome", "kept"), ("name", 3),
    ],
)  # fmt: skip
def test_a_ledger_with_a_value_of_another_kind_is_no_ledger(tmp_path, where, value):
    """A `kept` that is a text would be true, and raise the level of every later edit."""
    edit = {"number": 1, "name": "a", "runs": "x", "level": 0.02, "p": 0.5, "outcome": "undecided", "kept": False,
            "time": ""}  # fmt: skip
    held = {"version": 1, "alpha": 0.05, "edits": None, "tried": [edit]}
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps(held), encoding="utf-8")
    assert len(read(path).tried) == 1
    (held if where == "edits" else edit)[where] = value
    path.write_text(json.dumps(held), encoding="utf-8")
    with pytest.raises(UserError, match="is not a ledger of edits"):
        read(path)
