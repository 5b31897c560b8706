import time
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

from ablate.data.augment import NoAugmentation
from ablate.data.augment.base import FromTrainingSet
from ablate.nn import BatchNorm, Inception, Normal, Step
from ablate.optim import SGD, Adam
from ablate.train.numpy_program import NumpyProgram
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult
from ablate.train.step import clip

FINITE = {
    "aulc/train_accuracy",
    "aulc/validation_accuracy",
    "best/validation_accuracy",
    "final/generalisation_gap",
    "final/test_accuracy",
    "final/test_loss",
    "final/train_accuracy",
    "final/train_loss",
    "final/validation_accuracy",
    "final/validation_loss",
    "observe/hidden_moved",
    "seconds/evaluation",
    "seconds/training",
}
CURVES = {"train/loss", "train/accuracy", "validation/loss", "validation/accuracy"}


def run(config, seeds=(0,)):
    return NumpyProgram().run(config, list(seeds))


def test_a_run_gives_the_promised_curves_and_metrics(config):
    first, second = run(config(), [4, 2])
    assert (first.seed, second.seed) == (4, 2)
    assert set(first.curves) == CURVES
    assert set(first.metrics) - {"ttt/steps"} == FINITE
    assert all(isinstance(value, float) and np.isfinite(value) for value in first.metrics.values())
    assert first.curves["train/loss"].steps.tolist() == [0, 7, 14, 21, 28]
    assert first.metrics["final/train_loss"] == first.curves["train/loss"].values[-1]
    assert first.metrics["final/test_accuracy"] == first.test_correct.mean()
    assert first.test_correct.shape == (60,)
    assert first.seconds > 0


def test_a_net_of_branches_logs_its_width(config):
    (result,) = run(config(model=Inception(8, 1, [4]), epochs=1))
    assert result.metrics["check/graph_width"] == 4.0


def test_it_learns_and_says_when_it_reached_the_target(config):
    (result,) = run(config(epochs=60, optimizer=Adam(0.01)))
    assert result.outcome is Outcome.REACHED
    assert result.metrics["final/test_accuracy"] > 0.9
    curve = result.curves["validation/accuracy"]
    at = list(curve.steps).index(result.metrics["ttt/steps"])
    assert (curve.values[at : at + 2] >= 0.9).all()


def test_the_same_seed_gives_the_same_run(config):
    one, other = run(config())[0], run(config())[0]
    for name in CURVES:
        np.testing.assert_array_equal(one.curves[name].values, other.curves[name].values)


def test_nothing_learnt_is_stalled(config):
    (result,) = run(config(init=Normal(0.0)))  # all units alike and dead: only the last bias moves
    assert result.outcome is Outcome.STALLED
    assert "ttt/steps" not in result.metrics
    assert result.metrics["final/test_accuracy"] == pytest.approx(1 / 3, abs=0.05)


def test_overflow_is_recorded_and_not_warned_about(config):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (result,) = run(config(optimizer=SGD(1e20), norm=BatchNorm(), evaluate_every=1))
    assert result.outcome is Outcome.DIVERGED
    values, steps = result.curves["train/accuracy"].values, result.curves["train/accuracy"].steps
    np.testing.assert_array_equal(np.isnan(values), steps >= result.first_nonfinite_step)
    assert not np.isnan(values[0])


def test_first_nonfinite_step_does_not_depend_on_when_it_is_evaluated(config):
    found = {run(config(optimizer=SGD(1e20), evaluate_every=every))[0].first_nonfinite_step for every in (1, 5, 28)}
    assert len(found) == 1
    assert None not in found


def test_a_loss_far_above_its_start_is_diverged_though_finite(config):
    (result,) = run(config(init=Normal(0.01), activation=Step(), optimizer=SGD(1e4)))
    assert result.outcome is Outcome.DIVERGED
    assert result.first_nonfinite_step is None
    assert np.isfinite(result.curves["train/loss"].values).all()
    assert "final/test_accuracy" not in result.metrics


