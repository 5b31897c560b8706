"""Losses against mixed labels, as mixup makes them."""

import numpy as np
import pytest

from ablate.data.augment import MixedLabels
from ablate.nn.arrays import Cache
from ablate.registry import options

LOSSES = options("loss")


def cache():
    return Cache({}, dtype=np.dtype("float64"), train=True, overwrite=True)


def some_labels(blocks=3, batch=4, classes=5):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(blocks, batch, classes))
    own, other = rng.integers(classes, size=(2, blocks, batch))
    return scores, MixedLabels(own, other, np.array([0.0, 0.3, 1.0]))


@pytest.mark.parametrize("cls", LOSSES.values(), ids=LOSSES)
class TestEveryLoss:
    def test_is_the_weighted_mean_of_the_losses_of_both_labels(self, cls):
        scores, labels = some_labels()
        loss, gradient = cls().train_on(scores.copy(), labels, cache())
        one, first = cls().train(scores.copy(), labels.own, cache())
        two, second = cls().train(scores.copy(), labels.other, cache())
        np.testing.assert_allclose(loss, labels.share * one + (1 - labels.share) * two)
        share = labels.share[:, None, None]
        np.testing.assert_allclose(gradient, share * first + (1 - share) * second, atol=1e-15)

    def test_the_gradient_is_that_of_the_loss(self, cls):
        scores, labels = some_labels()
        direction = np.random.default_rng(1).normal(size=scores.shape)
        _, gradient = cls().train_on(scores.copy(), labels, cache())
        up, _ = cls().train_on(scores + 1e-6 * direction, labels, cache())
        down, _ = cls().train_on(scores - 1e-6 * direction, labels, cache())
        np.testing.assert_allclose((up - down) / 2e-6, (gradient * direction).sum(axis=(1, 2)), rtol=1e-6)

    def test_plain_labels_are_left_to_train(self, cls):
        scores, labels = some_labels()
        found, expected = (how(scores.copy(), labels.own, cache()) for how in (cls().train_on, cls().train))
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def test_cross_entropy_of_mixed_labels_is_that_of_soft_labels():
    scores, labels = some_labels()
    loss, _ = LOSSES["cross_entropy"]().train_on(scores.copy(), labels, cache())
    share, classes = labels.share[:, None, None], np.eye(5)
    soft = share * classes[labels.own] + (1 - share) * classes[labels.other]
    log_softmax = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    np.testing.assert_allclose(loss, -(soft * log_softmax).sum(axis=2).mean(axis=1))
