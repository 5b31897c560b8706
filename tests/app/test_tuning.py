"""Tuning, choosing and judging from the command line."""

import csv
import json

import pytest

from ablate.sweep.study_file import load_study
from ablate.track.read import read_study
from ablate.words.document import document_of

from ..report.alone import recompute

STUDY = """
title: A fair study
fairness: both
fixed: {dataset: digits, dataset.train_size: 100, epochs: 4, model.hidden: [8], batch_size: 20, init: xavier,
        optimizer.lr: 0.3}
factors: {activation: [sigmoid, relu]}
tune: {space: {optimizer.lr: [0.001, 0.3, 3.0, 1000.0]}, seeds: 2}
seeds: 7
claims:
  - {id: better, says: ReLU ends better, metric: final/test_accuracy, arm: {activation: relu},
     against: {activation: sigmoid}, each: fairness, by_at_least: 0.005, gates: [{kind: tuning_edge}]}
"""


@pytest.fixture
def study(tmp_path):
    """Write a study file; what it is called with replaces text in it. Few seeds decide no claim: it may have none."""

    def write(*, claims=True, **changes):
        text = STUDY if claims else STUDY.partition("claims:")[0]
        for old, new in changes.values():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "studies").mkdir(exist_ok=True)
        (tmp_path / "studies" / "fair.yaml").write_text(text, encoding="utf-8")

    write()
    return write


def stored(folder, name):
    return [
        json.loads(p.read_text(encoding="utf-8")) for p in (folder / "mlruns").rglob(f"{name}/*/artifacts/plan.json")
    ]


def test_a_study_is_tuned_chosen_and_judged_in_one_go_and_resumes(ablate, study, tmp_path):
    study(claims=False)
    code, out, _ = ablate("plan", "fair", "seeds=2")
    assert code == 0
    assert "fair-tuning: 2 arms x 4 trials x 2 seeds = 16 runs, seeds 10000 to 10001 that judge nothing" in out
    assert "known when its trials are done" in out
    assert out.count("estimate:") == 2
    assert not (tmp_path / "mlruns").exists()

    code, out, _ = ablate("run", "fair", "--no-report", "--jobs", "1", "seeds=2")
    assert code == 0
    assert "fair-tuning: 16 runs" in out
    assert "activation=relu: optimizer.lr=0.3" in out

    (record,) = stored(tmp_path, "fair")
    tuned = {arm["label"]: arm["facts"] for arm in record["arms"] if arm["levels"]["fairness"] == "tuned"}
    assert tuned["fairness=tuned"]["tuned"]["optimizer.lr"] == {
        "chosen": 3.0, "grid": [0.001, 0.3, 3.0, 1000.0], "edge": False
    }  # fmt: skip
    assert tuned["fairness=tuned"]["tuning"]["fixed"] == {"optimizer.lr": 0.3}
    # ReLU is tuned to the fixed value: the tuned arm has the fixed arm's runs, trained and stored once.
    same = tuned["activation=relu, fairness=tuned"]["same_as"]
    assert "fair: 6 runs" in out
    tables = read_study(tmp_path, "fair")
    assert len(tables.seeds) == 8
    assert (tables.seeds["outcome"] != "missing").all()
    assert tables.seeds["identity"].nunique() == 6
    assert set(tables.curves["arm_id"]) == set(tables.planned["arm_id"]) > {same}

    code, out, _ = ablate("run", "fair", "--no-report", "--jobs", "1", "seeds=2")
    assert "nothing to do, all 6 runs are finished" in out
    assert "fair-tuning:" not in out
    code, out, _ = ablate("plan", "fair", "seeds=2")
    assert "nothing to do: every run is finished" in out
    assert "4 arms x 2 seeds = 6 runs (1 tuned to the fixed values" in out

    # More seeds and values: only what is new is trained.
    study(claims=False, seeds=("seeds: 2", "seeds: 3"), space=("3.0, 1000.0", "1.0, 3.0, 1000.0"))
    code, out, _ = ablate("run", "fair", "--no-report", "--jobs", "1", "seeds=2")
    assert "fair-tuning: 14 runs" in out
    assert "16 finished before" in out


