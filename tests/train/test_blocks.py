"""Seeds trained together give what each gives alone, whatever happens to their neighbours."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from ablate.nn import (
    BatchNorm,
    BernoulliDropout,
    ConvNet,
    DeepConvNet,
    GroupNorm,
    He,
    Inception,
    LayerNorm,
    Mlp,
    NoNorm,
    ResNet,
    SinglePath,
)
from ablate.nn.layers import conv
from ablate.registry import options
from ablate.train.memory import chunks, footprint
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.outcome import Outcome

SEEDS = [3, 0, 11]
SETTINGS = [
    (group, name)
    for group in ("activation", "optimizer", "init", "norm", "dropout", "loss", "augment", "schedule")
    for name in options(group)
]


def run(config, seeds):
    return NumpyProgram().run(config, seeds)


def assert_same(one, other):
    assert (one.seed, one.outcome, one.first_nonfinite_step) == (other.seed, other.outcome, other.first_nonfinite_step)
    for name, curve in one.curves.items():
        np.testing.assert_array_equal(curve.steps, other.curves[name].steps)
        # To the last bit, here; what is promised is to rounding (another BLAS may order its sums by alignment).
        np.testing.assert_array_equal(curve.values, other.curves[name].values)


@pytest.mark.parametrize(("group", "name"), SETTINGS)
def test_together_equals_alone_with_every_component(config, group, name):
    arm = config(**{group: options(group)[name]()})
    for together, seed in zip(run(arm, SEEDS), SEEDS, strict=True):
        assert_same(together, run(arm, [seed])[0])


@pytest.mark.parametrize(
    "changed",
    [
        {"l2": 0.1},
        {"clip_norm": 0.05},
        {"dtype": "float64"},
        {"dtype": "float16"},
        {"sampling": "replacement"},
        {"batch_size": 1},
        {"freeze": "hidden"},
        {"change_at": 2},
    ],
    ids=str,
)
def test_together_equals_alone_with_every_setting(config, changed):
    arm = config(norm=BatchNorm(), dropout=BernoulliDropout(0.2), **changed)
    for together, seed in zip(run(arm, SEEDS), SEEDS, strict=True):
        assert_same(together, run(arm, [seed])[0])


def test_how_many_are_trained_at_a_time_changes_nothing(config):
    arm = config(norm=BatchNorm(), dropout=BernoulliDropout(0.2))
    at_once = run(arm, range(5))
    tight = replace(arm, memory_gb=2.5 * footprint(arm, network_of(arm)).held / 2**30)
    assert [len(group) for group in chunks(tight, network_of(tight), list(range(5)))] == [1, 2, 2]
    for one, other in zip(at_once, run(tight, range(5)), strict=True):
        assert_same(one, other)


# For the tests' images of 3x4 pixels.
NETS = {
    "convnet": ConvNet([4], kernel=3, padding=1, hidden=[6]),
    "deep_convnet": DeepConvNet([3], hidden=[5]),
    "resnet": ResNet([3, 4]),
    "inception": Inception(3, 1, [2]),
    "single_path": SinglePath(3, 1, [4]),
}


@pytest.mark.parametrize("name", [name for name, cls in options("model").items() if cls is not Mlp])
@pytest.mark.parametrize("norm", [NoNorm(), BatchNorm(), GroupNorm(2), LayerNorm()])
def test_together_equals_alone_with_every_model_of_images(config, name, norm):
    arm = config(model=NETS[name], norm=norm, dropout=BernoulliDropout(0.2), steps=6)
    for together, seed in zip(run(arm, SEEDS), SEEDS, strict=True):
        assert_same(together, run(arm, [seed])[0])


def test_together_equals_alone_where_columns_are_laid_out_in_pieces(config, monkeypatch):
    """Were the pieces cut by how many blocks there are, sums would be ordered otherwise."""
    monkeypatch.setattr(conv, "PIECE", 9 * 4 * 4 * 16 * 4)  # a row of the second convolution's windows, 16 images
    arm = config(model=DeepConvNet([4], hidden=[5]), steps=4)
    for together, seed in zip(run(arm, SEEDS), SEEDS, strict=True):
        assert_same(together, run(arm, [seed])[0])


@dataclass(frozen=True)
class Explosive(He):
    """Some seeds begin with weights at which float32 overflows at once."""

    above: float = 0.0  # standard deviations: the first weight of a layer that explodes

    def draw(self, rng, shape, fans):
        drawn = super().draw(rng, shape, fans)
        return drawn * 1e30 if drawn.flat[0] > self.above * self.std_for(*fans) else drawn


def test_a_diverging_block_touches_nobody(config):
    arm = config(init=Explosive())
    together = run(arm, range(8))
    diverged = [result.outcome is Outcome.DIVERGED for result in together]
    assert any(diverged)
    assert not all(diverged)
    for result in together:
        assert_same(result, run(arm, [result.seed])[0])
        if result.outcome is Outcome.DIVERGED:
            curve = result.curves["train/accuracy"]
            assert result.first_nonfinite_step <= 1
            np.testing.assert_array_equal(np.isnan(curve.values), curve.steps >= result.first_nonfinite_step)
            assert result.test_correct is None
            assert not [name for name in result.metrics if name.startswith(("final/", "best/", "ttt/"))]
            assert result.metrics["aulc/train_accuracy"] == NumpyProgram().facts(arm)["majority_rate"]
        else:
            assert_same(result, run(replace(arm, init=He()), [result.seed])[0])
            assert all(np.isfinite(curve.values).all() for curve in result.curves.values())


@pytest.mark.parametrize(("name", "above"), [("inception", 1.5), ("resnet", 1.5), ("convnet", 0.7)])
def test_a_diverging_block_of_images_touches_nobody(config, name, above):
    arm = config(model=NETS[name], init=Explosive(above), steps=8)
    together = run(arm, range(8))
    diverged = [result.outcome is Outcome.DIVERGED for result in together]
    assert any(diverged)
    assert not all(diverged)
    for result, failed in zip(together, diverged, strict=True):
        assert_same(result, run(arm, [result.seed])[0])
        assert failed or all(np.isfinite(curve.values).all() for curve in result.curves.values())
