import numpy as np
import pytest

from ablate.errors import UserError
from ablate.nn import (
    ELU,
    BatchNorm,
    BernoulliDropout,
    Dense,
    He,
    LayerNorm,
    LeakyReLU,
    Mlp,
    NoDropout,
    NoNorm,
    Normal,
    ReLU,
    Tanh,
    Xavier,
)
from ablate.nn.arrays import Cache
from ablate.nn.network import Network, Replicas


def mlp(hidden=(4, 3), *, norm=None, dropout=None):
    return Mlp(list(hidden)).build(
        (1, 2, 3), 2, activation=ReLU(), norm=norm or NoNorm(), dropout=dropout or NoDropout()
    )


def generators(blocks):
    return [np.random.default_rng(block) for block in range(blocks)]


def test_layers_come_in_the_books_order_and_end_with_a_bare_dense():
    network = mlp(norm=BatchNorm(), dropout=BernoulliDropout())
    assert [node.name for node in network.nodes] == [
        "dense1",
        "norm1",
        "activation1",
        "dropout1",
        "dense2",
        "norm2",
        "activation2",
        "dropout2",
        "dense3",
    ]
    assert [node.out_shape for node in network.nodes][-1] == (2,)


def test_weights_lie_before_biases_gains_and_shifts():
    network = mlp(norm=LayerNorm())
    assert network.layout.decayed == 6 * 4 + 4 * 3 + 3 * 2
    flat = np.zeros((1, network.layout.size))
    flat[:, : network.layout.decayed] = 1.0
    for views in network.layout.views(flat):
        for name, view in views.items():
            assert (view == (name == "W")).all()


def test_views_cover_every_parameter_once():
    network = mlp(norm=BatchNorm())
    flat = np.zeros((2, network.layout.size))
    for views in network.layout.views(flat):
        for name in views:
            views[name] += 1.0
    np.testing.assert_array_equal(flat, 1.0)


def test_the_books_net_has_the_books_number_of_parameters():
    network = Mlp().build((1, 28, 28), 10, activation=ReLU(), norm=NoNorm(), dropout=NoDropout())
    assert network.parameters == 784 * 100 + 4 * 100 * 100 + 100 * 10 + 5 * 100 + 10


def test_a_linear_deep_net_is_the_product_of_its_matrices():
    network = Network((6,), [("a", Dense(5)), ("b", Dense(4)), ("c", Dense(3))])
    replicas = Replicas(network, blocks=2, dtype="float64")
    replicas.init(He(), generators(2))
    x = np.random.default_rng(0).normal(size=(2, 7, 6))
    product = replicas.views[0]["W"] @ replicas.views[1]["W"] @ replicas.views[2]["W"]
    np.testing.assert_allclose(replicas.forward(x, train=False), x @ product, rtol=1e-12)


@pytest.mark.parametrize(
    ("initializer", "std"), [(Normal(0.3), 0.3), (Xavier(), (1 / 784) ** 0.5), (He(), (2 / 784) ** 0.5)]
)
def test_weights_are_drawn_with_the_stated_std_and_biases_are_zero(initializer, std):
    replicas = Replicas(Network((784,), [("a", Dense(100))]), blocks=2)
    replicas.init(initializer, generators(2))
    assert replicas.views[0]["W"].std() == pytest.approx(std, rel=0.01)
    assert not replicas.views[0]["b"].any()


def test_norm_and_dropout_leave_the_drawn_weights_as_they_were():
    drawn = []
    for network in (mlp(), mlp(norm=BatchNorm(), dropout=BernoulliDropout())):
        replicas = Replicas(network, blocks=2)
        replicas.init(He(), generators(2))
        drawn.append(replicas.params[:, : network.layout.decayed])
    np.testing.assert_array_equal(*drawn)


def test_init_scales_the_same_draws():
    drawn = []
    for std in (0.01, 0.02):
        replicas = Replicas(mlp(), blocks=1, dtype="float64")
        replicas.init(Normal(std), generators(1))
        drawn.append(replicas.params)
    np.testing.assert_allclose(2 * drawn[0], drawn[1])


def test_an_input_shared_by_all_blocks_gives_what_copies_give():
    replicas = Replicas(mlp(norm=BatchNorm()), blocks=3)
    replicas.init(He(), generators(3))
    x = np.random.default_rng(0).normal(size=(1, 5, 6)).astype(np.float32)
    shared = replicas.forward(x, train=False).copy()
    np.testing.assert_array_equal(shared, replicas.forward(np.repeat(x, 3, axis=0), train=False))


def test_the_input_is_never_written_to():
    for train in (True, False):
        replicas = Replicas(mlp(norm=BatchNorm(), dropout=BernoulliDropout()), blocks=2)
        replicas.init(He(), generators(2))
        x = np.random.default_rng(0).normal(size=(2, 5, 6)).astype(np.float32)
        x.flags.writeable = False
        replicas.backward(replicas.forward(x, train=train, rngs=generators(2))) if train else replicas.forward(
            x, train=train
        )


def test_wrong_settings_are_named():
    with pytest.raises(UserError, match=r"`Mlp.hidden` must hold widths >= 1, got \[100, 0\]\."):
        Mlp([100, 0])
    with pytest.raises(UserError, match=r"`Normal.std` must be >= 0, got -1\.0\."):
        Normal(-1.0)


def test_an_output_that_backward_reads_is_not_written_over():
    """Two activations in a row: the second must leave the first one's output alone."""
    network = Network((3,), [("dense", Dense(4)), ("tanh", Tanh()), ("relu", LeakyReLU(0.5)), ("elu", ELU())])
    replicas = Replicas(network, blocks=1, dtype="float64")
    replicas.init(Normal(1.0), generators(1))
    x = np.random.default_rng(0).normal(size=(1, 5, 3))
    pre = x @ replicas.views[0]["W"]
    replicas.forward(x, train=True)
    replicas.backward(np.ones((1, 5, 4)))
    first = np.tanh(pre)
    second = np.where(first > 0, first, 0.5 * first)
    slope = (1 - first**2) * np.where(first > 0, 1.0, 0.5) * np.where(second > 0, 1.0, np.exp(second))
    np.testing.assert_allclose(network.layout.views(replicas.grads)[0]["W"], x.swapaxes(1, 2) @ slope, rtol=1e-12)


def test_a_handover_buffer_is_never_the_one_being_read():
    cache = Cache({}, dtype=np.dtype("float32"), train=False, overwrite=True)
    first = cache.handover((2, 3), np.empty(1))
    second = cache.handover((2, 3), first)
    assert not np.shares_memory(first, second)
    assert cache.handover((2, 3), second) is first
    assert not np.shares_memory(cache.handover((2, 3), first.reshape(3, 2)), first)
