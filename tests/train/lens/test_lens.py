"""Looking changes nothing, and each block is looked at as if it were alone."""

from dataclasses import replace

import numpy as np
import pytest

from ablate.data import Digits
from ablate.nn import LSUV, Activation, BatchNorm, BernoulliDropout, Mlp, Normal, Sigmoid, Step
from ablate.optim import SGD, AdaGrad
from ablate.registry import options
from ablate.train.config import OBSERVERS
from ablate.train.lens import METRICS
from ablate.train.numpy_program import NumpyProgram, network_of

EVERYTHING = list(OBSERVERS)
HARD = {"norm": BatchNorm(), "dropout": BernoulliDropout(0.3), "l2": 0.01}


def run(config, seeds=(0,)):
    return NumpyProgram().run(config, list(seeds))


@pytest.mark.parametrize("changed", [{}, HARD, {"dtype": "float16", "change_at": 2}], ids=str)
def test_observing_changes_no_result_to_the_bit(config, changed):
    plain, seen = (run(config(observe=names, **changed), [0, 3]) for names in ([], EVERYTHING))
    for one, other in zip(plain, seen, strict=True):
        assert not one.arrays
        assert set(other.metrics) - set(one.metrics) <= METRICS.keys()
        for name, curve in one.curves.items():
            np.testing.assert_array_equal(curve.values, other.curves[name].values)
        np.testing.assert_array_equal(one.test_correct, other.test_correct)
        own = {name: value for name, value in other.metrics.items() if name in one.metrics and "seconds" not in name}
        assert own == {name: value for name, value in one.metrics.items() if "seconds" not in name}


def test_a_block_is_seen_as_it_would_be_alone(config):
    arm = config(observe=EVERYTHING, optimizer=AdaGrad(), **HARD)
    for together in run(arm, [3, 0, 11]):
        (alone,) = run(arm, [together.seed])
        assert {k: v for k, v in alone.metrics.items() if "seconds" not in k} == {
            k: v for k, v in together.metrics.items() if "seconds" not in k
        }
        for name, array in alone.arrays.items():
            np.testing.assert_array_equal(array, together.arrays[name])


def test_a_diverging_block_touches_nobodys_arrays(config):
    (alone,) = run(config(observe=EVERYTHING), [1])
    assert all(np.isfinite(a).all() for a in alone.arrays.values() if a.dtype.kind == "f")
    wild = run(config(observe=EVERYTHING, optimizer=SGD(1e20)), [0, 1])
    for result in wild:
        assert np.isnan(result.arrays["activations/mean"][-1]).all()
        assert np.isnan(result.arrays["activations/saturated"][-1]).all()
        assert np.isnan(result.arrays["dead_units/share"][-1]).all()
        assert np.isfinite(result.arrays["activations/mean"][0]).all()
        assert all(np.isfinite(value) for value in result.metrics.values())


@pytest.mark.parametrize("name", OBSERVERS)
def test_only_what_was_asked_for_is_kept(config, name):
    (result,) = run(config(observe=[name]))
    assert {key.partition("/")[0] for key in result.arrays} == {name}
    assert {m for m in result.metrics if m in METRICS}
    assert set(result.metrics) <= NumpyProgram().metrics().keys()


def test_the_first_look_is_at_the_untrained_net_whenever_evaluation_begins(config):
    late, early = (run(config(observe=["activations"], evaluate_from=at))[0] for at in (1, 0))
    assert late.arrays["activations/look"].tolist() == [0, 1, 8, 15, 22, 28]
    assert early.arrays["activations/look"].tolist() == [0, 7, 14, 21, 28]
    np.testing.assert_array_equal(late.arrays["activations/counts"][0], early.arrays["activations/counts"][0])


def test_all_observers_together_see_what_each_sees_alone(config):
    (everything,) = run(config(observe=EVERYTHING))
    for name in OBSERVERS:
        (single,) = run(config(observe=[name]))
        for key, array in single.arrays.items():
            np.testing.assert_array_equal(array, everything.arrays[key])


def test_a_net_without_hidden_layers_can_be_observed(config):
    (result,) = run(config(observe=EVERYTHING, model=Mlp([])))
    assert result.arrays["activations/counts"].shape[1] == 0
    assert result.metrics["observe/gradient_ratio"] == 0.0
    assert "observe/activation_sd_last" not in result.metrics


def test_no_gradient_before_a_step_is_no_ratio(config):
    (result,) = run(config(observe=["gradients"], activation=Step()))
    assert result.arrays["gradients/norm"][0].tolist()[:2] == [0.0, 0.0]
    assert "observe/gradient_ratio" not in result.metrics


def test_scalars_are_those_of_the_arrays(config):
    (result,) = run(config(observe=EVERYTHING, activation=Sigmoid(), init=Normal(1.0)))
    arrays, metrics = result.arrays, result.metrics
    assert metrics["observe/activation_sd_last_start"] == arrays["activations/sd"][0, -1]
    assert metrics["observe/activation_sd_last"] == arrays["activations/sd"][-1, -1]
    assert metrics["observe/saturated_share"] == pytest.approx(arrays["activations/saturated"][-1].mean())
    assert metrics["observe/dead_share"] == pytest.approx(arrays["dead_units/share"][-1].mean())
    first, last = arrays["gradients/norm"][-1, [0, -1]]
    assert metrics["observe/gradient_ratio"] == pytest.approx(np.log10(first / last))


@pytest.mark.parametrize("name", ["convnet", "resnet", "inception"])
def test_nets_of_images_are_observed_inside_their_composite_layers_too(config, name):
    model, data = options("model")[name](), Digits(train_size=40)
    arm = config(model=model, dataset=data, init=LSUV(minibatch=20), batch_size=20, epochs=1, observe=EVERYTHING)
    together = run(arm, [0, 3])
    (alone,) = run(arm, [3])
    for key in ("activations/mean", "activations/sd", "gradients/norm"):  # of convolutions, alike to rounding
        np.testing.assert_allclose(alone.arrays[key], together[1].arrays[key], rtol=1e-4, atol=1e-7)
    activations = [node.name for node in network_of(arm).every if isinstance(node.layer, Activation)]
    assert len(activations) >= 2
    assert alone.arrays["activations/layer"].tolist() == activations
    assert (alone.arrays["activations/counts"].sum(axis=2) > 0).all()
    assert (alone.arrays["gradients/norm"] > 0).all()
    (plain,) = run(replace(arm, observe=[]), [3])
    np.testing.assert_array_equal(plain.curves["train/loss"].values, alone.curves["train/loss"].values)
