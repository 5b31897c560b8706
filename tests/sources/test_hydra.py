"""Jobs of a multirun that Hydra itself ran (see make_hydra.py), and what people's folders look like beside."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

import ablate
from ablate.errors import UserError
from ablate.sources.choose import source_for
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in

JOBS = Path(__file__).parent / "logs" / "hydra"


def read(address):
    return source_for(f"hydra:{address}").read(fits=lambda head: True)


def done(held):
    return {one.what.partition(":")[0]: (one.count, one.which) for one in held.done}


def accuracy(optimizer, norm, seed):
    """Return what the job of make_hydra.py wrote."""
    rng = random.Random(f"{optimizer} {norm} {seed}")
    return round(0.9 + 0.02 * (norm == "batch") + 0.005 * (optimizer == "adam") + rng.gauss(0, 0.003), 5)


def job(folder, config, results, name="results.json", overrides=()):
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text(config if isinstance(config, str) else json.dumps(config))
    (folder / ".hydra" / "overrides.yaml").write_text(json.dumps(list(overrides)))
    if results is not None:
        (folder / name).write_text(results if isinstance(results, str) else json.dumps(results))


def test_jobs_of_a_real_sweep_come_back_with_results_and_history():
    table = read(JOBS)
    assert len(table.lines) == 24
    for line in table.lines:
        run = dict(zip(table.head, line.cells, strict=True))
        arm = run["config.optimizer"], run["config.norm"], int(run["config.seed"])
        expected = "" if arm == ("adam", "batch", 2) else repr(accuracy(*arm))
        assert run["metrics.test.accuracy"] == expected
        assert len(table.curves[line.number]["metrics.val_acc"].steps) == (5 if arm == ("sgd", "none", 1) else 6)


def test_what_varies_in_them_is_found_and_an_option_is_one_factor():
    found = found_in(read(JOBS), Asked(), name="x")
    assert found.study["factors"] == {"optimizer": ["sgd", "adam"], "norm": ["none", "batch"]}
    assert {claim["metric"] for claim in found.study["claims"]} == {"test.accuracy"}
    told = done(found)
    assert told["settings that belong to the chosen option of a group"][1] == (
        "optimizer.lr, optimizer.momentum, optimizer.name"
    )
    assert told["half-written last lines"] == (1, "history.jsonl")
    assert told["not finished, or without a number"][0] == 1
    assert not any(column.startswith("config.optimizer.") for column in found.table.head)


def test_verdicts_are_those_of_a_direct_computation():
    verdicts = {v.claim_id: v for v in ablate.judge_runs(f"hydra:{JOBS}/2026-11-29/12-00-00").verdicts}
    gaps = [accuracy("sgd", "batch", seed) - accuracy("sgd", "none", seed) for seed in range(6)]
    verdict = verdicts["norm-batch-at-optimizer-sgd"]
    assert verdict.effect == pytest.approx(np.mean(gaps), abs=1e-12)
    assert all(gap > 0 for gap in gaps)


def test_what_was_swept_inside_of_an_option_is_a_setting_beside_it(tmp_path):
    shutil.copytree(JOBS, tmp_path / "jobs")
    for path in (tmp_path / "jobs").rglob("overrides.yaml"):
        path.write_text(path.read_text() + "- optimizer.lr=0.1\n")
    assert "config.optimizer.lr" in read(tmp_path / "jobs").head


@pytest.mark.parametrize(
    ("name", "text", "last"),
    [
        ("metrics.csv", "epoch,acc\n1,0.5\n2,0.75\n3,0.8", 0.75),  # the last line may be half a number
        ("metrics.csv", "epoch,acc\n1,0.5\n2,0.75\n", 0.75),
        ("metrics.jsonl", '{"acc": 0.5, "epoch": 1}\n{"acc": 0.75, "epoch": 2}\n{"acc": 0.', 0.75),
        ("metrics.jsonl", '{"acc": 0.5, "epoch": 1}\n{"acc": 0.75, "epoch": 2, "note": "a\u2028b\x85c"}\n', 0.75),
        ("results.json", '{"val": {"acc": 0.75}}', 0.75),
        ("history.json", '[{"acc": 0.5}, {"acc": 0.75}]', 0.75),
    ],
)
def test_files_of_results_have_these_forms(name, text, last, tmp_path):
    job(tmp_path / "0", {"lr": 0.1}, text, name)
    table = read(tmp_path)
    (cell,) = [line.cells[-1] for line in table.lines]
    assert float(cell) == last


def test_other_names_are_said(tmp_path):
    job(tmp_path / "0", {"lr": 0.1}, {"acc": 0.5}, "outcome_of_it.json")
    with pytest.raises(UserError, match=r"expected results.json.*the jobs hold outcome_of_it.json"):
        read(tmp_path)
    assert read(f"{tmp_path}#outcome_of_it.json").column("metrics.acc") == ["0.5"]
    with pytest.raises(UserError, match=r"no job has a file outcom_of_it.json; nearest match: outcome_of_it.json"):
        read(f"{tmp_path}#outcom_of_it.json")


def test_nothing_of_python_is_made_and_what_is_left_out_is_told(tmp_path):
    config = "lr: 0.1\nplace: !!python/object/apply:os.system ['touch made']\nbetas: !!python/tuple [0.9, 0.99]\n"
    job(tmp_path / "0", config, {"acc": 0.5})
    table = read(tmp_path)
    assert [(one.count, one.which) for one in table.done] == [(1, "place")]
    assert "config.place" not in table.head
    assert table.column("config.betas") == ["[0.9, 0.99]"]
    assert not (tmp_path / "made").exists()


def test_an_alias_that_makes_a_small_file_large_is_one_line(tmp_path):
    text = "a0: &a0 {x: 1, y: 2}\n" + "".join(f"a{i}: &a{i} {{p: *a{i - 1}, q: *a{i - 1}}}\n" for i in range(1, 30))
    job(tmp_path / "0", text, {"acc": 0.5})
    with pytest.raises(UserError, match="more than 10000 settings of one run"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("results", "name", "message"),
    [
        ("{", "results.json", "results.json is not JSON"),
        ("a,b\n1,2,3\n1,2\n", "metrics.csv", "line 2: 3 cells under 2 columns"),
        ('{"a": 1}\nx\n{"a": 1}\n', "log.jsonl", "line 2 is not JSON"),
        ("[1]", "results.json", "expected a mapping of results"),
    ],
)
def test_damage_is_one_line(results, name, message, tmp_path):
    job(tmp_path / "0", {"lr": 0.1}, results, name)
    with pytest.raises(UserError, match=message):
        read(tmp_path)


def test_bad_addresses_are_one_line(tmp_path):
    with pytest.raises(UserError, match=r"no such folder: .*hydr; nearest match: .*hydra"):
        read(JOBS.parent / "hydr")
    with pytest.raises(UserError, match=r"no jobs: expected folders with .hydra/config.yaml"):
        read(tmp_path)
    job(tmp_path / "0", "- 1\n", {"acc": 0.5})
    with pytest.raises(UserError, match="expected a mapping of settings, got list"):
        read(tmp_path)
