"""Runs of Weights & Biases: logs that the library itself wrote (see make_wandb.py), and exports of its runs table."""

import json
import math
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from ablate.errors import UserError
from ablate.sources.choose import source_for
from ablate.sources.nested import unfolded
from ablate.sources.wandb_log import read_log
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in

STORES = Path(__file__).parent / "stores"
FOLDER = STORES / "wandb"


def read(address):
    return source_for(address).read(fits=lambda head: len(head) > 1)


def found(table, **asked):
    return found_in(table, Asked(**asked), name="runs")


def test_logs_of_the_real_library_are_read_with_settings_last_values_and_how_runs_ended():
    table = read(f"wandb:{FOLDER}")
    assert len(table.lines) == 16
    row = dict(zip(table.head, table.lines[0].cells, strict=True))
    assert (row["Name"], row["config.optimizer"], row["config.model.depth"]) == ("sgd-0", "sgd", "3")
    assert float(row["summary.val/acc"]) == float(row["summary.val/best_acc.max"]) > 0.85
    assert row["summary.train.loss"] == "0.25"
    assert not [name for name in table.head if "weights" in name or "_wandb" in name]
    assert [line.cells[table.head.index("State")] for line in table.lines].count("failed") == 1
    assert table.column("State")[6] == "unfinished"
    assert table.repairs == ("logs that end in the middle of a record: the records before it count",)
    one = sorted(FOLDER.iterdir())[3]
    assert len(read(f"wandb:{one}").lines) == 1
    assert len(read(f"wandb:{STORES}").lines) == 16


def points(table, number):
    return {name: (curve.steps.tolist(), curve.values.tolist()) for name, curve in table.curves[number].items()}


def test_what_was_logged_along_a_run_is_its_curves():
    table = read(f"wandb:{FOLDER}")
    assert set(table.curves) == set(range(1, 17))
    column = table.head.index("summary.val/acc")
    for line in table.lines:
        curves = points(table, line.number)
        # The best value is kept as `summary.val/best_acc.max`, and has no curve; histograms and times are no metrics.
        assert set(curves) == {"summary.val/acc", "summary.train.loss"}
        steps, values = curves["summary.val/acc"]
        best = values[0] + 0.1
        assert steps == [0, 1, 2, 3]
        assert values == pytest.approx([best - 0.1 / 2**step for step in steps])
        assert float(line.cells[column]) == values[-1]
        assert curves["summary.train.loss"] == ([0, 1, 2, 3], [1.0, 0.5, 1 / 3, 0.25])
    made = found(table)
    assert "areas under curves, over steps that all runs have" in [one.what for one in made.done]


def test_curves_with_gaps_without_numbers_and_of_resumed_runs():
    table = read(f"wandb:{STORES / 'wandb_curves'}")
    by_name = {line.cells[table.head.index("Name")]: points(table, line.number) for line in table.lines}
    assert by_name["gaps"] == {
        "summary.train/loss": ([0, 10, 20, 30], [1.0, 1 / 11, 1 / 21, 1 / 31]),
        "summary.epoch": ([0, 10, 20, 30], [0.0, 1.0, 2.0, 3.0]),
        "summary.val.acc": ([0, 20], [0.5, 0.7]),  # a truth value and a text are no curves
    }
    assert by_name["again"] == {"summary.val.acc": ([0, 1, 2, 3], [0.3, 0.4, 0.6, 0.7])}
    ((name, (steps, values)),) = by_name["broken"].items()
    assert (name, steps, values[:2], math.isnan(values[2])) == ("summary.train/loss", [0, 1, 2], [2.0, math.inf], True)
    assert [(one.what, one.count, one.which) for one in table.done] == [
        ("points of curves written again by restarted runs: the later ones count", 1, "run again (again)"),
        ("metrics whose summary is not what was logged last: their curves are left out", 1,
         "val.acc of run broken (broken)"),
    ]  # fmt: skip


def test_what_varies_in_them_is_found():
    made = found(read(f"wandb:{FOLDER}#optimizers"))
    assert made.study["factors"] == {"optimizer": ["sgd", "adam"]}
    assert made.study["claims"][0]["metric"] == "val/acc"
    assert made.table.column("outcome").count("unfinished") == 1
    assert made.table.column("outcome").count("crashed") == 1


def test_an_export_as_the_manual_makes_it_is_the_same_runs():
    made = found(read(STORES / "wandb_export.csv"))
    assert made.table.repairs == ("columns that hold mappings are read as columns",)
    assert made.study["factors"] == {"optimizer": ["sgd", "adam"]}
    logged = found(read(f"wandb:{FOLDER}"))
    assert made.table.column("val/acc")[:3] == logged.table.column("val/acc")[:3]


def test_the_runs_table_of_the_page_is_read(tmp_path):
    head = (
        '"Name","State","Notes","User","Tags","Created","Runtime","Sweep","lr","seed","model.norm","val_acc","epoch"\n'
    )
    rows = [
        f'"run-{i}","{"crashed" if i == 3 else "finished"}","-","me","","2026-01-0{1 + i % 9}T10:00:00.000Z","12","",'
        f'"0.1","{i // 2}","{("none", "batch")[i % 2]}","{"" if i == 3 else 0.9 + i % 2 / 50 + i / 1000}","5"\n'
        for i in range(16)
    ]
    (tmp_path / "export.csv").write_text("\ufeff" + head + "".join(rows), encoding="utf-8")
    made = found(read(tmp_path / "export.csv"), lost=("crashed",))
    assert made.study["factors"] == {"model.norm": ["none", "batch"]}
    assert made.table.column("outcome").count("lost") == 1