def test_step_activation_leaves_hidden_weights_bit_identical(config):
    from ablate.streams import streams
    from ablate.train.batches import minibatches
    from ablate.train.numpy_program import network_of
    from ablate.train.parts import Parts, PartSource
    from ablate.train.step import Stepper

    arm = config(activation=Step())
    stepper = Stepper(arm, network_of(arm), PartSource.of(arm.dataset, arm.dtype), [0, 1])
    before = stepper.replicas.params.copy()
    batches = minibatches(arm, Parts.of(arm.dataset, [0, 1]).train, streams([0, 1], "shuffle"))
    for _ in range(5):
        stepper(next(batches))
    old, new = (stepper.replicas.network.layout.views(p) for p in (before, stepper.replicas.params))
    for node in (0, 2):
        np.testing.assert_array_equal(old[node]["W"], new[node]["W"])
    assert (old[4]["W"] != new[4]["W"]).any()


def test_float64_is_selectable_and_agrees_with_float32(config):
    single, double = run(config())[0], run(config(dtype="float64"))[0]
    a, b = single.curves["train/loss"].values, double.curves["train/loss"].values
    np.testing.assert_allclose(a, b, rtol=1e-4)
    assert (a != b).any()


def test_l2_shrinks_weights_and_leaves_biases(config):
    from ablate.train.numpy_program import network_of
    from ablate.train.parts import PartSource
    from ablate.train.step import Stepper

    def stepped(l2):
        arm = config(l2=l2, dtype="float64")
        stepper = Stepper(arm, network_of(arm), PartSource.of(arm.dataset, arm.dtype), [0])
        before = stepper.replicas.params.copy()
        stepper(np.arange(16)[None])
        return before, stepper.replicas.params, stepper.replicas.network.layout.decayed

    before, plain, decayed = stepped(0.0)
    _, shrunk, _ = stepped(0.5)
    np.testing.assert_allclose(plain[:, :decayed] - shrunk[:, :decayed], 0.1 * 0.5 * before[:, :decayed], atol=1e-15)
    np.testing.assert_array_equal(plain[:, decayed:], shrunk[:, decayed:])


def test_clipping_shortens_long_gradients_block_by_block():
    grads = np.array([[3.0, 4.0], [0.3, 0.4], [np.nan, 1.0]])
    clip(grads, 1.0)
    np.testing.assert_allclose(grads[:2], [[0.6, 0.8], [0.3, 0.4]])
    assert np.isnan(grads[2]).any()


def test_facts_are_known_without_training(config):
    facts = NumpyProgram().facts(config())
    assert facts["majority_rate"] == pytest.approx(1 / 3, abs=0.05)
    assert {**facts, "fingerprint": "", "majority_rate": 0} == {
        "dataset": "Blobs",
        "fingerprint": "",
        "majority_rate": 0,
        "parameters": 12 * 8 + 8 + 8 * 6 + 6 + 6 * 3 + 3,
        "multiply_adds": 12 * 8 + 8 * 6 + 6 * 3,
        "graph_width": 1,
        "train_size": 120,
        "validation_size": 60,
        "test_size": 60,
        "classes": 3,
        "steps": 28,
        "dtype": "float32",
        "compiled": False,
    }
    assert len(facts["fingerprint"]) == 64


def test_arrays_of_objects_are_refused_because_they_would_have_to_be_pickled():
    with pytest.raises(TypeError, match="'odd' holds Python objects"):
        RunResult(0, Outcome.REACHED, arrays={"odd": np.array([{}], dtype=object)})


def test_progress_rises_to_its_end(config):
    told = []
    NumpyProgram().run(config(), [0, 1, 2], lambda done, steps: told.append((done, steps)))
    done = [d for d, _ in told]
    assert done == sorted(done)
    assert told[-1] == (28 * 3, 28 * 3)


@dataclass(frozen=True)
class Slow(FromTrainingSet):
    def prepared(self, images, labels, rngs, *, classes):
        time.sleep(0.2)
        return NoAugmentation()


def test_an_estimate_counts_what_an_augmentation_prepares(config):
    assert NumpyProgram().seconds_per_run(config(epochs=1, augment=Slow()), 1) > 0.2
