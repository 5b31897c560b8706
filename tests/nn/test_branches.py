"""Layers that hold chains of layers: how a network sees them, and whose memory is whose."""

import tracemalloc

import numpy as np
import pytest

from ablate.nn import (
    BatchNorm,
    Conv2d,
    Dense,
    GlobalAvgPool,
    He,
    LayerNorm,
    MaxPool,
    NoDropout,
    NoNorm,
    Parallel,
    ReLU,
    Replicas,
    Residual,
)
from ablate.nn.network import Network
from ablate.registry import options

MODELS = list(options("model"))


def network_of(name, norm):
    shape = (1, 8, 8)
    return options("model")[name]().build(shape, 3, activation=ReLU(), norm=norm, dropout=NoDropout())


def drawn(network, *, blocks=2, dtype="float64"):
    replicas = Replicas(network, blocks=blocks, dtype=dtype)
    replicas.init(He(), [np.random.default_rng(block) for block in range(blocks)])
    return replicas


def nested():
    inner = Residual([("conv", Conv2d(2, 3, padding=1)), ("none", NoNorm())])
    return Network(
        (2, 4, 4),
        [
            ("first", Conv2d(2, 1)),
            ("both", Parallel((("left", [("around", inner)]), ("right", [("pool", MaxPool(3, 1, 1))])))),
            ("mean", GlobalAvgPool()),
            ("dense", Dense(3)),
        ],
    )


@pytest.mark.parametrize(("name", "width"), [("inception", 4), ("single_path", 1), ("resnet", 1), ("mlp", 1)])
def test_a_nets_width_counts_the_ways_joined_on_channels(name, width):
    assert network_of(name, BatchNorm()).width == width
    assert nested().width == 2


def test_every_node_has_its_way_as_name_and_stands_where_data_reaches_it():
    network = nested()
    assert [node.name for node in network.nodes] == ["first", "both", "mean", "dense"]
    assert [node.name for node in network.every] == [
        "first",
        "both",
        "both/left/around",
        "both/left/around/body/conv",
        "both/right/pool",
        "mean",
        "dense",
    ]
    both = network.nodes[1]
    assert [branch.name for branch in both.branches] == ["left", "right"]
    assert both.out_shape == (4, 4, 4)
    body, shortcut = both.branches[0].nodes[0].branches
    assert (len(body.nodes), shortcut.nodes) == (1, ())


def test_what_is_inside_is_drawn_counted_and_decayed_as_anything_else():
    network = nested()
    assert network.parameters == (2 * 2 + 2) + (2 * 2 * 9 + 2) + (4 * 3 + 3)
    assert network.layout.decayed == 2 * 2 + 2 * 2 * 9 + 4 * 3
    assert network.multiply_adds == 2 * 2 * 16 + 2 * 2 * 9 * 16 + 4 * 3
    views = drawn(network).views[3]
    assert set(views) == {"W", "b"}
    assert views["W"].shape == (2, 2, 2, 3, 3)
    assert views["W"].all()


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two layers of a network have one name: a"):
        Network((4,), [("a", Dense(3)), ("a", Dense(2))])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("norm", [NoNorm(), LayerNorm()])
def test_evaluation_gives_what_training_gives_where_nothing_depends_on_the_mode(name, norm):
    """Evaluation shares its buffers between nodes and keeps nothing; training keeps everything."""
    replicas = drawn(network_of(name, norm))
    x = np.random.default_rng(0).standard_normal((2, 5, 64))
    trained = replicas.forward(x, train=True).copy()
    np.testing.assert_allclose(replicas.forward(x, train=False), trained, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("norm", [NoNorm(), BatchNorm()])
def test_images_shared_by_all_blocks_give_what_copies_give_and_stay_as_they_are(name, norm):
    replicas = drawn(network_of(name, norm))
    x = np.random.default_rng(0).standard_normal((1, 5, 64))
    before = x.copy()
    copies = replicas.forward(np.repeat(x, 2, axis=0), train=False).copy()
    np.testing.assert_allclose(replicas.forward(x, train=False), copies, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(x, before)


def test_a_norm_or_a_pool_may_be_the_first_to_see_images_that_all_blocks_share():
    layers = [("pool", MaxPool(2)), ("norm", BatchNorm()), ("mean", GlobalAvgPool()), ("dense", Dense(3))]
    replicas = drawn(Network((1, 8, 8), layers))
    replicas.views[1]["shift"][1] = 5.0
    x = np.random.default_rng(0).standard_normal((1, 5, 64))
    copies = replicas.forward(np.repeat(x, 2, axis=0), train=False).copy()
    np.testing.assert_allclose(replicas.forward(x, train=False), copies, rtol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_nothing_of_size_is_allocated_after_the_first_step(name):
    replicas = drawn(network_of(name, BatchNorm()), dtype="float32")
    x = np.random.default_rng(0).random((2, 50, 64), dtype=np.float32)

    def step():
        replicas.backward(np.array(replicas.forward(x, train=True)))

    step()
    held = replicas.nbytes
    tracemalloc.start()
    step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert replicas.nbytes == held
    assert peak < 120_000 < held  # NumPy itself may take three operands' buffers of 8,192 numbers