def test_older_folders_without_a_log_are_read_from_their_files(tmp_path):
    for i in range(12):
        files = tmp_path / "wandb" / f"offline-run-20240102_0304{i:02d}-abc{i}" / "files"
        files.mkdir(parents=True)
        norm = ("none", "batch")[i % 2]
        (files / "config.yaml").write_text(
            f"wandb_version: 1\n\n_wandb:\n  desc: null\n  value: {{}}\nnorm:\n  desc: null\n  value: {norm}\n"
            f"seed:\n  desc: null\n  value: {i // 2}\n"
        )
        summary = {"val_acc": 0.9 + i % 2 / 50, "_step": 3, "_wandb": {"runtime": 3}}
        (files / "wandb-summary.json").write_text(json.dumps(summary) if i else '{"val_acc": 0.')
        (files / "wandb-metadata.json").write_text('{"git": {"commit": "abcdef"}}')
    table = read(f"wandb:{tmp_path}")
    assert set(table.column("Commit")) == {"abcdef"}
    assert table.column("summary.val_acc")[0] == ""
    assert found(table).study["factors"] == {"norm": ["none", "batch"]}
    assert table.repairs == ("logs that end in the middle of a record: the records before it count",)


def test_a_run_that_was_resumed_is_one_and_projects_are_kept_apart(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "wandb")
    first = sorted((tmp_path / "wandb").iterdir())[0]
    shutil.copytree(first, tmp_path / "wandb" / f"offline-run-20991231_000000-{first.name.rpartition('-')[2]}")
    table = read(f"wandb:{tmp_path}")
    assert len(table.lines) == 16
    assert "folders of one run are joined" in table.repairs
    old = tmp_path / "wandb" / "offline-run-20240101_000000-old" / "files"
    old.mkdir(parents=True)
    (old / "config.yaml").write_text("lr: {value: 0.1}")
    with pytest.raises(UserError, match="holds runs of 2 projects: say which with #PROJECT, one of optimizers"):
        read(f"wandb:{tmp_path}")
    assert len(read(f"wandb:{tmp_path}#optimizers").lines) == 16
    with pytest.raises(UserError, match="nearest match: optimizers"):
        read(f"wandb:{tmp_path}#optimiser")


def test_a_log_is_read_up_to_where_it_is_cut_off_or_damaged():
    data = min(FOLDER.glob("*/*.wandb")).read_bytes()
    whole = read_log(data)
    assert whole.whole
    assert whole.exit_code == 0
    for size in range(7, len(data) - 1, 97):
        part = read_log(data[:size])
        assert part.exit_code is None
        assert set(part.config) <= set(whole.config)
        for name, held in part.history.items():
            assert held.values == whole.history[name].values[: len(held.values)]
            assert len(held.steps) == len(held.values)
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 0xFF
    assert not read_log(bytes(damaged)).whole
    with pytest.raises(ValueError, match="does not begin"):
        read_log(b"something else")


def test_bad_addresses_are_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wandb").mkdir()
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    broken = tmp_path / "broken" / "offline-run-20240101_000000-x"
    broken.mkdir(parents=True)
    (broken / "run-x.wandb").write_bytes(b"PK")
    for address, message in (
        ("wandb", "expected folders offline-run-DATE-ID or run-DATE-ID"),
        ("wanbd", "no such folder, and no ENTITY/PROJECT; nearest: wandb"),
        ("a.csv", "is a file; expected a folder `wandb`, or an export by its path, a.csv"),
        ("broken", "cannot be read as a log of Weights & Biases: it does not begin"),
        ("team/project", "reading a project needs the library wandb and a key; export the runs table"),
    ):
        with pytest.raises(UserError, match=message):
            read(f"wandb:{address}")


def test_a_project_is_read_through_the_library_and_what_it_raises_is_one_line(monkeypatch):
    runs = [
        SimpleNamespace(
            id=str(i), name=f"r{i}", state="finished", created_at="2026", group=None, job_type=None, commit=None,
            config={"norm": ("none", "batch")[i % 2], "seed": i // 2},
            summary=SimpleNamespace(_json_dict={"val_acc": 0.9 + i / 1000, "_step": 2}),
        )
        for i in range(12)
    ]  # fmt: skip
    library = ModuleType("wandb")
    library.Api = lambda timeout: SimpleNamespace(runs=lambda *_, **__: runs)
    monkeypatch.setitem(sys.modules, "wandb", library)
    assert found(read("wandb:team/norms")).study["factors"] == {"norm": ["none", "batch"]}

    def no_key(timeout):
        raise RuntimeError("No API key configured.\nUse `wandb login` to log in.")

    library.Api = no_key
    with pytest.raises(UserError, match=r"No API key configured. Use `wandb login` to log in.; export the runs table"):
        read("wandb:team/norms")


def test_two_columns_that_give_one_name_are_an_error_unless_they_agree(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text('config,config.lr,acc\n"{""lr"": 0.1}",0.2,1\n')
    with pytest.raises(UserError, match=r"runs\.csv, line 2: two values are called 'config\.lr': 0\.1 and '0\.2'"):
        unfolded(source_for(path).read(fits=lambda head: True))
    path.write_text('config,config.lr,acc\n"{""lr"": 0.1}",0.1,1\n"{""lr"": 0.3}",,1\n')
    table = unfolded(source_for(path).read(fits=lambda head: True))
    assert table.column("config.lr") == ["0.1", "0.3"]