def test_a_choice_on_the_edge_fails_the_gate_and_the_committed_files_recompute_the_verdict(ablate, study, tmp_path):
    study(space=("[0.001, 0.3, 3.0, 1000.0]", "[0.001, 0.3]"))
    code, out, _ = ablate("run", "fair", "--jobs", "1")
    assert code == 0
    assert "(on the edge of what was tried: optimizer.lr)" in out
    folder = tmp_path / "reports" / "fair"
    verdicts = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["verdicts"]
    found = {v["claim_id"]: v for v in verdicts}
    (edge,) = found["better[fairness=tuned]"]["gates"]
    assert edge["passed"] is False
    assert "optimizer.lr=0.3" in edge["why"]
    assert found["better[fairness=tuned]"]["outcome"] in ("inconclusive", "not_tested")
    assert found["better[fairness=fixed]"]["gates"][0]["passed"] is True
    again = [document_of(verdict) for verdict in recompute(folder / "runs.csv", load_study("fair"))]
    assert again == verdicts
    rows = list(csv.DictReader((folder / "tuning.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 2 * 2 * 2
    # Both arms are tuned to the fixed values: the tuned arms have the fixed arms' runs.
    page = (folder / "report.md").read_text(encoding="utf-8")
    for text in (
        "A better value may lie beyond", "28 planned", "14 runs of them are in two rows", "· 14 runs ·",
        "### Fixed against tuned", "one training serves the fixed and the tuned arm", "Every arm was run twice",
    ):  # fmt: skip
        assert text in page


def test_a_sweep_of_ones_own_is_tuned_from_the_command_line_and_sees_no_test_data(ablate, tmp_path):
    small = ("dataset=digits", "dataset.train_size=50", "epochs=1", "model.hidden=[8]", "batch_size=25", "seeds=1")
    sweep = ("-m", "activation=relu,tanh", *small, "hydra.sweeper.report=false", "hydra.sweeper.n_jobs=1")
    code, out, _ = ablate(*sweep, "tune={optimizer.lr:[0.01,0.1,1.0],seeds:2}")
    assert code == 0
    assert "adhoc-tuning: 12 runs" in out
    (record,) = stored(tmp_path, "adhoc")
    assert record["definition"]["fairness"] == "tuned"
    assert "'tune={space:{optimizer.lr:[0.01,0.1,1.0]},seeds:2}'" in record["command"]
    overrides = [p.read_text(encoding="utf-8") for p in tmp_path.rglob(".hydra/overrides.yaml")]
    assert all("optimizer.lr=" in text for text in overrides)

    tuning, judged = read_study(tmp_path, "adhoc-tuning"), read_study(tmp_path, "adhoc")
    assert not [name for name in tuning.seeds.columns if "test" in name]
    assert not list((tmp_path / "mlruns" / "artifacts" / "adhoc-tuning").rglob("test_correct.npz"))
    assert set(tuning.seeds["seed"]) == {10_000, 10_001}
    assert (set(judged.seeds["seed"]), len(judged.planned)) == ({0}, 2)
    assert "final/test_accuracy" in judged.seeds


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("tune={optimizer.rl:[0.1,1]}", "nearest match: optimizer.lr"),
        ("tune={dropout.drop_probability:[0.1,0.2]}", "does not exist for dropout=none"),
        ("tune={optimizer.lr:[0.1,-1]}", "must be > 0"),
        ("tune={optimizer.lr:[0.1,fast]}", "must be a number, got 'fast'"),
        (
            "tune={space:{optimizer.lr:[0.1,1]},metric:final/validation_acuracy}",
            "nearest match: final/validation_accuracy",
        ),
        ("tune={optimizer.lr:[0.1,1],seeds:[0]}", "judges the claims too"),
        ("fairness=tuned", "fairness: tuned needs `tune:`"),
    ],
)
def test_a_tuning_that_cannot_be_is_one_line(ablate, tmp_path, argument, message):
    small = ("dataset=digits", "dataset.train_size=50", "batch_size=25")
    code, out, err = ablate("-m", "activation=relu,tanh", *small, argument)
    assert message in err
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_trial_that_crashes_counts_as_the_worst_and_is_tried_again(ablate, study, tmp_path, monkeypatch):
    from ablate.train.numpy_program import NumpyProgram

    study(claims=False)
    run = NumpyProgram.run

    def broken(self, config, seeds, observe=None):
        if config.optimizer.lr == 0.3 and min(seeds) >= 10_000:
            raise RuntimeError("boom")
        return run(self, config, seeds, observe)

    monkeypatch.setattr(NumpyProgram, "run", broken)
    args = ("run", "fair", "--no-report", "--jobs", "1", "seeds=1")
    code, out, err = ablate(*args)
    assert code == 0
    assert "2 of 8 tuning trials crashed" in err
    assert "optimizer.lr=0.3" not in out.split("tuned by")[1].split("fair:")[0]
    monkeypatch.setattr(NumpyProgram, "run", run)
    code, out, _ = ablate(*args)  # what crashed is tried again, and the choice is made anew
    assert "fair-tuning: 4 runs" in out
    assert "activation=relu: optimizer.lr=0.3" in out


def test_an_error_that_is_tuned_by_is_shown_as_it_was_measured(ablate, tmp_path):
    (tmp_path / "fit.py").write_text(
        "def train(config, seed):\n"
        "    p = config['params']\n"
        "    error = (p['lr'] - 0.1) ** 2 * 100 + (0.5 if p['kind'] == 'new' else 0.8) + seed / 1000\n"
        "    return {'val_rmse': error, 'test_rmse': error}\n"
    )
    (tmp_path / "fit.yaml").write_text(
        "title: t\nquestion: q\nfixed: {program: function, program.target: 'fit.py:train', program.params.lr: 0.5}\n"
        "factors: {program.params.kind: [old, new]}\nseeds: 2\nmetrics: {val_rmse: lower, test_rmse: lower}\n"
        "tune: {space: {program.params.lr: [0.05, 0.1, 0.9]}, seeds: 2, metric: val_rmse}\n"
    )
    code, _, err = ablate("run", "fit.yaml", "--jobs", "1")
    assert code == 0, err
    report = (tmp_path / "reports" / "fit" / "report.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")] for line in report.splitlines() if "3 trials ×" in line]
    assert [(row[6], float(row[8])) for row in rows] == [
        ("0.1", pytest.approx(10.8, abs=0.01)),
        ("0.1", pytest.approx(10.5, abs=0.01)),
    ]


