"""A logged run is made once more; a sweep has a name of its own; what crashed is tried again."""

import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from ablate.testing.store_records import record_of, study_of
from ablate.track.local import LocalStore
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult
from ablate.work.rerunning import compare_results

SMALL = ("dataset=digits", "dataset.train_size=50", "epochs=2", "model.hidden=[8]", "batch_size=25", "seeds=2")


def test_a_named_sweep_is_kept_apart_and_its_runs_are_made_again_to_the_bit(ablate, tmp_path):
    code, out, err = ablate("--name", "rates", "-m", "optimizer.lr=0.1,0.2", *SMALL, "hydra.sweeper.report=false")
    assert (code, "rates: 4 runs in" in out) == (0, True), err
    store = LocalStore(tmp_path)
    assert [line.name for line in store.studies()] == ["rates"]
    command = store.plan("rates").command
    assert command.startswith("ablate --name rates -m optimizer.lr=0.1,0.2")
    code, out, err = ablate("rerun", "rates", "optimizer.lr=0.2", "1")
    assert (code, "optimizer.lr=0.2, seed 1" in out) == (0, True), err
    assert "matched to the bit (11 metrics, 4 curves, 450 test items; times apart)" in out
    assert len(store.seed_runs("rates")) == 4, "nothing is written"

    (run,) = [one.run_id for one in store.seed_runs("rates") if (one.arm, one.seed) == ("baseline", 0)]
    with sqlite3.connect(tmp_path / "mlruns" / "mlflow.db") as database:
        changed = "UPDATE metrics SET value = value + 0.125 WHERE run_uuid = ? AND key = 'final/test_accuracy'"
        assert database.execute(changed, (run,)).rowcount == 1
    code, out, err = ablate("rerun", run[:10])
    assert (code, "did not match: 1 difference" in err) == (1, True), err
    line = next(line for line in out.splitlines() if line.startswith("final/test_accuracy"))
    assert line.split()[-1] == "0.125"

    with sqlite3.connect(tmp_path / "mlruns" / "mlflow.db") as database:
        database.execute("UPDATE tags SET value = 'f00' WHERE run_uuid = ? AND key = 'ablate.identity'", (run,))
    code, out, err = ablate("rerun", run)
    assert (code, "makes no such run any more (baseline, seed 0): its code or its data changed" in err) == (2, True), (
        err
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--name", "quickstart", "-m", "optimizer.lr=0.1,0.2"), "that is a study's name"),
        (("--name", "../up", "optimizer.lr=0.1"), "not a plain file name"),
        (("--name",), "must be followed by a name"),
        (("rerun",), "expected a run"),
        (("rerun", "norms", "norm=none", "0", "--crashed", "norms"), "expected a run"),
        (("rerun", "norms", "norm=none", "0"), "was not made by a command that trains"),
        (("rerun", "--crashed", "norm"), "nearest match: norms"),
    ],
)
def test_what_cannot_be_run_again_or_named_is_one_line(ablate, tmp_path, words, error):
    study = study_of("norms", "k1")
    session = LocalStore(tmp_path).open(replace(study, command="ablate.Study(…)  # Python"))
    session.log_arm(study.arms[0], [record_of(study.arms[0], 0)])
    session.close("FINISHED")
    code, _, err = ablate(*words)
    assert (code, err.count("\n")) == (2, 1)
    assert error in err


def test_what_crashed_is_tried_again_by_the_study_s_own_command(ablate, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import pathlib\n\ndef train(config, seed):\n"
        "    if seed == 1 and not pathlib.Path('fixed').exists():\n        raise ValueError('boom')\n"
        "    return {'score': float(seed)}\n\ntrain.metrics = {'score': 'higher'}\n",
        encoding="utf-8",
    )
    words = ("program=function", "program.target=mine.py:train", "seeds=2")
    assert ablate(*words)[0] == 1
    assert "1 run crashed" in ablate("status", "adhoc")[1]
    (tmp_path / "fixed").touch()
    code, out, err = ablate("rerun", "--crashed", "adhoc")
    assert (code, "1 run crashed; giving its command again: ablate program=function" in out) == (0, True), err
    assert {run.outcome for run in LocalStore(tmp_path).seed_runs("adhoc")} == {"finished"}
    assert "adhoc: no run crashed" in ablate("rerun", "--crashed", "adhoc")[1]


SCRIPT = """
import argparse, json
reader = argparse.ArgumentParser()
reader.add_argument("--lr", type=float)
reader.add_argument("--seed", type=int)
given = reader.parse_args()
print(json.dumps({"acc": 0.5 + given.lr + 0.001 * given.seed}))
"""


@pytest.mark.parametrize("command", [("python", "-m", "script"), ("sh", "-c", 'cd . && python script.py "$@"', "sh")])
def test_a_command_is_given_again_word_for_word(ablate, tmp_path, command):
    (tmp_path / "script.py").write_text(SCRIPT)
    given = ("run", "lr=0.1,0.2", "seeds=6", "--metric", "acc:higher", "--no-report", "--name", "own", "--", *command,
             "--lr", "{lr}", "--seed", "{seed}")  # fmt: skip
    assert ablate(*given)[0] == 0
    code, out, err = ablate("rerun", "own", "baseline", "0")
    assert code == 0, err
    assert "matched to the bit" in out


