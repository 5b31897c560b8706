import numpy as np
import pytest

from ablate.errors import UserError
from ablate.nn import (
    BatchNorm,
    BernoulliDropout,
    Conv2d,
    ConvNet,
    DeepConvNet,
    Dense,
    He,
    Inception,
    MaxPool,
    NoDropout,
    NoNorm,
    Parallel,
    ReLU,
    Replicas,
    Residual,
    ResNet,
    SinglePath,
    matched,
)
from ablate.registry import options


def build(model, shape=(1, 28, 28), *, norm=None, dropout=None):
    return model.build(shape, 10, activation=ReLU(), norm=norm or NoNorm(), dropout=dropout or NoDropout())


def test_the_books_convnet_has_its_layers_and_sizes():
    network = build(ConvNet())
    assert [(node.name, node.out_shape) for node in network.nodes] == [
        ("conv1", (30, 24, 24)),
        ("activation1", (30, 24, 24)),
        ("pool1", (30, 12, 12)),
        ("flatten", (4320,)),
        ("dense1", (100,)),
        ("dense_activation1", (100,)),
        ("dense2", (10,)),
    ]
    assert network.parameters == (30 * 25 + 30) + (4320 * 100 + 100) + (100 * 10 + 10)
    assert network.multiply_adds == 30 * 25 * 24 * 24 + 4320 * 100 + 100 * 10


def test_the_books_deep_convnet_halves_three_times():
    shapes = [node.out_shape for node in build(DeepConvNet()).nodes if isinstance(node.layer, MaxPool)]
    assert shapes == [(16, 14, 14), (32, 7, 7), (64, 3, 3)]


@pytest.mark.parametrize("name", options("model"))
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32)])
@pytest.mark.parametrize(("norm", "dropout"), [(None, None), (BatchNorm(), BernoulliDropout())])
def test_every_model_gives_scores_for_images_of_any_size(name, shape, norm, dropout):
    network = build(options("model")[name](), shape, norm=norm, dropout=dropout)
    assert network.out_shape == (10,)
    normed = any(isinstance(node.layer, BatchNorm) for node in network.every)
    dropped = any(isinstance(node.layer, BernoulliDropout) for node in network.every)
    assert (normed, dropped) == (norm is not None, dropout is not None)
    replicas = Replicas(network, blocks=2)
    replicas.init(He(), [np.random.default_rng(block) for block in range(2)])
    x = np.random.default_rng(0).random((2, 3, int(np.prod(shape))), dtype=np.float32)
    scores = replicas.forward(x, train=True, rngs=[np.random.default_rng(block) for block in range(2)])
    assert scores.shape == (2, 3, 10)
    assert np.isfinite(scores).all()


def test_an_inception_block_joins_four_ways_on_channels():
    network = build(Inception(widths=[4]), (1, 8, 8))
    (block,) = [node for node in network.nodes if isinstance(node.layer, Parallel)]
    assert block.layer.joins == "channels"
    ways = {
        branch.name: [
            (type(node.layer).__name__, node.layer.kernel, node.out_shape[0])
            for node in branch.nodes
            if isinstance(node.layer, Conv2d | MaxPool)
        ]
        for branch in block.branches
    }
    assert ways == {
        "1x1": [("Conv2d", 1, 8)],
        "3x3": [("Conv2d", 1, 12), ("Conv2d", 3, 16)],
        "5x5": [("Conv2d", 1, 2), ("Conv2d", 5, 4)],
        "pool": [("MaxPool", 3, 16), ("Conv2d", 1, 4)],
    }
    for branch in block.branches:
        assert branch.nodes[0].in_shape == block.in_shape == (16, 8, 8)
        assert branch.nodes[-1].out_shape[1:] == (8, 8)
    assert block.out_shape == (sum(branch.nodes[-1].out_shape[0] for branch in block.branches), 8, 8)


def test_the_joined_output_is_the_outputs_of_the_ways_side_by_side():
    """Seen in the numbers: making one way's last convolution zero makes its channels zero, and no others."""
    network = build(Inception(widths=[2]), (1, 8, 8))
    start = next(index for index, node in enumerate(network.every) if isinstance(node.layer, Parallel))
    replicas = Replicas(network, blocks=1)
    replicas.init(He(), [np.random.default_rng(0)])
    last = [node.name for node in network.every].index("inception1/3x3/conv")
    replicas.views[last]["W"][...] = 0.0
    replicas.views[[node.name for node in network.every].index("dense")]["W"][...] = 1.0
    replicas.forward(np.random.default_rng(0).random((1, 5, 64), dtype=np.float32), train=True)
    replicas.backward(np.ones((1, 5, 10), np.float32))
    zero = network.layout.views(replicas.grads)[-1]["W"][0, :, 0] == 0.0  # a mean that is zero moves no weight
    assert start
    np.testing.assert_array_equal(zero[4:12], True)
    assert not zero[:4].all()
    assert not zero[12:].all()


