import numpy as np
import pytest

from ablate.train.gan.losses import discriminator_loss, generator_loss, sigmoid, softplus


def test_softplus_and_sigmoid_stay_finite():
    x = np.array([-1e4, -1.0, 0.0, 1.0, 1e4])
    np.testing.assert_allclose(softplus(x), [0, np.log1p(np.exp(-1)), np.log(2), 1 + np.log1p(np.exp(-1)), 1e4])
    np.testing.assert_allclose(sigmoid(x), [0, 1 / (1 + np.e), 0.5, np.e / (1 + np.e), 1])


def test_a_discriminator_that_knows_nothing_pays_log_four():
    loss, _ = discriminator_loss(np.zeros((2, 6, 1)), real=3)
    np.testing.assert_allclose(loss, 2 * np.log(2))
    np.testing.assert_allclose(generator_loss(np.zeros((2, 6, 1)))[0], np.log(2))


def test_label_smoothing_makes_certainty_cost():
    sure = np.array([[[20.0], [-20.0]]])
    assert discriminator_loss(sure, real=1)[0][0] < 1e-8
    assert discriminator_loss(sure, real=1, smooth=0.1)[0][0] == pytest.approx(2.0)


def test_the_generator_has_a_gradient_where_the_discriminator_is_sure():
    assert generator_loss(np.full((1, 1, 1), -30.0))[1].item() == pytest.approx(-1.0)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: discriminator_loss(x, real=2),
        lambda x: discriminator_loss(x, real=3, smooth=0.1),
        generator_loss,
    ],
)
def test_gradients_are_those_of_the_losses(loss):
    rng = np.random.default_rng(0)
    logits, direction = rng.normal(0, 2, (3, 5, 1)), rng.normal(size=(3, 5, 1))
    numeric = (loss(logits + 1e-6 * direction)[0] - loss(logits - 1e-6 * direction)[0]) / 2e-6
    np.testing.assert_allclose((loss(logits)[1] * direction).sum(axis=(1, 2)), numeric, rtol=1e-7)
