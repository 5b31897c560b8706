import numpy as np
import pytest

from ablate.errors import UserError
from ablate.nn import LSUV, Mlp, NoDropout, NoNorm, Orthogonal, ReLU, Replicas, Sigmoid, Tanh
from ablate.nn.orthogonal import orthonormal, output_variance


def replicas_of(init, *, blocks=3, hidden=(20, 20, 20), activation=None, seed=0, dtype="float64"):
    network = Mlp(list(hidden)).build((1, 4, 4), 5, activation=activation or Tanh(), norm=NoNorm(), dropout=NoDropout())
    found = Replicas(network, blocks=blocks, dtype=dtype)
    found.init(init, [np.random.default_rng([seed, block]) for block in range(blocks)])
    return found


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 4)])
def test_orthonormal_weights_keep_lengths(shape):
    q = orthonormal(np.random.default_rng(0), shape).reshape(shape[0], -1)
    small = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(small, np.eye(min(q.shape)), atol=1e-12)


def test_orthogonal_draws_are_spread_evenly_over_signs():
    corner = [orthonormal(np.random.default_rng(seed), (3, 3))[0, 0] for seed in range(400)]
    assert abs(np.mean(corner)) < 0.1  # without the sign correction, R's diagonal would bias it
    assert np.std(corner) == pytest.approx(1 / np.sqrt(3), abs=0.05)


@pytest.mark.parametrize("activation", [Tanh(), ReLU(), Sigmoid()])
def test_lsuv_gives_every_layer_outputs_of_variance_one(activation):
    replicas = replicas_of(LSUV(), activation=activation)
    inputs = 0.1 * np.random.default_rng(1).random((3, 250, 16))
    weights = [i for i, node in enumerate(replicas.network.nodes) if node.name.startswith("dense")]
    before = np.array([output_variance(replicas, inputs, i) for i in weights])
    LSUV().calibrate(replicas, inputs)
    after = np.array([output_variance(replicas, inputs, i) for i in weights])
    assert (np.abs(before - 1) > 0.3).any()
    np.testing.assert_allclose(after, 1.0, atol=0.01)


def test_lsuv_scales_a_block_by_its_own_examples_only():
    inputs = np.random.default_rng(1).random((3, 50, 16)).astype(np.float32)
    together = replicas_of(LSUV(), dtype="float32")
    LSUV().calibrate(together, inputs)
    network = together.network
    for block in range(3):
        alone = Replicas(network, blocks=1, dtype="float32")
        alone.init(LSUV(), [np.random.default_rng([0, block])])
        LSUV().calibrate(alone, inputs[block : block + 1])
        np.testing.assert_array_equal(alone.params[0], together.params[block])


def test_lsuv_makes_the_same_net_of_normal_weights_of_any_scale():
    inputs = np.random.default_rng(1).standard_normal((3, 200, 16))
    made = []
    for std in (1e-4, 1.0):
        replicas = replicas_of(LSUV(std=std))
        LSUV().calibrate(replicas, inputs)
        made.append(replicas.forward(inputs, train=False))
    np.testing.assert_allclose(made[0], made[1], rtol=0.02)


def test_lsuv_leaves_a_layer_alone_whose_outputs_do_not_vary():
    replicas = replicas_of(LSUV())
    start = replicas.params.copy()
    LSUV().calibrate(replicas, np.zeros((3, 10, 16)))
    np.testing.assert_array_equal(replicas.params, start)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Orthogonal(0.0), "`Orthogonal.gain` must be > 0, got 0.0."),
        (lambda: LSUV(std=0.0), "`LSUV.std` must be > 0, or null for orthonormal weights, got 0.0."),
        (lambda: LSUV(minibatch=1), "`LSUV.minibatch` must be a whole number >= 2, got 1."),
        (lambda: LSUV(rounds=0), "`LSUV.rounds` must be a whole number >= 1, got 0."),
        (lambda: LSUV(tolerance=1.5), "`LSUV.tolerance` must be > 0 and < 1, got 1.5."),
    ],
)
def test_wrong_settings_are_named(build, message):
    with pytest.raises(UserError) as caught:
        build()
    assert str(caught.value) == message