def test_what_is_done_once_is_not_kept_with_a_sweep(ablate, tmp_path):
    (tmp_path / "fn.py").write_text("def train(lr=0.1, seed=0):\n    return 0.5 + lr + 0.001 * seed\n")
    sweep = ("fn.py:train", "lr=0.1,0.2", "seeds=6", "--metric", "value:higher", "--name", "own", "--no-report")
    assert ablate("run", *sweep, "--fresh")[0] == 0
    assert ablate("extend", *sweep, "--seeds", "1")[0] == 0
    command = LocalStore(tmp_path).plan("own").command
    assert command == (
        "ablate run fn.py:train lr=0.1,0.2 seeds=6 --metric value:higher --name own && ablate extend own --seeds 1"
    )


def test_results_are_compared_bit_by_bit_and_times_are_not():
    steps = np.array([0, 10, 20], np.int64)
    one = RunResult(
        seed=0, outcome=Outcome.CENSORED, metrics={"acc": 0.5, "seconds/training": 1.0},
        curves={"loss": Curve(steps, np.array([2.0, 1.0, np.nan]))}, test_correct=np.array([True, False]),
        arrays={"a": np.array([1.0, np.nan]), "t": np.array(["x"])},
    )  # fmt: skip
    again = RunResult(**{**vars(one), "metrics": {"acc": 0.5, "seconds/training": 9.0}})
    assert compare_results(one, again).gaps == ()
    assert compare_results(one, again).compared == {"metrics": 1, "curves": 1, "test items": 2, "arrays": 2}
    other = RunResult(**{
        **vars(one), "outcome": Outcome.STALLED, "metrics": {"acc": np.nextafter(0.5, 1), "more": 1.0},
        "curves": {"loss": Curve(steps, np.array([2.0, 1.5, np.nan]))}, "test_correct": np.array([True, True]),
        "arrays": {"a": np.array([1.0, 2.0]), "t": np.array(["y"])},
    })  # fmt: skip
    found = {gap.what: gap for gap in compare_results(one, other).gaps}
    assert list(found) == ["outcome", "acc", "more", "curve loss", "test items", "array a", "array t"]
    assert found["acc"].distance == np.nextafter(0.5, 1) - 0.5
    assert found["more"].distance is None
    assert found["curve loss"].distance == 0.5
    assert found["test items"].now == "2 right, 1 item differs"


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("ablate run lr=0.1,0.2 -- touch was-here", "the command 'touch was-here'"),
        ("ablate -m program=function program.target=os:system program.params.command='touch was-here'", "program="),
        ("ablate -m optimizer.lr=1 'hydra.sweeper.uses=[evil.py]'", "hydra.sweeper.uses"),
        ("ablate --uses evil.py -m optimizer.lr=1,2", "what --uses names"),
        ("ablate run evil.yaml", "`uses: evil.py` of evil.yaml"),
        ("ablate run evil.py:train lr=1,2", "what 'evil.py:train' names"),
        ("ablate report norms --out /tmp", "'report'"),
    ],
)
@pytest.mark.parametrize("how", [("rerun", "norms", "norm=none", "0"), ("rerun", "--crashed", "norms")])
def test_a_command_of_a_store_from_elsewhere_executes_nothing_unless_it_is_trusted(
    ablate, tmp_path, command, what, how
):
    (tmp_path / "evil.py").write_text(
        "import pathlib\n\npathlib.Path('was-here').touch()\n\ndef train(seed):\n    return 1.0\n"
    )
    (tmp_path / "evil.yaml").write_text("title: t\nuses: [evil.py]\nfactors: {norm: [none, batch]}\n")
    study = study_of("norms", "k1")
    session = LocalStore(tmp_path).open(replace(study, command=command))
    crashed = RunResult(1, Outcome.CRASHED, {}, {}, error="boom")
    session.log_arm(study.arms[0], [record_of(study.arms[0], 0), replace(record_of(study.arms[0], 1), result=crashed)])
    session.close("FINISHED")
    code, _, err = ablate(*how)
    assert (code, err.count("\n")) == (2, 1), err
    assert what in err
    assert "add --trust; nothing was executed" in err
    assert not (tmp_path / "was-here").exists()


def test_a_study_that_was_moved_runs_its_own_code_again_only_where_that_is_trusted(ablate, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    code = "def train(config, seed):\n    return {'score': float(seed)}\n\ntrain.metrics = {'score': 'higher'}\n"
    (tmp_path / "here" / "mine.py").write_text(code)
    assert ablate("program=function", "program.target=mine.py:train", "seeds=1")[0] == 0
    run = LocalStore(tmp_path / "here").seed_runs("adhoc")[0].run_id
    assert "matched to the bit" in ablate("rerun", run)[1]
    (tmp_path / "here").rename(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    code, _, err = ablate("rerun", run)
    assert (code, "would execute program=function" in err) == (2, True), err
    assert "matched to the bit" in ablate("rerun", run, "--trust")[1]
