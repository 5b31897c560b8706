"""A ledger of edits: what makes a question another one, and how a ledger begins."""

import dataclasses
import json

import pytest

from ablate.errors import UserError
from ablate.sources.contract import RunTable
from ablate.sweep.found.asked import Asked
from ablate.work.bench import Bench
from ablate.work.comparing import compare_tables, sides
from ablate.work.edits import begun, enter, question, read_ledger


def rows(gain, *, seeds=8, **more):
    """Return runs at two rates, of which each option of a command can mean others."""
    return [
        {"lr": lr, "seed": seed, "turn": 7 - seed, "test_acc": round(0.6 + gain * (1 + seed % 3) + lr + seed / 100, 6),
         "test_loss": round(0.5 - gain + seed / 50, 6), "score": seed / 10,
         "State": "failed" if seed == 7 else "finished", "majority_rate": 0.1, "commit": "a" if gain else "b", **more}
        for lr in (0.1, 0.2) for seed in range(seeds)
    ]  # fmt: skip


def asked(margin=0.01, each=(), **more):
    return Asked(**{"stated": sides(margin, each), **more})


def known(what, base=None, new=None, **more):
    base, new = rows(0.0) if base is None else base, rows(0.01, **more) if new is None else new
    tables, bench = (RunTable.of("base", base), RunTable.of("new", new)), Bench(tell=lambda event: None)
    held = compare_tables(*tables, what, bench, name="x-compared", command="")
    return question(held.judgement.study, held.found.table)


@pytest.fixture(scope="module")
def plain():
    return known(asked(seed="seed"))


@pytest.mark.parametrize(
    "what",
    [
        asked(seed="seed", metrics={"test_acc": None}), asked(seed="seed", metrics={"test_acc": "higher"}),
        asked(), asked(factors=("lr",)), asked(seed="seed", repeat="mean"), asked(seed="seed", repeat="refuse"),
        asked(seed="seed", stated=dataclasses.replace(sides(0.01, ()), says="It is not worse")),
        asked(seed="seed", lost=()), asked(seed="seed", early_stopping=True),
        asked(seed="seed", where={"majority_rate": "0.1"}),
    ],
)  # fmt: skip
def test_a_question_spelled_otherwise_is_the_same_question(plain, what):
    assert known(what) == plain


def test_the_order_of_columns_and_how_a_number_is_written_make_no_other_question(plain):
    turned = [dict(reversed(list(row.items()))) for row in rows(0.01)]
    assert known(asked(), new=turned) == plain
    loss = {"metrics": {"test_loss": None}}
    assert known(asked(None, by_at_least=1, **loss)) == known(asked(None, by_at_least=1.0, **loss))


OTHERS = {
    "another metric": asked(metrics={"test_loss": None}),
    "the other direction": asked(metrics={"test_acc": "lower"}),
    "one metric more": asked(metrics={"test_acc": None, "test_loss": None}),
    "another main metric": asked(metrics={"test_loss": None, "test_acc": None}),
    "another margin": asked(0.011),
    "better, not no worse": asked(None, by_at_least=0.01),
    "every level by itself": asked(each=("lr",)),
    "some rows": asked(where={"lr": "0.1"}),
    "other pairs": asked(seed="turn", leave_out=("seed",)),
    "no pairs": asked(unpaired=True),
    "failed runs that are lost": asked(lost=("failed",)),
    "a setting that is not looked at": asked(leave_out=("majority_rate",)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_asks_something_else_is_another_question(plain, name):
    assert known(OTHERS[name]) != plain


def test_no_two_of_these_questions_are_one(plain):
    assert len({plain, *map(known, OTHERS.values())}) == 1 + len(OTHERS)


@pytest.mark.parametrize("change", ["value", "seed", "end", "base", "setting", "more seeds"])
def test_other_runs_are_another_edit_though_the_verdict_may_be_the_same(plain, change):
    base, new = rows(0.0), rows(0.01)
    if change == "value":
        new[3]["test_acc"] += 1e-12
    elif change == "seed":
        new[3]["seed"], new[4]["seed"] = new[4]["seed"], new[3]["seed"]
    elif change == "end":
        new[3]["State"] = "failed"
    elif change == "base":
        base[3]["test_loss"] += 1e-12
    elif change == "setting":
        base, new = ([{**row, "width": 64 + row["seed"] % 2} for row in part] for part in (base, new))
    else:
        base, new = rows(0.0, seeds=9), rows(0.01, seeds=9)
    assert known(asked(), base, new) != plain


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
    assert read_ledger(path).tried[0].kept
    new, ledger = enter(path, "0" * 64, "again", list, alpha=None, edits=None)
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
    assert len(read_ledger(path).tried) == 1
    (held if where == "edits" else edit)[where] = value
    path.write_text(json.dumps(held), encoding="utf-8")
    with pytest.raises(UserError, match="is not a ledger of edits"):
        read_ledger(path)
