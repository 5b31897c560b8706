"""What a run will take is put together from its parts; the timings themselves are looked at in benchmarks only."""

import numpy as np
import pytest

from ablate.nn import He
from ablate.optim import SGD
from ablate.train import estimate
from ablate.train.loop import train_blocks
from ablate.train.memory import chunks
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.parts import PartSource
from ablate.train.path import COMPILED_FROM

ONCE, STEP, EVALUATION = 0.5, 0.001, 0.02


@pytest.fixture
def clock(monkeypatch):
    """A processor whose time passes by what is done: so much for a run, a step, an evaluation; and what was trained."""
    told = {"now": 0.0, "configs": []}

    def trained(config, network, source, group, *, observe=None):
        told["configs"].append(config)
        told["now"] += ONCE
        done = 0
        for stop in [*range(config.evaluate_from, config.steps, config.evaluate_every or config.steps), config.steps]:
            told["now"] += STEP * (stop - done) + EVALUATION
            done = stop
            if observe is not None:
                observe(done)
        told["now"] += 0.1 * ("steps" in config.observe)

    monkeypatch.setattr(estimate, "train_blocks", trained)
    monkeypatch.setattr(estimate.time, "thread_time", lambda: told["now"])
    return told


def seconds(arm, seeds):
    return estimate.seconds_per_run(arm, network_of(arm), seeds)


def test_steps_evaluations_and_what_is_done_once_are_counted_each_as_often_as_in_the_run(config, clock):
    arm = config(steps=4000, evaluate_every=400)
    group = chunks(arm, network_of(arm), list(range(8)))[0]
    assert seconds(arm, 8) == pytest.approx((ONCE + 4000 * STEP + 11 * EVALUATION) / len(group), rel=1e-6)


def test_what_watches_updates_is_timed_apart_from_the_steps(config, clock):
    plain, watched = (config(steps=4000, evaluate_every=400, observe=o) for o in ([], ["steps"]))
    more = seconds(watched, 1) - seconds(plain, 1)
    looks = [len(estimate.log_steps(steps)) for steps in (4000, estimate.FEWEST)]
    assert more == pytest.approx(0.1 * looks[0] / looks[1], rel=1e-6)


def test_an_arm_that_diverges_is_tried_at_a_rate_at_which_it_does_not(config, clock):
    seconds(config(optimizer=SGD(1e6)), 2)
    assert {c.optimizer.lr for c in clock["configs"]} == {estimate.SLOW}


def test_an_ensemble_is_tried_with_all_its_nets(config, clock):
    seconds(config(ensemble=3), 2)
    assert {c.ensemble for c in clock["configs"]} == {3}


@pytest.mark.parametrize("steps", [COMPILED_FROM - 1, COMPILED_FROM])
def test_what_is_tried_is_trained_by_the_form_of_the_run(config, clock, steps):
    seconds(config(steps=steps), 2)
    assert {c.compiled for c in clock["configs"]} == {steps == COMPILED_FROM}


class AtOnce(He):
    def draw(self, rng, shape, fans):
        return np.full(shape, np.inf)


def test_an_arm_that_diverges_at_once_takes_what_that_takes(config):
    arm = config(init=AtOnce(), steps=10**6)
    assert seconds(arm, 2) < 5.0
    grid = train_blocks(config(init=AtOnce()), network_of(arm), PartSource.of(arm.dataset, "float32"), [0])
    assert grid.first_nonfinite[0] == 0


@pytest.mark.parametrize("changed", [{"change_at": 2}, {"observe": ["activations", "steps"]}, {"ensemble": 2}], ids=str)
def test_every_kind_of_run_has_an_estimate(config, changed):
    assert 0.0 < NumpyProgram().seconds_per_run(config(**changed), 3) < 60.0
