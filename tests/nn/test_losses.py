import math

import numpy as np
import pytest

from ablate.nn import CrossEntropy, MeanSquaredError, softmax
from ablate.nn.arrays import Cache
from ablate.registry import options


def cache(dtype="float64"):
    return Cache({}, dtype=np.dtype(dtype), train=True, overwrite=True)


def test_softmax_of_huge_scores_is_exact():
    scores = np.array([[1e4, 1e4 + math.log(3.0), -1e4]], np.float64)
    np.testing.assert_allclose(softmax(scores), [[0.25, 0.75, 0.0]], rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_sums_to_one_and_keeps_the_dtype(dtype):
    found = softmax(np.random.default_rng(0).normal(0, 50, (4, 5, 10)).astype(dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=1e-5)


def test_cross_entropy_of_equal_scores_is_log_classes():
    loss, gradient = CrossEntropy().train(np.zeros((1, 2, 4)), np.array([[0, 3]]), cache())
    assert loss[0] == pytest.approx(math.log(4))
    np.testing.assert_allclose(gradient[0], (np.full((2, 4), 0.25) - np.eye(4)[[0, 3]]) / 2)


def test_cross_entropy_of_huge_scores_is_their_distance():
    scores = np.array([[[1e4, -1e4], [-1e4, 1e4]]], np.float32)
    loss, gradient = CrossEntropy().train(scores, np.array([[1, 1]]), cache("float32"))
    assert loss[0] == pytest.approx(1e4)
    np.testing.assert_array_equal(gradient, [[[0.5, -0.5], [0.0, 0.0]]])


def test_mse_is_half_the_squared_distance_to_the_one_hot_label():
    loss, gradient = MeanSquaredError().train(np.array([[[0.5, 2.0], [0.0, 1.0]]]), np.array([[0, 1]]), cache())
    assert loss[0] == pytest.approx((0.25 + 4.0) / 2 / 2)
    np.testing.assert_allclose(gradient, [[[-0.25, 1.0], [0.0, 0.0]]])


@pytest.mark.parametrize("name", options("loss"))
def test_a_score_that_is_not_finite_gives_a_loss_that_is_not(name):
    scores = np.zeros((2, 3, 4))
    scores[1, 0, 2] = np.inf
    with np.errstate(invalid="ignore"):
        loss, _ = options("loss")[name]().train(scores, np.zeros((2, 3), int), cache())
    assert np.isfinite(loss[0])
    assert not np.isfinite(loss[1])
