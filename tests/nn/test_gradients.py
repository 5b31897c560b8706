"""Backward passes against central differences, for every registered component.

The derivative along one random direction per block is compared: an error in any entry of the gradient shows
in the projection with probability one. float64 throughout.
"""

import numpy as np
import pytest

from ablate.nn import CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU, Replicas, Step, Tanh
from ablate.nn.arrays import Cache
from ablate.registry import options

BLOCKS, BATCH, SHAPE, CLASSES = 2, 7, (1, 2, 3), 3
STEP = 1e-6


def generators(seed):
    return [np.random.default_rng([seed, block]) for block in range(BLOCKS)]


def check_network(*, activation, norm, dropout, loss, hidden=(5, 4)):
    """Compare the gradient of the loss in every parameter with differences, mask drawn alike each time."""
    rng = np.random.default_rng(0)
    network = Mlp(list(hidden)).build(SHAPE, CLASSES, activation=activation, norm=norm, dropout=dropout)
    replicas = Replicas(network, blocks=BLOCKS, dtype="float64")
    replicas.init(He(), generators(1))
    replicas.params += 0.3 * rng.standard_normal(replicas.params.shape)  # biases, gains and shifts, too
    x = rng.standard_normal((BLOCKS, BATCH, 6))
    labels = rng.integers(CLASSES, size=(BLOCKS, BATCH))
    start = replicas.params.copy()

    def value(params):
        replicas.params[...] = params
        scores = replicas.forward(x, train=True, rngs=generators(2))
        return loss.train(scores, labels, Cache({}, dtype=np.dtype("float64"), train=True, overwrite=True))

    _, dscores = value(start)
    replicas.backward(dscores)
    gradient = replicas.grads.copy()
    direction = rng.standard_normal(start.shape)
    numeric = (value(start + STEP * direction)[0] - value(start - STEP * direction)[0]) / (2 * STEP)
    np.testing.assert_allclose((gradient * direction).sum(axis=1), numeric, rtol=1e-6, atol=1e-8)
    assert np.abs(gradient).max() > 1e-3  # there is something to compare
    return gradient, network


def plain(**changed):
    return {"activation": Tanh(), "norm": NoNorm(), "dropout": NoDropout(), "loss": CrossEntropy(), **changed}


# A straight-through estimator's gradient is by intent not that of the net; the layer below is checked on its own.
DIFFERENTIABLE = [name for name, cls in options("activation").items() if not cls.straight_through]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.parametrize("norm", options("norm"))
def test_net_gradient_with_every_activation_and_norm(name, norm):
    check_network(**plain(activation=options("activation")[name](), norm=options("norm")[norm]()))


@pytest.mark.parametrize("name", options("dropout"))
@pytest.mark.parametrize("activation", [ReLU(), Tanh()])
def test_net_gradient_with_every_dropout_at_a_fixed_mask(name, activation):
    check_network(**plain(dropout=options("dropout")[name](), activation=activation), hidden=(9, 8))


@pytest.mark.parametrize("name", options("loss"))
def test_net_gradient_with_every_loss(name):
    check_network(**plain(loss=options("loss")[name]()))


@pytest.mark.parametrize("hidden", [(), (4,), (4, 4, 4, 4)])
def test_net_gradient_at_every_depth(hidden):
    check_network(**plain(), hidden=hidden)


def test_true_gradient_of_step_is_zero_before_it():
    gradient, network = check_network(**plain(activation=Step()))
    views = network.layout.views(gradient)
    assert all(not views[node]["W"].any() for node in (0, 2))
    assert views[4]["W"].any()
