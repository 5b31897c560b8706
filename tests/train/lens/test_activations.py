import numpy as np
import pytest

from ablate.nn import GELU, Identity, Mlp, NoDropout, NoNorm, ReLU, Sigmoid, Step, Tanh, ZeroCentredSigmoid
from ablate.nn.network import Node
from ablate.train.lens.activations import BINS, ActivationLens, bin_edges, observed_nodes, steepest


def network(activation, hidden=(4, 3)):
    return Mlp(list(hidden)).build((1, 1, 2), 2, activation=activation, norm=NoNorm(), dropout=NoDropout())


def seen(activation, *passes, position=1):
    lens = ActivationLens(network(activation), looks=1, blocks=len(passes[0]))
    for y in passes:
        lens.watch(position, y, activation.value(y))
    lens.close(0)
    return lens


@pytest.mark.parametrize(
    ("activation", "ends"),
    [
        (Sigmoid(), [0, 1]),
        (Tanh(), [-1, 1]),
        (ZeroCentredSigmoid(), [-0.5, 0.5]),
        (ReLU(), [0, 5]),
        (Step(), [0, 1]),
        (GELU(), [pytest.approx(-0.17, abs=1e-3), 5]),
        (Identity(), [-5, 5]),
    ],
)
def test_a_histogram_spans_what_the_activation_can_give(activation, ends):
    edges = bin_edges(Node("", activation, (), ()))
    assert edges[[0, -1]].tolist() == ends
    assert len(edges) == BINS + 1


def test_a_linear_net_is_observed_at_its_hidden_layers():
    assert observed_nodes(network(Identity())) == [0, 1]
    assert observed_nodes(network(ReLU())) == [1, 3]


def test_counts_mean_and_sd_are_those_of_all_passes_together():
    rng = np.random.default_rng(0)
    passes = rng.normal(size=(3, 2, 50, 4))
    lens = seen(Tanh(), *passes)
    values = np.tanh(passes)
    for block in range(2):
        numbers = values[:, block].ravel()
        np.testing.assert_array_equal(lens.counts[0, 0, block], np.histogram(numbers, lens.edges[0])[0])
        assert lens.mean[0, 0, block] == pytest.approx(numbers.mean())
        assert lens.sd[0, 0, block] == pytest.approx(numbers.std())


def test_a_layer_that_hardly_varies_keeps_its_standard_deviation():
    rng = np.random.default_rng(0)
    passes = 0.3 + 1e-10 * rng.normal(size=(3, 1, 500, 4))
    lens = seen(ReLU(), *passes)
    assert lens.sd[0, 0, 0] == pytest.approx(1e-10, rel=0.05)


def test_what_lies_beyond_an_end_is_in_the_outermost_bin():
    lens = seen(ReLU(), np.array([[[0.0, 4.99, 17.0, 1e9]]]))
    assert lens.counts[0, 0, 0, 0] == 1
    assert lens.counts[0, 0, 0, -1] == 3


def test_saturated_is_where_the_slope_is_a_twentieth_of_its_steepest():
    edge = np.log(0.05 / 4)  # y (1 - y) = 0.0125 at about y = 0.0127
    inside, outside = -4.35, -4.36
    assert Sigmoid().slope(None, Sigmoid().value(np.array([inside]))) > 0.05 * steepest(Sigmoid())
    lens = seen(Sigmoid(), np.array([[[inside, outside, 0.0, 9.0]]]))
    assert lens.saturated[0, 0, 0] == 0.5
    assert edge < outside
    assert seen(ReLU(), np.array([[[-1.0, 2.0, 3.0, 4.0]]])).saturated[0, 0, 0] == 0.25
    assert seen(Step(), np.array([[[-1.0, 2.0, 3.0, 4.0]]])).saturated[0, 0, 0] == 1.0


def test_a_unit_is_dead_only_if_it_is_constant_over_every_pass():
    dead, awake = np.full((1, 5, 1), -1.0), np.arange(5.0).reshape(1, 5, 1)
    late = np.full((1, 5, 1), -2.0)
    first = np.concatenate([dead, awake, late, dead], axis=2)
    second = np.concatenate([dead, awake, -late, dead], axis=2)
    assert seen(ReLU(), first).dead[0, 0, 0] == 0.75
    assert seen(ReLU(), first, second).dead[0, 0, 0] == 0.5


def test_an_infinite_number_is_counted_in_no_bin_and_spoils_its_block_only():
    y = np.array([[[1.0, np.inf]], [[1.0, 2.0]]])
    with np.errstate(all="ignore"):  # as while training
        lens = seen(ReLU(), y)
    assert lens.counts[0, 0].sum(axis=1).tolist() == [1, 2]
    assert not np.isfinite(lens.mean[0, 0, 0])
    assert np.isnan(lens.dead[0, 0, 0])
    assert np.isnan(lens.saturated[0, 0, 0])
    assert lens.mean[0, 0, 1] == 1.5
