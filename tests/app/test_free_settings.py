"""A user's function under the command line: its own settings are keys, and factors."""

from pathlib import Path

import pytest

TRAIN = """
def train(config, seed):
    return {"m": config["params"].get("width", 1) * 10 + seed, "rate": float(config["params"]["deep"]["rate"])}

train.metrics = ["m", "rate"]
"""


@pytest.fixture
def own(tmp_path):
    Path(tmp_path / "own.py").write_text(TRAIN, encoding="utf-8")


def test_free_settings_can_be_swept_and_nested(ablate, tmp_path, own):
    arguments = ("program=function", "program.target=own.py:train", "program.params.deep.rate=0.5", "seeds=2")
    code, out, err = ablate(
        "-m", *arguments, "program.params.width=1,2", "hydra.sweeper.report=false", "hydra.sweeper.n_jobs=1"
    )
    assert (code, "4 runs" in out) == (0, True), err
    from ablate.track.read import read_study

    seeds = read_study(tmp_path, "adhoc").seeds
    assert seeds["m"].tolist() == [10.0, 11.0, 20.0, 21.0]
    assert seeds["program.params.width"].tolist() == [1, 1, 2, 2]
    assert set(seeds["rate"]) == {0.5}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("program=function", "program.target=own.py:trian"), "nearest match: train"),
        (("program=function",), "must be `module:function`"),
        (("program=function", "program.parms.width=1"), "nearest match: program.params"),
        (("program=function", "width=1"), "a setting of your own function is `program.params.width`"),
        (("program=function", "target_acuracy=0.8"), "nearest match: target_accuracy"),
        (("program=knn", "program.params.width=1"), "program=knn has program.copies, program.n"),
        (
            ("program=function", "program.target=own.py:train", "program.params.a=1", "program.params.a.b=2"),
            "'a' holds a value already, 1",
        ),
    ],
)
def test_a_mistake_is_one_line(ablate, tmp_path, own, arguments, message):
    code, _, err = ablate(*arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
