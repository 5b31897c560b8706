"""A run is the same to the bit whatever is trained beside it, in which order, and by how many processes."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ablate.nn import BatchNorm, BernoulliDropout, ConvNet, Inception, LayerNorm, Mlp, ResNet
from ablate.optim import Adam, Momentum
from ablate.train.numpy_program import NumpyProgram

SEEDS = list(range(5))
ARMS = {
    "plain": {},
    "everything": {"norm": BatchNorm(), "dropout": BernoulliDropout(0.2), "optimizer": Adam(), "l2": 0.01},
    "layer norm, clipped": {"norm": LayerNorm(), "clip_norm": 0.5, "optimizer": Momentum()},
    "convnet": {"model": ConvNet([4], kernel=3, padding=1, hidden=[6]), "norm": BatchNorm()},
    "inception": {"model": Inception(3, 1, [2])},
    "resnet": {"model": ResNet([3, 4]), "norm": BatchNorm()},
}


def bits(result):
    """Return all that a run found out, but for the time it took."""
    metrics = {name: value.hex() for name, value in result.metrics.items() if not name.startswith("seconds/")}
    curves = {name: curve.values.tobytes() for name, curve in result.curves.items()}
    return result.outcome, metrics, curves, result.test_correct.tobytes()


@pytest.mark.parametrize("form", [True, False], ids=["compiled", "numpy"])
@pytest.mark.parametrize("name", list(ARMS))
def test_any_stacking_of_seeds_gives_the_same_bits(config, name, form):
    arm = config(**ARMS[name], epochs=3, compiled=form)
    together = {result.seed: bits(result) for result in NumpyProgram().run(arm, SEEDS)}
    for order in ([4, 3, 2, 1, 0], [2, 0], [1], [3, 4]):
        for tight in (arm, replace(arm, memory_gb=1e-9)):  # the second trains a seed at a time
            for result in NumpyProgram().run(tight, order):
                assert bits(result) == together[result.seed]


def test_how_many_steps_are_done_at_a_time_changes_no_bit(config, monkeypatch):
    arm = config(norm=BatchNorm(), dropout=BernoulliDropout(0.2), evaluate_every=9, epochs=6, compiled=True)
    at_once = [bits(result) for result in NumpyProgram().run(arm, SEEDS)]
    monkeypatch.setattr("ablate.train.step.AT_ONCE", 1)
    assert [bits(result) for result in NumpyProgram().run(arm, SEEDS)] == at_once


# Nets that are large enough for BLAS to divide its work among threads, in a process in which nothing holds it back.
STUDY = """
import json, sys
from ablate.data import Mnist5k
import ablate.data.augment
from ablate.nn import BatchNorm, CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU
from ablate.optim import SGD
from ablate.registry import options
from ablate.sweep.plan import make_plan
from ablate.sweep.launch import launcher_for
from ablate.sweep.runner import run_plan
from ablate.sweep.study_file import parse_study
from ablate.track.memory import MemoryStore
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import NumpyProgram

NORMS = {"none": NoNorm(), "batch": BatchNorm()}

def arm(levels):
    return TrainConfig(
        model=Mlp(), dataset=Mnist5k(train_size=500), activation=ReLU(), optimizer=SGD(0.05),
        init=He(), norm=NORMS[levels["norm"]], dropout=NoDropout(),
        augment=options("augment")[levels["augment"]](), loss=CrossEntropy(), program=NumpyProgram(),
        epochs=8, compiled=FORM,
    )

def trained(tracker, norms, seeds, workers):
    study = parse_study(
        {"title": "t", "factors": {"norm": norms, "augment": ["none", "elastic"]}}, where="x"
    )
    plan = make_plan(study, name="s", seeds=seeds, compose=arm, command="c")
    session = tracker.open(plan.record)
    run_plan(plan.after(session.finished()), session, launcher=launcher_for(None, workers))

tracker = MemoryStore()
for norms, seeds, workers in PARTS:
    trained(tracker, norms, seeds, workers)
found = {}
for runs in tracker.runs.values():
    for made, record in runs.values():
        result = record.result
        assert result.error is None, result.error
        metrics = {k: v.hex() for k, v in result.metrics.items() if not k.startswith("seconds/")}
        curves = {k: curve.values.tobytes().hex() for k, curve in result.curves.items()}
        found[str(sorted(made.levels.items())) + str(result.seed)] = [metrics, curves]
print(json.dumps(found))
"""


def study(form, *parts):
    """Return what a study's runs found, made in `parts`, one after another: (norms, seeds, workers) each."""
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", STUDY.replace("PARTS", repr(parts)).replace("FORM", repr(form))],
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("form", [True, False], ids=["compiled", "numpy"])
def test_a_study_has_the_same_bits_by_one_or_two_processes_in_any_order_and_resumed(form):
    alone = study(form, (["none", "batch"], 3, 1))
    assert len(alone) == 12
    assert study(form, (["none", "batch"], 3, 2)) == alone
    assert study(form, (["batch", "none"], 1, 2), (["none", "batch"], [2, 1], 1), (["batch", "none"], 3, 2)) == alone


def test_two_forms_of_a_step_may_differ_in_their_last_bits_only(config):
    arm = config(model=Mlp([30, 20]), norm=BatchNorm(), epochs=6)
    one, other = (NumpyProgram().run(replace(arm, compiled=form), SEEDS) for form in (True, False))
    for compiled, numpy in zip(one, other, strict=True):
        np.testing.assert_allclose(compiled.curves["train/loss"].values, numpy.curves["train/loss"].values, rtol=1e-3)
