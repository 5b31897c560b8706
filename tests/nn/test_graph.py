import json
import math

import numpy as np
import pytest

from ablate.nn import BatchNorm, BernoulliDropout, CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU, Tanh
from ablate.nn.arrays import Cache
from ablate.nn.graph import INPUT, LOSS, as_json, graph_of
from ablate.nn.measure import measure, root_mean_square
from ablate.nn.network import Network, Replicas
from ablate.registry import options

MODELS = sorted(options("model"))
SHAPE, CLASSES, BATCH = (1, 28, 28), 3, 4


def build(model, *, norm=None, dropout=None, activation=None):
    return options("model")[model]().build(
        SHAPE, CLASSES, activation=activation or Tanh(), norm=norm or NoNorm(), dropout=dropout or NoDropout()
    )


def start(network, seed=0):
    """Return parameters, a minibatch and its labels, in float64."""
    rng = np.random.default_rng(seed)
    replicas = Replicas(network, blocks=1, dtype=np.float64)
    replicas.init(He(), [rng])
    inputs = rng.standard_normal((1, BATCH, *network.in_shape))
    return replicas.params, inputs, rng.integers(0, CLASSES, (1, BATCH))


def measured(network, seed=0):
    params, inputs, labels = start(network, seed)
    return measure(
        network, CrossEntropy(), params=params, inputs=inputs, labels=labels, rngs=[np.random.default_rng(1)]
    )


def part(network, first, last):
    """Return a network of some of the outermost nodes, and where its parameters lie in those of the whole."""
    nodes = network.nodes[first:last]
    shape = nodes[0].in_shape if nodes else network.in_shape
    return Network(shape, [(node.name, node.layer) for node in nodes])


def replicas_of(whole, params, piece):
    """Return replicas of a part of a network with the whole's parameters."""
    made = Replicas(piece, blocks=1, dtype=params.dtype)
    at = {node.name: views for node, views in zip(whole.every, whole.layout.views(params), strict=True)}
    for node, views in zip(piece.every, made.views, strict=True):
        for name, view in views.items():
            view[...] = at[node.name][name]
    return made


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_a_connected_graph_whose_shapes_fit(model):
    network = build(model, norm=BatchNorm(), dropout=BernoulliDropout())
    graph = graph_of(network, CrossEntropy())
    nodes = {node.name: node for node in graph.nodes()}
    edges = graph.edges()
    assert len(nodes) == len(graph.nodes()) == len(network.every) + 2
    assert {target for _, target in edges} == set(nodes) - {INPUT}
    assert {source for source, _ in edges} == set(nodes) - {LOSS}
    place = {name: position for position, name in enumerate(nodes)}
    assert all(place[source] < place[target] for source, target in edges)
    for source, target in edges:
        if not nodes[target].branches:
            assert nodes[target].in_shape == nodes[source].out_shape
    assert graph.chain[0].out_shape == network.in_shape
    assert (graph.chain[-1].name, graph.chain[-1].out_shape) == (LOSS, ())


@pytest.mark.parametrize("model", MODELS)
def test_parameters_and_multiply_adds_of_the_nodes_are_those_of_the_network(model):
    network = build(model, norm=BatchNorm())
    graph = graph_of(network)
    assert graph.parameters == network.parameters
    assert graph.multiply_adds == network.multiply_adds
    assert graph.chain[-1].name != LOSS


@pytest.mark.parametrize("model", MODELS)
def test_branches_meet_as_their_node_says(model):
    for node in graph_of(build(model)).nodes():
        ends = [inner[-1].out_shape if inner else node.in_shape for _, inner in node.branches]
        if node.joins == "channels":
            assert node.out_shape == (sum(end[0] for end in ends), *ends[0][1:])
        elif node.joins == "sum":
            assert set(ends) == {node.out_shape}
        else:
            assert node.branches == ()


