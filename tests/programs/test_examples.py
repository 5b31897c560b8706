"""The examples of code of one's own run as they stand."""

import importlib.util
import sys
from pathlib import Path

import pytest

from ablate.programs.command import Command
from ablate.programs.function import Function, FunctionConfig

FOLDER = Path(__file__).parents[2] / "examples" / "own_code"


def accuracies(program, seeds=(0, 1)):
    results = program.run(FunctionConfig(), list(seeds))
    assert [result.error for result in results] == [None] * len(seeds)
    assert len({result.metrics["accuracy"] for result in results}) == len(seeds)
    return [result.metrics["accuracy"] for result in results], results


def test_a_plain_script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [sys.executable, str(FOLDER / "script.py"), "--lr", "{lr}", "--seed", "{seed}", "--out", "{out}"]
    slow, fast = (Command(words, {"lr": lr}, metrics_file="{out}/log.csv", returns=["accuracy"]) for lr in (0.001, 1.0))
    assert str(FOLDER / "script.py") in slow.facts(None)["watched"]
    (worse, results), (better, _) = accuracies(slow), accuracies(fast)
    assert results[0].curves["accuracy"].steps[-1] == 50
    assert sum(worse) < sum(better)


def test_a_pipeline_without_one_of_its_steps():
    whole, _ = accuracies(Function(f"{FOLDER}/pipeline.py:fit"))
    without, _ = accuracies(Function(f"{FOLDER}/pipeline.py:fit", {"scale": False}))
    assert sum(without) < sum(whole)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_a_net_in_pytorch():
    ((one, _), results) = accuracies(Function(f"{FOLDER}/mlp.py:train", {"epochs": 3}))
    assert one > 0.6
    assert list(results[0].curves["accuracy"].steps) == [1, 2, 3]
