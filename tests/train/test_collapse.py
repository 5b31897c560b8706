import numpy as np
import pytest

from ablate.nn import BatchNorm, BernoulliDropout, Identity, Mlp, ReLU, Replicas, Xavier
from ablate.optim import SGD
from ablate.train.collapse import collapsed, distance_from_product
from ablate.train.numpy_program import NumpyProgram, network_of


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-5), ("float64", 1e-13)])
@pytest.mark.parametrize("hidden", [[], [16], [16] * 7])
def test_a_trained_linear_net_of_any_depth_is_one_matrix_to_rounding(config, dtype, bound, hidden):
    arm = config(activation=Identity(), model=Mlp(hidden), dtype=dtype, init=Xavier(), optimizer=SGD(0.01))
    for result in NumpyProgram().run(arm, [0, 1]):
        assert 0.0 <= result.metrics["check/linear_collapse"] < bound


def test_the_check_sees_a_net_that_is_not_its_product(config, monkeypatch):
    network = network_of(config(activation=Identity()))
    replicas = Replicas(network, blocks=2, dtype="float64")
    rng = np.random.default_rng(0)
    replicas.params[...] = rng.standard_normal(replicas.params.shape)
    images, all_of_them = rng.random((30, 12)), np.arange(30)[None]
    assert distance_from_product(replicas, images, all_of_them).max() < 1e-13
    forward = replicas.forward
    monkeypatch.setattr(replicas, "forward", lambda x, **k: np.maximum(forward(x, **k), 0.0))
    assert distance_from_product(replicas, images, all_of_them).min() > 0.1


def test_the_product_has_the_biases_too(config):
    replicas = Replicas(network_of(config(activation=Identity(), model=Mlp([2]))), blocks=1, dtype="float64")
    replicas.params[...] = np.random.default_rng(0).standard_normal(replicas.params.shape)
    weight, bias = collapsed(replicas, 0)
    np.testing.assert_allclose(replicas.forward(np.zeros((1, 1, 12)), train=False)[0], bias)
    np.testing.assert_allclose(replicas.forward(np.eye(12)[None], train=False)[0], weight + bias)


@pytest.mark.parametrize("changed", [{"activation": ReLU()}, {"norm": BatchNorm()}, {"dropout": BernoulliDropout()}])
def test_only_a_chain_of_dense_layers_is_checked(config, changed):
    (result,) = NumpyProgram().run(config(**{"activation": Identity(), **changed}), [0])
    assert "check/linear_collapse" not in result.metrics


def test_a_diverged_net_does_not_pass_as_collapsed(config):
    (result,) = NumpyProgram().run(config(activation=Identity(), optimizer=SGD(1e20)), [0])
    assert "check/linear_collapse" not in result.metrics
