import copy

import numpy as np
import pytest

from ablate.streams import streams
from ablate.train.gan.losses import discriminator_loss
from ablate.train.gan.pair import SMOOTH, Pair


def pair(blocks=2, **changed):
    settings = {"pixels": 6, "classes": 3, "latent": 4, "hidden": 5, "lr": 0.01, "dtype": np.float64} | changed
    return Pair(rngs=streams(list(range(blocks)), "augment"), **settings)


def some_images(blocks=2, batch=7):
    rng = np.random.default_rng(0)
    return rng.random((blocks, batch, 6)), rng.integers(3, size=(blocks, batch))


def test_the_generators_gradient_goes_back_through_the_discriminator():
    nets = pair()
    _, labels = some_images()
    noise, classes = nets.noise(labels, nets.rngs), nets.one_hot(labels)

    def loss():
        return nets.judged(nets.generator.forward(noise, train=True), classes)[0]

    _, dimages = nets.judged(nets.generator.forward(noise, train=True), classes)
    nets.generator.backward(dimages)
    gradient, params = nets.generator.grads.copy(), nets.generator.params
    direction = np.random.default_rng(1).normal(size=params.shape)
    params += 1e-6 * direction
    up = loss()
    params -= 2e-6 * direction
    down = loss()
    np.testing.assert_allclose((gradient * direction).sum(axis=1), (up - down) / 2e-6, rtol=1e-6)


def test_the_discriminators_gradient_is_that_of_its_loss():
    nets = pair()
    images, labels = some_images()
    x = np.concatenate([images, nets.one_hot(labels)], axis=2)

    def loss():
        return discriminator_loss(nets.discriminator.forward(x, train=True), real=4, smooth=SMOOTH)

    nets.discriminator.backward(loss()[1])
    gradient, params = nets.discriminator.grads.copy(), nets.discriminator.params
    direction = np.random.default_rng(1).normal(size=params.shape)
    params += 1e-6 * direction
    up = loss()[0]
    params -= 2e-6 * direction
    np.testing.assert_allclose((gradient * direction).sum(axis=1), (up - loss()[0]) / 2e-6, rtol=1e-6)


def test_a_step_moves_both_nets_each_by_its_own_loss():
    nets = pair()
    images, labels = some_images()
    before = nets.generator.params.copy(), nets.discriminator.params.copy()
    losses = nets.step(images, labels)
    assert all(loss.shape == (2,) and np.isfinite(loss).all() for loss in losses)
    assert (before[0] != nets.generator.params).any()
    assert (before[1] != nets.discriminator.params).any()


def test_it_learns_a_distribution_that_depends_on_the_class():
    rng = np.random.default_rng(0)
    nets = pair(blocks=1, hidden=24, lr=0.003, dtype=np.float32)
    means = np.array([0.2, 0.5, 0.8])
    for _ in range(600):
        labels = rng.integers(3, size=(1, 32))
        images = means[labels][..., None] + 0.05 * rng.standard_normal((1, 32, 6))
        nets.step(images.astype(np.float32), labels)
    asked = np.repeat(np.arange(3), 200)[None]
    found = nets.generated(asked, nets.rngs)[0].reshape(3, 200, 6)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), means, atol=0.1)
    assert (found.std(axis=1) > 0.005).all()  # it has not collapsed to a point


@pytest.mark.parametrize("block", [0, 1])
def test_a_block_alone_equals_the_block_among_others(block):
    images, labels = some_images()
    together, alone = (
        pair(),
        Pair(pixels=6, classes=3, latent=4, hidden=5, lr=0.01, dtype=np.float64, rngs=streams([block], "augment")),
    )
    one = slice(block, block + 1)
    for _ in range(3):
        together.step(copy.deepcopy(images), labels)
        alone.step(images[one], labels[one])
    np.testing.assert_allclose(alone.generator.params[0], together.generator.params[block], rtol=1e-10, atol=1e-12)
