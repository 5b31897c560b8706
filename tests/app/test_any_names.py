"""A training function may call its metrics as it likes: each is judged as what the function returned, or refused."""

import json
import re

import pytest

from ablate.track.local import LocalStore
from ablate.work.judging import judge_tracked

NAMES = [
    "seconds",
    "arm_id",
    "run_id",
    "seed",
    "majority_rate",
    "recall@5",
    "recall_5",
    "val/Acc@1 (%)",
    "../x",
    "loss",
]
CODE = """
NAMES = {names}

def train(config, seed):
    gain = (config["params"]["a"] == 2) * (1 + seed / 1000)
    metrics = {{name: i + gain * (i + 1) for i, name in enumerate(NAMES)}}
    return {{"metrics": metrics, "curves": {{"loss": [5.0, 4.0, 99.0], "seconds": [1.0, 2.0]}}}}

train.metrics = NAMES
"""
ARM, AGAINST = {"program.params.a": 2}, {"program.params.a": 1}


@pytest.fixture
def write(tmp_path):
    def call(names, metrics=None):
        (tmp_path / "mine.py").write_text(CODE.format(names=repr(names)), encoding="utf-8")
        claims = [
            {"id": f"c{i}", "says": "s", "metric": name, "predicts": "higher", "arm": ARM, "against": AGAINST,
             "by_at_least": 0.01} for i, name in enumerate(names if metrics is None else metrics)
        ]  # fmt: skip
        study = {"title": "T", "fixed": {"program": "function", "program.target": "mine.py:train"},
                 "factors": {"program.params.a": [1, 2]}, "seeds": 10, "claims": claims}  # fmt: skip
        (tmp_path / "mine.yaml").write_text(json.dumps(study), encoding="utf-8")

    return call


def test_a_metric_of_any_name_is_judged_by_what_the_function_returned(ablate, write, tmp_path):
    write(NAMES)
    code, _, err = ablate("run", "mine.yaml", "--no-report", "-j", "1")
    assert code == 0, err
    judged = judge_tracked("mine", None, LocalStore(tmp_path))
    assert [verdict.metric for verdict in judged.verdicts] == NAMES
    for i, verdict in enumerate(judged.verdicts):
        assert verdict.differences == pytest.approx({seed: (i + 1) * (1 + seed / 1000) for seed in range(10)})
    assert (judged.tables.seeds["seconds"] < 60).all()  # the time it took, beside a metric of that name
    assert set(judged.tables.curves["metric"]) == {"loss", "seconds"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("outcome", "mine: a metric cannot be called `outcome`: .* call it `outcome_value`"),
        ("", "mine: metric '': the name is empty"),
        ("acc ", "mine: metric 'acc ' has a blank at its beginning or end; expected 'acc'"),
        ("a\nb", "has a letter that cannot be seen"),
        ("x" * 300, "has 300 letters, which is too long"),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused_before_anything_runs(ablate, write, tmp_path, name, message):
    write([name, "acc"], metrics=["acc"])
    code, _, err = ablate("run", "mine.yaml")
    assert code == 2
    assert re.search(message, err)
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "mlruns").exists()


def test_a_claim_on_how_runs_ended_is_refused_before_anything_runs(ablate, write, tmp_path):
    write(["acc"], metrics=["outcome"])
    code, _, err = ablate("run", "mine.yaml")
    assert code == 2
    assert "claim c0: `outcome` is how a run ended, not a number" in err
    assert not (tmp_path / "mlruns").exists()


def test_a_letter_of_another_alphabet_is_pointed_at(ablate, write):
    write(["acc"], metrics=["\u0430cc"])
    code, _, err = ablate("run", "mine.yaml")
    assert code == 2
    assert r"nearest match: acc (in full: '\u0430cc' is not 'acc')" in err
