"""`ablate diff STUDY ARM ARM`."""

import json

import pytest

TRAIN = """
import random

def train(lr=0.1, width=8, seed=0):
    noise = random.Random(seed).gauss(0, 0.01) + random.Random(f"{seed} {lr}").gauss(0, 0.001)
    return {"accuracy": 0.5 + noise - lr / 10, "loss": lr + noise}
"""


@pytest.fixture
def swept(tmp_path, ablate):
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    code, _, err = ablate(
        "run", "train.py:train", "lr=0.1,0.5", "width=16", "seeds=8", "--metric", "accuracy:higher", "--metric",
        "loss:lower", "--name", "rates", "--no-report", "-j", "1",
    )  # fmt: skip
    assert code == 0, err
    return ablate


@pytest.mark.slow
def test_two_arms_differ_in_a_setting_in_their_metrics_and_in_a_verdict(swept):
    code, out, _ = swept("diff", "rates", "lr=0.5", "baseline")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["lr", "0.5", "0.1"] in rows
    assert next(row for row in rows if row[:1] == ["accuracy"])[-1] == "8"
    assert ["finished", "8", "8"] in rows
    assert "▼ [exploratory] Shown: lr=0.5 lowers accuracy (worse) by" in out
    document = json.loads(swept("diff", "rates", "baseline", "lr=0.5", "--metric", "loss", "--json")[1])
    assert document["settings"] == {"program.params.lr": ["0.1", "0.5"]}
    assert document["verdict"]["metric"] == "loss"
    assert document["metrics"]["loss"]["difference"] == pytest.approx(-0.4, abs=0.01)
    code, out, _ = swept("diff", "rates", "lr=0.5", "baseline", "--by-at-least", "0.01")
    assert "Refuted (reversed)" in out
    for words, said in [
        (("diff", "rate", "lr=0.5", "baseline"), "nearest match: rates"),
        (("diff", "rates", "lr=0.50", "baseline"), "nearest match: lr=0.5"),
        (("diff", "rates", "lr=0.5", "lr=0.5"), "are the same arm of rates"),
        (("diff", "rates", "lr=0.5", "baseline", "--metric", "los"), "nearest match: loss"),
        (("diff", "rates", "lr=0.5", "baseline", "--by-at-least", "-1"), "--by-at-least"),
    ]:
        code, out, err = swept(*words)
        assert (code, out, err.count("\n"), said in err) == (2, "", 1, True), err


@pytest.mark.slow
def test_a_level_of_the_baseline_names_the_baseline(swept):
    code, out, err = swept("diff", "rates", "lr=0.1", "lr=0.5")
    assert (code, err) == (0, "")
    assert ["lr", "0.1", "0.5"] in [line.split() for line in out.splitlines()]
    code, _, err = swept("diff", "rates", "lr=0.7", "lr=0.5")
    assert code == 2
    assert "expected one of baseline, lr=0.5;" in err