PER_SEED = """
title: A study that tunes in every seed
fairness: both
fixed: {dataset: digits, dataset.train_size: 100, epochs: 4, model.hidden: [8], batch_size: 20, init: xavier,
        optimizer.lr: 0.3}
factors: {activation: [sigmoid, relu]}
tune: {space: {optimizer.lr: [0.03, 0.3, 3.0]}, extend: 0, copy_baseline: false}
seeds: 7
claims:
  - {id: better, says: ReLU ends better, metric: final/test_accuracy, arm: {activation: relu},
     against: {activation: sigmoid}, each: fairness, by_at_least: 0.005}
"""


def test_every_seed_chooses_its_own_trial_which_is_the_run_that_is_judged(ablate, tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "own.yaml").write_text(PER_SEED, encoding="utf-8")
    code, out, _ = ablate("plan", "own")
    assert code == 0
    # A fixed arm is the trial at its value.
    assert "4 arms x 7 seeds x 3 trials = 42 runs (14 runs serve two of them)" in out
    assert "tuned in every seed: of its trials each keeps the best by final/validation_accuracy, ties by" in out

    code, out, _ = ablate("run", "own", "--jobs", "1")
    assert code == 0
    assert "own: 42 runs" in out
    assert not (tmp_path / "mlruns" / "artifacts" / "own-tuning").exists()
    tables = read_study(tmp_path, "own")
    assert len(tables.seeds) == 28
    trials = tables.tuning
    assert len(trials) == 2 * 3 * 7
    assert (trials.groupby(["arm_id", "seed"])["chosen"].sum() == 1).all()
    best = trials.groupby(["arm_id", "seed"])["score"].max()
    chosen = trials[trials["chosen"]].set_index(["arm_id", "seed"])["score"]
    assert chosen.sort_index().equals(best.sort_index())
    judged = tables.seeds.set_index(["arm_id", "seed"])["final/validation_accuracy"]
    assert judged.loc[best.index].tolist() == best.tolist()

    folder = tmp_path / "reports" / "own"
    verdicts = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["verdicts"]
    assert [document_of(verdict) for verdict in recompute(folder / "runs.csv", load_study("own"))] == verdicts
    page = (folder / "report.md").read_text(encoding="utf-8")
    assert "each arm together with its tuning. Every seed tunes for itself" in page
    assert "judge nothing" not in page

    code, out, _ = ablate("run", "own", "--no-report", "--jobs", "1")
    assert "nothing to do, all 42 runs are finished" in out
    code, out, _ = ablate("extend", "own", "--seeds", "1", "--no-report", "--jobs", "1")
    assert code == 0
    assert "own: 6 runs" in out