@pytest.mark.parametrize("model", MODELS)
def test_sizes_are_what_forward_and_backward_give(model):
    network = build(model, norm=BatchNorm())
    params, inputs, labels = start(network)
    graph = measure(network, CrossEntropy(), params=params, inputs=inputs, labels=labels, rngs=[])
    for position, node in enumerate(graph.chain[1:-1], start=1):
        # Cut the network after this node: what comes out of the first half, and what the second hands back.
        before = replicas_of(network, params, part(network, 0, position))
        output = before.forward(inputs, train=True).copy()
        assert node.sizes.forward == pytest.approx(root_mean_square(output), rel=1e-9)
        after = replicas_of(network, params, part(network, position, None))
        scores = after.forward(output, train=True).copy() if after.network.nodes else output.copy()
        cache = Cache({}, dtype=scores.dtype, train=True, overwrite=True)
        loss, gradient = CrossEntropy().train(scores, labels, cache)
        if after.network.nodes:
            gradient = after.backward(gradient, need_dx=True)
        assert node.sizes.backward == pytest.approx(root_mean_square(gradient), rel=1e-9)
        assert graph.chain[-1].sizes.forward == pytest.approx(abs(float(loss[0])), rel=1e-9)
        if node.parameters and not node.branches:
            before.backward(gradient)
            own = before.network.layout.views(before.grads)[before.network.every.index(before.network.nodes[-1])]
            grads = np.concatenate([view.ravel() for view in own.values()])
            assert node.sizes.parameters == pytest.approx(root_mean_square(grads), rel=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_sizes_inside_a_composite_add_up_to_its_own(model):
    for node in measured(build(model)).nodes():
        if node.joins == "channels":
            ends = [inner[-1] for _, inner in node.branches]
            squares = sum(end.sizes.forward**2 * math.prod(end.out_shape) for end in ends)
            assert node.sizes.forward**2 * math.prod(node.out_shape) == pytest.approx(squares, rel=1e-9)
            back = sum(end.sizes.backward**2 * math.prod(end.out_shape) for end in ends)
            assert node.sizes.backward**2 * math.prod(node.out_shape) == pytest.approx(back, rel=1e-9)
        elif node.joins == "sum":
            for _, inner in node.branches:
                assert not inner or inner[-1].sizes.backward == pytest.approx(node.sizes.backward, rel=1e-9)


def test_the_gradient_of_the_data_is_that_of_the_loss():
    network = Mlp([5]).build((1, 2, 3), CLASSES, activation=Tanh(), norm=NoNorm(), dropout=NoDropout())
    params, inputs, labels = start(network)
    graph = measure(network, CrossEntropy(), params=params, inputs=inputs, labels=labels, rngs=[])

    def loss(x):
        replicas = replicas_of(network, params, network)
        scores = replicas.forward(x, train=True).copy()
        return CrossEntropy().train(scores, labels, Cache({}, dtype=x.dtype, train=True, overwrite=True))[0][0]

    slopes = np.empty(inputs.size)
    for index in range(inputs.size):
        step = np.zeros(inputs.size)
        step[index] = 1e-6
        step = step.reshape(inputs.shape)
        slopes[index] = (loss(inputs + step) - loss(inputs - step)) / 2e-6
    assert graph.chain[0].sizes.backward == pytest.approx(root_mean_square(slopes), rel=1e-6)
    assert graph.chain[0].sizes.forward == pytest.approx(root_mean_square(inputs))


def test_measuring_changes_nothing_and_gives_the_same_again():
    network = build("mlp", norm=BatchNorm(), dropout=BernoulliDropout())
    params, inputs, labels = start(network)
    held = params.copy(), inputs.copy(), labels.copy()
    again = measure(
        network, CrossEntropy(), params=params, inputs=inputs, labels=labels, rngs=[np.random.default_rng(1)]
    )
    assert again == measured(network)
    for now, then in zip((params, inputs, labels), held, strict=True):
        np.testing.assert_array_equal(now, then)


def test_the_json_holds_every_node_and_edge_and_no_number_json_does_not_know():
    network = Mlp([5]).build((1, 2, 3), CLASSES, activation=ReLU(), norm=NoNorm(), dropout=NoDropout())
    params, inputs, labels = start(network)
    params[...] = 1e200
    graph = measure(network, CrossEntropy(), params=params, inputs=inputs, labels=labels, rngs=[])
    plain = json.loads(json.dumps(as_json(graph), allow_nan=False))
    assert [node["name"] for node in plain["nodes"]] == ["input", "dense1", "activation1", "dense2", "loss"]
    assert plain["edges"][0] == ["input", "dense1"]
    assert plain["nodes"][3]["rms"]["forward"] is None  # 1e200 squared
    assert plain["nodes"][0]["rms"]["forward"] == graph.chain[0].sizes.forward
    assert plain["nodes"][1]["settings"] == {"units": 5, "bias": True}
    assert plain["parameters"] == network.parameters
