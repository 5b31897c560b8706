"""A setting without a default that tuning alone gives: every run has a value of it, whatever trains."""

import sys

import pytest
import yaml

import ablate as package
from ablate.errors import UserError

pytestmark = pytest.mark.slow

TRAIN = """
def train(width: int, lr: float, seed: int):
    noise = 0.001 * ((seed * 7 + width) % 5)
    return {"accuracy": 0.7 + 0.01 * width - abs(lr - 0.1) + noise, "val": 0.7 - abs(lr - 0.1) + noise}
"""
METRICS = {"accuracy": "higher", "val": "higher"}
TUNE = {"space": {"lr": [0.01, 0.1, 1.0]}, "metric": "val", "copy_baseline": False}


def study(**more):
    params = "program.params."
    tune = {**TUNE, "space": {params + "lr": TUNE["space"]["lr"]}, **more.pop("tune", {})}
    return {
        "title": "t", "fixed": {"program": "function", "program.target": "train.py:train"}, "seeds": 6,
        "factors": {params + "width": [1, 2]}, "metrics": METRICS, "tune": tune,
        "claims": [{"id": "w", "says": "wider is better", "metric": "accuracy", "by_at_least": 0.001,
                    "arm": {params + "width": 2}, "against": {params + "width": 1}}], **more,
    }  # fmt: skip


@pytest.fixture
def run(tmp_path, ablate):
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")

    def go(held, *words):
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(held), encoding="utf-8")
        return ablate("run", "mine.yaml", "-j", "1", *words)

    return go


ONCE = {"per": "study", "ties": "smaller", "seeds": 2, "extend": 0}


@pytest.mark.parametrize(("tune", "runs"), [({}, "36 runs"), (ONCE, "12 runs")])
def test_a_study_file_tunes_it_and_the_same_command_finds_its_runs(run, tmp_path, tune, runs):
    code, out, _ = run(study(tune=tune))
    assert (code, runs in out, "✓ Supported: width=2 raises accuracy by 1.0" in out) == (0, True, True)
    page = (tmp_path / "reports" / "mine" / "report.md").read_text(encoding="utf-8")
    assert "| 0.01, 0.1, 1.0 |" in page
    code, out, _ = run(study(tune=tune))
    assert (code, "nothing to do" in out) == (0, True)


def test_an_arm_that_is_not_tuned_and_a_misspelt_key_are_one_error(run):
    lacking = "train.py:train needs `lr`, which has no default: give lr="
    code, _, err = run(study(fairness="both"))
    assert (code, lacking in err) == (2, True)
    code, _, err = run(study(tune={"where": {"program.params.width": [2]}}))
    assert (code, lacking in err) == (2, True)
    code, _, err = run(study(tune={"space": {"program.params.lrr": [0.1, 1.0]}}))
    assert (code, "unknown setting of train.py:train 'lrr': expected one of lr, width; nearest match: lr" in err) == (
        2,
        True,
    )
    code, _, err = run(study(tune={"space": {"program.params.lr": [0.1, "high"]}}))
    assert (code, "lr` must be a number, got 'high'" in err) == (2, True)


def test_python_and_a_command_tune_it_too(tmp_path, monkeypatch, ablate):
    (tmp_path / "tuned_train.py").write_text(TRAIN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    import tuned_train

    made = package.Study(factors={"width": [1, 2]}, metrics=METRICS, tune=TUNE)
    result = made.run(tuned_train.train, seeds=3, jobs=1, progress=False, store=package.MemoryStore())
    assert set(result.runs["accuracy"].round(1)) == {0.7}, "every seed chose lr=0.1"
    with pytest.raises(UserError, match="needs `lr`"):
        package.Study(factors={"width": [1, 2]}, metrics=METRICS).plan(tuned_train.train, seeds=3)
    program = "print('accuracy={lr} val={lr} {width} {seed}')"
    code, out, err = ablate(
        "run", "tune={lr:[0.01,0.1],metric:val,copy_baseline:false,extend:0}", "width=1,2", "seeds=1", "--no-report",
        "--metric", "accuracy:higher", "--metric", "val:higher", "-j", "1", "--", sys.executable, "-c", program,
    )  # fmt: skip
    assert (code, "4 runs" in out) == (0, True), err