def test_a_copy_of_the_baseline_gates_the_claims_and_is_judged_again_from_its_file(ablate, tmp_path):
    (tmp_path / "studies").mkdir()
    text = PER_SEED
    for left_out in (", copy_baseline: false", "fairness: both", "each: fairness, "):
        text = text.replace(left_out, "")
    (tmp_path / "studies" / "own.yaml").write_text(text, encoding="utf-8")
    code, out, _ = ablate("plan", "own")
    assert code == 0
    assert "(2 arms + a copy of the baseline) x 7 seeds x 3 trials = 63 runs" in out
    code, out, _ = ablate("run", "own", "--jobs", "1")
    assert code == 0
    assert "own: 63 runs" in out
    folder = tmp_path / "reports" / "own"
    (verdict,) = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["verdicts"]
    gates = {gate["kind"]: gate for gate in verdict["gates"]}
    assert set(gates) == {"tuning_edge", "copy"}
    assert "a copy of the baseline, tuned with random draws of its own," in gates["copy"]["why"]
    copy = list(csv.DictReader((folder / "copy.csv").read_text(encoding="utf-8").splitlines()))
    assert [int(row["seed"]) for row in copy] == list(range(7))
    assert [document_of(one) for one in recompute(folder / "runs.csv", load_study("own"))] == [verdict]
    tables = read_study(tmp_path, "own")
    assert len(tables.seeds) == 14
    assert set(tables.tuning["arm_id"]) == set(tables.planned["arm_id"])


BY_ARM = """
title: Each at its best
fixed: {dataset: digits, dataset.train_size: 100, epochs: 3, model.hidden: [8], batch_size: 20, init: xavier,
        optimizer.lr: 0.3}
factors: {dropout: [none, bernoulli]}
tune:
  space: {optimizer.lr: [0.01, 0.3, 3.0], l2: [0.0, 0.01]}
  spaces:
    - where: {dropout: bernoulli}
      space: {optimizer.lr: [0.01, 0.3, 3.0], dropout.drop_probability: [0.1, 0.5]}
  extend: 0
  copy_baseline: false
seeds: 6
claims:
  - {id: helps, says: Dropout ends better, metric: final/test_accuracy, arm: {dropout: bernoulli},
     against: {dropout: none}, by_at_least: 0.005}
"""


def test_arms_with_spaces_of_their_own_are_tuned_and_judged_and_their_files_recompute_the_verdict(ablate, tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "own.yaml").write_text(BY_ARM, encoding="utf-8")
    code, out, _ = ablate("plan", "own")
    assert code == 0
    assert "2 arms x 6 seeds x 6 trials = 72 runs" in out
    assert "  1 arm:\n    optimizer.lr: 0.01, 0.3, 3.0\n    dropout.drop_probability: 0.1, 0.5" in out
    code, out, _ = ablate("run", "own", "--jobs", "1")
    assert code == 0
    assert "nothing to do" in ablate("run", "own", "--jobs", "1")[1]

    tables = read_study(tmp_path, "own")
    none, dropout = tables.planned["arm_id"]
    assert list(tables.facts[none]["tuned"]) == ["optimizer.lr", "l2"]
    assert list(tables.facts[dropout]["tuned"]) == ["optimizer.lr", "dropout.drop_probability"]
    assert tables.facts[dropout]["tuned"]["dropout.drop_probability"]["grid"] == [0.1, 0.5]

    folder = tmp_path / "reports" / "own"
    verdicts = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["verdicts"]
    assert [document_of(verdict) for verdict in recompute(folder / "runs.csv", load_study("own"))] == verdicts
    (edge,) = [gate for gate in verdicts[0]["gates"] if gate["kind"] == "tuning_edge"]
    assert edge["passed"] is False
    assert "dropout.drop_probability=0.1 of dropout=bernoulli" in edge["why"]
    assert "l2" not in {key for key, value in tables.facts[dropout]["tuned"].items() if value["edge"]}
    rows = list(csv.DictReader((folder / "tuning.csv").read_text(encoding="utf-8").splitlines()))
    assert {(row["arm"], bool(row["l2"]), bool(row["dropout.drop_probability"])) for row in rows} == {
        ("baseline", True, False), ("dropout=bernoulli", False, True)
    }  # fmt: skip
    page = (folder / "report.md").read_text(encoding="utf-8")
    for text in (
        "Every tuned arm had as many trials in every seed, in its own search space", "Arms that do not have it: 1.",
        "optimizer.lr, l2 and dropout.drop_probability: every seed of every arm ran 6 trials",
        "dropout.drop_probability (tuned, dropout=bernoulli)",
    ):  # fmt: skip
        assert text in page
