"""Layers of images against definitions written out as loops, and what each promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.nn import (
    AvgPool,
    BatchNorm,
    Conv2d,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    He,
    LayerNorm,
    MaxPool,
    Parallel,
    Replicas,
    Residual,
    Tanh,
    Xavier,
)
from ablate.nn.layers import conv
from ablate.nn.network import Network


def ran(layer, x, *, train=True, views=None):
    """Return the layer's output on `x` (blocks, batch, channels, height, width), and the replicas."""
    replicas = Replicas(Network(x.shape[2:], [("layer", layer)]), blocks=len(x), dtype="float64")
    replicas.init(He(), [np.random.default_rng(block) for block in range(len(x))])
    for name, value in (views or {}).items():
        replicas.views[0][name][...] = value
    return replicas.forward(x, train=train), replicas


def windows(x, kernel, stride, padding, fill):
    """Yield (row, column, the window) of framed images, one after another."""
    framed = np.pad(x, [(0, 0)] * 3 + [(padding, padding)] * 2, constant_values=fill)
    for row, top in enumerate(range(0, framed.shape[3] - kernel + 1, stride)):
        for column, left in enumerate(range(0, framed.shape[4] - kernel + 1, stride)):
            yield row, column, framed[..., top : top + kernel, left : left + kernel]


SIZES = st.fixed_dictionaries(
    {
        "channels": st.integers(1, 3),
        "height": st.integers(4, 7),
        "width": st.integers(4, 7),
        "batch": st.integers(1, 3),
        "kernel": st.integers(1, 4),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 2),
    }
)


def images(size, seed=0):
    shape = (2, size["batch"], size["channels"], size["height"], size["width"])
    return np.random.default_rng(seed).standard_normal(shape)


@settings(max_examples=40, deadline=None)
@given(size=SIZES, piece=st.sampled_from([1, 2**18]))
def test_a_convolution_is_its_definition(size, piece):
    x = images(size)
    kernel, stride, padding = size["kernel"], size["stride"], size["padding"]
    before, conv.PIECE = conv.PIECE, piece  # cut row by row, or all at once
    try:
        y, replicas = ran(Conv2d(2, kernel, stride, padding), x, views={"b": 0.5})
    finally:
        conv.PIECE = before
    weight = replicas.views[0]["W"]
    expected = np.empty_like(y)
    for row, column, window in windows(x, kernel, stride, padding, 0.0):
        expected[..., row, column] = np.einsum("bnkij,bfkij->bnf", window, weight) + 0.5
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(size=SIZES, cls=st.sampled_from([MaxPool, AvgPool]))
def test_pooling_is_its_definition(size, cls):
    x = images(size)
    kernel, stride, padding = size["kernel"], size["stride"], min(size["padding"], size["kernel"] // 2)
    y, _ = ran(cls(kernel, stride, padding), x)
    fill, reduce = (-np.inf, np.max) if cls is MaxPool else (0.0, np.mean)
    expected = np.empty_like(y)
    for row, column, window in windows(x, kernel, stride, padding, fill):
        expected[..., row, column] = reduce(window, axis=(3, 4))
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


def test_global_average_and_flatten_are_their_names():
    x = images({"channels": 3, "height": 4, "width": 5, "batch": 6})
    np.testing.assert_allclose(ran(GlobalAvgPool(), x)[0], x.mean(axis=(3, 4)), rtol=1e-12)
    np.testing.assert_array_equal(ran(Flatten(), x)[0], x.reshape(2, 6, 60))


def test_flattening_what_a_convolution_gives_moves_nothing():
    network = Network((1, 4, 4), [("conv", Conv2d(2, 3)), ("flatten", Flatten())])
    replicas = Replicas(network, blocks=1)
    seen = []
    replicas.forward(np.ones((1, 3, 16), np.float32), train=True, watch=lambda at, x, y: seen.append((x, y)))
    assert np.shares_memory(*seen[1])


@pytest.mark.parametrize("train", [True, False])
def test_batch_norm_of_images_is_that_of_their_pixels_as_examples(train):
    x = images({"channels": 3, "height": 4, "width": 5, "batch": 6})
    layer = BatchNorm()
    pixels = Replicas(Network((3,), [("norm", layer)]), blocks=2, dtype="float64")
    pixels.init(He(), [np.random.default_rng(0)] * 2)
    y, replicas = ran(layer, x)
    flat = x.transpose(0, 1, 3, 4, 2).reshape(2, -1, 3)
    expected = pixels.forward(flat, train=True)
    if not train:
        y, expected = replicas.forward(x, train=False), pixels.forward(flat, train=False)
    np.testing.assert_allclose(y.transpose(0, 1, 3, 4, 2).reshape(2, -1, 3), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize(("layer", "groups"), [(GroupNorm(2), 2), (GroupNorm(4), 4), (LayerNorm(), 1)])
def test_each_group_of_each_example_has_mean_zero_and_variance_one(layer, groups, train):
    x = 3.0 + 5.0 * images({"channels": 4, "height": 4, "width": 5, "batch": 6})
    y = ran(layer, x, train=train)[0].reshape(2, 6, groups, -1)
    np.testing.assert_allclose(y.mean(axis=3), 0.0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=3), 1.0, rtol=1e-5)


def test_group_norm_divides_units_of_a_dense_layer_too():
    x = np.random.default_rng(0).normal(3, 5, (2, 6, 8))
    replicas = Replicas(Network((8,), [("norm", GroupNorm(4))]), blocks=2, dtype="float64")
    replicas.init(He(), [np.random.default_rng(0)] * 2)
    np.testing.assert_allclose(replicas.forward(x, train=True).reshape(2, 6, 4, 2).mean(axis=3), 0.0, atol=1e-12)


def test_residual_adds_and_parallel_joins():
    x = images({"channels": 2, "height": 3, "width": 3, "batch": 4})
    np.testing.assert_allclose(ran(Residual([("tanh", Tanh())]), x)[0], np.tanh(x) + x, rtol=1e-12)
    joined = ran(Parallel((("tanh", [("tanh", Tanh())]), ("as it is", ()))), x)[0]
    np.testing.assert_allclose(joined, np.concatenate([np.tanh(x), x], axis=2), rtol=1e-12)


@pytest.mark.parametrize(("initializer", "gain"), [(He(), 2.0), (Xavier(), 1.0)])
def test_filters_are_drawn_by_the_numbers_in_a_window(initializer, gain):
    replicas = Replicas(Network((16, 5, 5), [("conv", Conv2d(64, 3))]), blocks=1)
    replicas.init(initializer, [np.random.default_rng(0)])
    assert replicas.views[0]["W"].std() == pytest.approx((gain / (16 * 9)) ** 0.5, rel=0.02)
    assert not replicas.views[0]["b"].any()