def test_block_3a_of_googlenet_has_its_published_channels():
    network = build(Inception(stem=192, widths=[32]), (1, 28, 28))
    convolutions = {node.name: node for node in network.every if node.name.startswith("inception1/")}
    assert {name: node.layer.filters for name, node in convolutions.items() if isinstance(node.layer, Conv2d)} == {
        "inception1/1x1/conv": 64,
        "inception1/3x3/conv_reduce": 96,
        "inception1/3x3/conv": 128,
        "inception1/5x5/conv_reduce": 16,
        "inception1/5x5/conv": 32,
        "inception1/pool/conv": 32,
    }
    # Table 1 of Szegedy et al. 2015: 159K parameters and 128M operations for this block at 28x28; by the layers
    # themselves, without biases, 163,328 and 163,328 * 784.
    weights = sum(
        int(np.prod(parameter.shape))
        for node in convolutions.values()
        for parameter in node.layer.parameters(node.in_shape)
        if parameter.fans
    )
    assert weights == 192 * (64 + 96 + 16 + 32) + 9 * 96 * 128 + 25 * 16 * 32
    assert sum(node.layer.multiply_adds(node.in_shape) for node in convolutions.values()) == weights * 28 * 28


def test_residual_blocks_go_around_two_convolutions():
    network = build(ResNet([4, 6], blocks=2), (1, 8, 8), norm=BatchNorm())
    found = [node for node in network.nodes if isinstance(node.layer, Residual)]
    assert [node.out_shape for node in found] == [(4, 8, 8), (4, 8, 8), (6, 4, 4), (6, 4, 4)]
    for node in found:
        body, shortcut = node.branches
        assert [inner.name.rsplit("/")[-1] for inner in body.nodes] == [
            "conv1",
            "norm1",
            "activation1",
            "conv2",
            "norm2",
        ]
        assert bool(shortcut.nodes) == (node.in_shape != node.out_shape)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28)])
@pytest.mark.parametrize("norm", [NoNorm(), BatchNorm()])
@pytest.mark.parametrize("by", ["parameters", "multiply_adds"])
def test_a_matched_single_path_comes_nearest_to_the_inception_nets_budget(by, norm, shape):
    inception = Inception()
    path = matched(inception, shape, 10, by=by, norm=norm)
    budget = getattr(build(inception, shape, norm=norm), by)
    found = getattr(build(path, shape, norm=norm), by)
    assert abs(found / budget - 1) < 0.035
    for step in (-1, 1):
        other = SinglePath(path.stem, path.stem_stride, [width + step for width in path.widths])
        assert abs(getattr(build(other, shape, norm=norm), by) - budget) > abs(found - budget)


def test_the_default_single_path_matches_the_parameters_of_the_default_inception():
    assert SinglePath() == matched(Inception(), (1, 28, 28), 10, by="parameters")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConvNet(filters=[]), "`ConvNet.filters` must hold at least one width >= 1, got []."),
        (lambda: ConvNet(kernel=0), "`ConvNet.kernel` must be >= 1, got 0."),
        (
            lambda: build(ConvNet(kernel=9), (1, 8, 8)),
            "`Conv2d.kernel` must be <= 8, the padded size of an image (1, 8, 8), got 9.",
        ),
        (
            lambda: build(DeepConvNet([4] * 4), (1, 8, 8)),
            "`MaxPool.kernel` must be <= 1, the padded size of an image (4, 1, 1), got 2.",
        ),
        (lambda: DeepConvNet(convolutions=0), "`DeepConvNet.convolutions` must be >= 1, got 0."),
        (lambda: Inception(widths=[4, 0]), "`Inception.widths` must hold at least one width >= 1, got [4, 0]."),
        (lambda: SinglePath(stem=0), "`SinglePath.stem` must be >= 1, got 0."),
        (lambda: ResNet(blocks=0), "`ResNet.blocks` must be >= 1, got 0."),
        (
            lambda: matched(Inception(), (1, 8, 8), 10, by="flops"),
            "unknown budget 'flops': expected one of multiply_adds, parameters",
        ),
        (lambda: MaxPool(2, padding=2), "`MaxPool.padding` must be at most half of the kernel (2), got 2."),
        (lambda: Conv2d(4, 3, stride=0), "`Conv2d.stride` must be >= 1, got 0."),
        (
            lambda: Residual([("c", Conv2d(4, 1))]).out_shape((3, 5, 5)),
            "`Residual.shortcut` must end in the shape of the body, (4, 5, 5), got (3, 5, 5).",
        ),
    ],
)
def test_wrong_settings_are_named(make, message):
    with pytest.raises(UserError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_dense_before_a_norm_that_cancels_it_has_no_bias_in_any_model():
    for cls in options("model").values():
        network = build(cls(), norm=BatchNorm())
        for before, after in zip(network.every, network.every[1:], strict=False):
            if isinstance(before.layer, Conv2d | Dense):
                assert before.layer.bias != isinstance(after.layer, BatchNorm), before.name
