"""Backward passes of layers of images, and of layers inside layers, against central differences."""

import numpy as np
import pytest

from ablate.nn import (
    AvgPool,
    BatchNorm,
    BernoulliDropout,
    Conv2d,
    Dense,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    LayerNorm,
    MaxPool,
    Parallel,
    ReLU,
    Replicas,
    Residual,
    Tanh,
)
from ablate.nn.network import Network
from ablate.registry import options

IMAGE = (3, 6, 5)

LAYERS = {
    "conv 1x1": Conv2d(4, 1),
    "conv 1x1, stride 2": Conv2d(4, 1, stride=2),
    "conv 3x3": Conv2d(4, 3),
    "conv 3x3, same": Conv2d(4, 3, padding=1),
    "conv 3x3, stride 2, padded": Conv2d(4, 3, stride=2, padding=1),
    "conv 2x2, stride 3": Conv2d(2, 2, stride=3),
    "conv 5x5, same, without bias": Conv2d(2, 5, padding=2, bias=False),
    "max 2x2": MaxPool(2),
    "max 3x3, same": MaxPool(3, stride=1, padding=1),
    "max 3x3, stride 2": MaxPool(3, stride=2),
    "max 1x1, stride 2": MaxPool(1, stride=2),
    "average 2x2": AvgPool(2),
    "average 3x3, same": AvgPool(3, stride=1, padding=1),
    "average 3x3, stride 2": AvgPool(3, stride=2),
    "global average": GlobalAvgPool(),
    "flatten": Flatten(),
    **{f"norm {name}": cls() for name, cls in options("norm").items()},
    "group norm, 3 groups": GroupNorm(3),
    "dropout": BernoulliDropout(0.3),
    # A straight-through slope is not a derivative; tests/nn/test_gradients.py holds it against what it stands in for.
    **{
        f"activation {name}": cls()
        for name, cls in options("activation").items()
        if not getattr(cls, "straight_through", False)
    },
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("between", [False, True])
def test_gradients_of_a_layer_of_images(check_gradients, name, between):
    """Alone, on what may not be written over; and between convolutions, on what may."""
    layers = [("layer", LAYERS[name])]
    if between:
        layers.insert(0, ("before", Conv2d(3, 3, padding=1)))
        if name not in ("global average", "flatten"):
            layers.append(("after", Conv2d(2, 1)))
    check_gradients(IMAGE, layers)


def convolution(filters, kernel, norm=None):
    norm = norm or BatchNorm()
    return [
        ("conv", Conv2d(filters, kernel, padding=kernel // 2, bias=not norm.cancels_bias)),
        ("norm", norm),
        ("activation", Tanh()),
    ]


def inception(norm=None):
    return Parallel(
        (
            ("1x1", convolution(2, 1, norm)),
            ("3x3", [("reduce", Conv2d(2, 1)), ("relu", Tanh()), *convolution(3, 3, norm)]),
            ("5x5", [("reduce", Conv2d(1, 1)), ("relu", Tanh()), *convolution(2, 5, norm)]),
            ("pool", [("pool", MaxPool(3, stride=1, padding=1)), ("conv", Conv2d(2, 1))]),
        )
    )


COMPOSITES = {
    "residual around nothing learnt": [("r", Residual([("tanh", Tanh())]))],
    "residual": [("r", Residual([*convolution(3, 3), ("conv2", Conv2d(3, 3, padding=1))]))],
    "residual, norm first": [
        ("r", Residual([("norm", BatchNorm()), ("relu", ReLU()), ("conv", Conv2d(3, 3, padding=1))]))
    ],
    "residual with a projection": [
        ("r", Residual([("c", Conv2d(4, 3, stride=2, padding=1)), ("n", BatchNorm())], [("p", Conv2d(4, 1, stride=2))]))
    ],
    "residuals in a row": [
        ("first", Residual(convolution(3, 3))),
        ("tanh", Tanh()),
        ("second", Residual(convolution(3, 3))),
        ("third", Residual(convolution(4, 3), [("p", Conv2d(4, 1))])),
    ],
    "inception": [("i", inception())],
    "inceptions in a row": [("i", inception()), ("pool", MaxPool(2)), ("j", inception(GroupNorm(2)))],
    "a way that is the image itself": [("i", Parallel((("as it is", ()), ("tanh", [("tanh", Tanh())]))))],
    "residual inside inception inside residual": [
        ("conv", Conv2d(4, 1)),
        (
            "outer",
            Residual(
                [
                    ("p", Parallel((("a", [("r", Residual(convolution(4, 3)))]), ("b", convolution(2, 1))))),
                    ("c", Conv2d(4, 1)),
                ]
            ),
        ),
    ],
    "convolution to scores": [*convolution(4, 3), ("pool", MaxPool(2)), ("flatten", Flatten()), ("dense", Dense(3))],
    "inception to scores": [("i", inception(LayerNorm())), ("mean", GlobalAvgPool()), ("dense", Dense(3))],
}


@pytest.mark.parametrize("name", COMPOSITES)
def test_gradients_of_a_composition(check_gradients, name):
    check_gradients(IMAGE, COMPOSITES[name])


@pytest.mark.parametrize("batch", [1, 2])
def test_gradients_of_a_minibatch_of_one(check_gradients, batch):
    layers = [*convolution(4, 3, LayerNorm()), ("pool", MaxPool(2)), ("flatten", Flatten()), ("dense", Dense(3))]
    check_gradients(IMAGE, layers, batch=batch)


def test_the_maximum_of_equals_hands_its_gradient_to_the_first():
    replicas = Replicas(Network((1, 2, 2), [("max", MaxPool(2))]), blocks=1, dtype="float64")
    for pixels, expected in [([0, 1, 1, 0], [0, 5, 0, 0]), ([1, 0, 1, 1], [5, 0, 0, 0]), ([0, 0, 2, 2], [0, 0, 5, 0])]:
        replicas.forward(np.array(pixels, float).reshape(1, 1, 4), train=True)
        dx = replicas.backward(np.full((1, 1, 1, 1, 1), 5.0), need_dx=True)
        np.testing.assert_array_equal(dx.ravel(), expected)
