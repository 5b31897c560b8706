"""Failed runs that are declared lost to the infrastructure: by `--lost` of a sweep, by `lost:` of a study file."""

import json

import pytest
import yaml

from ablate import Study
from ablate.errors import UserError
from ablate.sweep.study_file import parse_study
from ablate.track.local import LocalStore

TRAIN = """
def train(lr, seed):
    if lr == 0.1 and seed in (3, 5):
        raise RuntimeError("CUDA error: out of memory")
    return {"accuracy": 0.9 - 0.3 * lr + 0.001 * ((seed * 7) % 5)}
"""
WORDS = ("run", "train.py:train", "lr=0.01,0.1", "seeds=12", "--metric", "accuracy:higher", "--by-at-least", "0.005")


@pytest.fixture
def sweep(tmp_path, ablate):
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    return lambda *more: ablate(*WORDS, "-j", "1", *more)


def verdict(ablate, name="adhoc"):
    return json.loads(ablate("verdict", name, "--json")[1])["verdicts"][0]


@pytest.mark.slow
def test_a_crashed_run_of_a_sweep_that_is_declared_lost_drops_its_pair_and_keeps_no_verdict_back(sweep, ablate):
    code, _, _ = sweep("--no-report")
    assert code == 1  # runs crashed
    failed = verdict(ablate)
    assert (failed["outcome"], failed["pairs"]) == ("not_tested", 10), "what a failed run is worth nobody says"
    code, out, err = sweep("--lost", "crashed", "--name", "own")
    assert code == 1
    assert "10 of 12 planned pairs" in verdict(ablate, "own")["sentence"]
    told = verdict(ablate, "own")
    assert (told["outcome"], told["pairs"]) == ("refuted", 10)
    assert told["details"]["lost"]["n"] == 2
    assert told["details"]["lost"]["declared"] is True
    assert "2 of its runs were lost and do not count; if they had failed" in told["sentence"]
    assert "2 of its runs were lost" in out
    assert "post hoc" not in err, "it was said before the runs"


@pytest.mark.slow
def test_what_is_lost_is_registered_and_another_word_afterwards_is_post_hoc(sweep, ablate):
    sweep("--no-report")
    code, _, err = sweep("--no-report", "--lost", "crashed")
    assert (code, "post hoc" in err) == (1, True)
    assert verdict(ablate)["post_hoc"] is True
    sweep("--no-report", "--lost", "crashed", "--name", "own")
    assert "post hoc" not in sweep("--no-report", "--lost", "crashed", "--name", "own")[2]
    assert verdict(ablate, "own")["post_hoc"] is False
    assert "post hoc" in sweep("--no-report", "--name", "own")[2]


@pytest.mark.slow
def test_a_study_file_declares_it_in_a_field_of_its_own(tmp_path, sweep, ablate):
    claim = {"id": "c", "says": "s", "metric": "accuracy", "by_at_least": 0.005,
             "arm": {"program.params.lr": 0.01}, "against": {"program.params.lr": 0.1}}  # fmt: skip
    study = {
        "title": "t", "fixed": {"program": "function", "program.target": "train.py:train"}, "lost": ["crashed"],
        "factors": {"program.params.lr": [0.1, 0.01]}, "metrics": {"accuracy": "higher"}, "seeds": 12,
        "claims": [claim],
    }  # fmt: skip
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    code, _, err = ablate("run", "mine.yaml", "--lost", "crashed", "--no-report")
    assert code == 2
    assert "`--lost` is for a sweep of your own code; mine.yaml says it in its file: `lost: [crashed]`" in err
    assert ablate("run", "mine.yaml", "-j", "1")[0] == 1
    found = verdict(ablate, "mine")
    assert (found["outcome"], found["pairs"], found["details"]["lost"]["n"]) == ("supported", 10, 2)
    assert LocalStore(tmp_path).plan("mine").definition["lost"] == ["crashed"]


@pytest.mark.slow
def test_a_word_that_is_no_failure_is_one_error(sweep):
    code, _, err = sweep("--lost", "finished")
    assert code == 2
    assert "unknown --lost 'finished': expected one of collapsed, crashed, diverged" in err
    code, _, err = sweep("--lost", "crashd")
    assert (code, "nearest match: crashed" in err) == (2, True)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("crashed", "`lost` must be a list, got 'crashed'"),
        (["reached"], "`lost.0` must be 'collapsed', 'diverged' or 'crashed', got 'reached'"),
    ],
)
def test_a_wrong_field_is_one_error(lost, said):
    with pytest.raises(UserError) as error:
        parse_study({"title": "t", "lost": lost}, where="x.yaml")
    assert said in str(error.value)


def test_looks_wait_for_every_run_so_that_none_can_be_lost():
    with pytest.raises(UserError, match="`looks` must be left out where `lost` is said"):
        parse_study({"title": "t", "lost": ["crashed"], "looks": [6, 12], "seeds": 12}, where="x.yaml")


def test_an_empty_field_leaves_what_is_stored_and_hashed_as_it_was():
    assert "lost" not in parse_study({"title": "t"}, where="x").model_dump()
    assert Study("x", lost=["crashed"]).definition().model_dump()["lost"] == ["crashed"]
