"""Trials of Optuna: a file that Optuna itself wrote (see stores/write_optuna.py)."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ablate.errors import UserError
from ablate.sources import optuna_db
from ablate.sources.choose import source_for
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in

STORE = Path(__file__).parent / "stores" / "optuna.db"
TWO = STORE.with_name("optuna_two.db")  # see make_optuna.py


def read(address):
    return source_for(address).read(fits=lambda head: True)


def test_trials_of_the_real_library_come_back_and_nothing_is_written():
    before = hashlib.sha256(STORE.read_bytes()).hexdigest()
    table = read(f"optuna:sqlite:///{STORE}#norms")
    assert len(table.lines) == 16
    assert set(table.column("params.norm")) == {"none", "batch"}
    assert set(table.column("params.seed")) == set(map(str, range(8)))
    assert sorted(set(table.column("state"))) == ["COMPLETE", "PRUNED"]
    assert read(f"optuna:{STORE}").text == table.text
    assert hashlib.sha256(STORE.read_bytes()).hexdigest() == before


def test_what_varies_in_them_is_found():
    found = found_in(read(f"optuna:{STORE}"), Asked(), name="norms")
    assert found.study["factors"] == {"norm": ["none", "batch"]}
    assert [claim["metric"] for claim in found.study["claims"]] == ["value"]  # what the study maximizes
    assert found.study["metrics"]["value"]["better"] == "higher"
    assert found.table.column("outcome").count("unfinished") == 1
    lost = found_in(read(f"optuna:{STORE}"), Asked(lost=("PRUNED",)), name="norms")
    assert lost.table.column("outcome").count("lost") == 1


def test_every_objective_has_the_direction_of_the_study():
    table = read(f"optuna:{TWO}#two")
    assert table.better == {"values_quality": "higher", "values_latency": "lower"}
    made = found_in(table, Asked(metrics={"values_quality": None, "values_latency": None}), name="two")
    assert {name: told["better"] for name, told in made.study["metrics"].items()} == table.better
    with pytest.raises(UserError, match="the study minimizes values_latency"):
        found_in(table, Asked(metrics={"values_latency": "higher"}), name="two")


def test_pruned_trials_are_unfinished_failed_ones_count_and_waiting_ones_are_left_out():
    table = read(f"optuna:{TWO}#loss")
    assert (len(table.lines), table.better) == (16, {"value": "lower"})
    assert table.repairs == ("trials that have not begun are left out",)
    made = found_in(table, Asked(), name="loss")
    assert made.study["metrics"]["value"]["better"] == "lower"
    assert [made.table.column("outcome").count(word) for word in ("unfinished", "crashed")] == [1, 1]


def test_a_database_that_another_process_holds_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(optuna_db, "_WAIT", 0.1)
    path = tmp_path / "held.db"
    path.write_bytes(STORE.read_bytes())
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match=r"held\.db cannot be read as an Optuna study: database is locked"):
            read(f"optuna:{path}")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (f"optuna:sqlite:///{STORE}#norm", "unknown study in .*; nearest match: norms"),
        ("optuna:nothing.db", "nothing.db cannot be read: no such file"),
        ("optuna:postgresql://host/db#x", "expected a SQLite file"),
        (f"optuna:{Path(__file__)}", "cannot be read as an Optuna study"),
    ],
)
def test_bad_addresses_are_one_line(address, message):
    with pytest.raises(UserError, match=message):
        read(address)


def test_a_file_with_several_studies_asks_which(tmp_path):
    path = tmp_path / "two.db"
    path.write_bytes(STORE.read_bytes())
    with sqlite3.connect(path) as base:
        base.execute("INSERT INTO studies (study_name) VALUES ('other')")
    with pytest.raises(UserError, match="holds 2 studies: say which with #NAME, one of norms, other"):
        read(f"optuna:{path}")
    with pytest.raises(UserError, match="the study other has no trials"):
        read(f"optuna:{path}#other")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE trial_params SET distribution_json = '{\"name\": '",
        "UPDATE trial_params SET distribution_json = '[]'",
        "UPDATE trial_params SET param_value = 99 WHERE distribution_json LIKE '%Categorical%'",
        "UPDATE trial_params SET param_value = NULL",
        "DROP TABLE trial_values",
    ],
)
def test_a_damaged_study_is_one_line(damage, tmp_path):
    path = tmp_path / "damaged.db"
    path.write_bytes(STORE.read_bytes())
    with sqlite3.connect(path) as base:
        base.execute(damage)
    with pytest.raises(UserError, match=r"damaged\.db cannot be read as an Optuna study"):
        read(f"optuna:{path}#norms")
