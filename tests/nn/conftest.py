"""Central differences for networks of any layers, float64: what a backward pass is held against."""

import numpy as np
import pytest

from ablate.nn import He, Replicas
from ablate.nn.network import Network

STEP = 1e-6


def generators(seed, blocks):
    return [np.random.default_rng([seed, block]) for block in range(blocks)]


def _check(shape, layers, *, blocks=2, batch=4, seed=0):
    """Compare the gradients in every parameter and in the input with differences along random directions.

    Each block is projected on its own: an error in any entry shows with probability one.
    """
    network = Network(shape, layers)
    rng = np.random.default_rng(seed)
    replicas = Replicas(network, blocks=blocks, dtype="float64")
    replicas.init(He(), generators(1, blocks))
    replicas.params += 0.3 * rng.standard_normal(replicas.params.shape)  # biases, gains and shifts, too
    x = rng.standard_normal((blocks, batch, *shape))
    weights = rng.standard_normal((blocks, batch, *network.out_shape))
    start = replicas.params.copy()

    def value(params, at):
        replicas.params[...] = params
        y = replicas.forward(at, train=True, rngs=generators(2, blocks))
        return (y * weights).reshape(blocks, -1).sum(axis=1)

    value(start, x)
    dx = replicas.backward(weights.copy(), need_dx=True).copy()
    grads = replicas.grads.copy()
    along = rng.standard_normal(x.shape)
    numeric = (value(start, x + STEP * along) - value(start, x - STEP * along)) / (2 * STEP)
    np.testing.assert_allclose((dx * along).reshape(blocks, -1).sum(axis=1), numeric, rtol=1e-6, atol=1e-6)
    if start.size:
        along = rng.standard_normal(start.shape)
        numeric = (value(start + STEP * along, x) - value(start - STEP * along, x)) / (2 * STEP)
        np.testing.assert_allclose((grads * along).sum(axis=1), numeric, rtol=1e-6, atol=1e-6)
        assert np.abs(grads).max() > 1e-3  # there is something to compare
    return replicas


@pytest.fixture(scope="session")
def check_gradients():
    """`check_gradients(shape, layers)` checks every gradient of a network of these layers."""
    return _check
