"""A class-conditional GAN: generator and discriminator of every block, trained together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.gaussian import normals
from ablate.nn import BatchNorm, He, LeakyReLU, ReLU, Sigmoid
from ablate.nn.arrays import Floats, Integers
from ablate.nn.layer import Layers
from ablate.nn.layers import Dense
from ablate.nn.network import Network, Replicas
from ablate.optim import Adam
from ablate.train.gan.losses import discriminator_loss, generator_loss

SMOOTH = 0.1
"""Label smoothing of the real images: keeps the discriminator from being sure of so few."""

_BETA1 = 0.5  # Radford et al. 2016: with 0.9 training swings


class Pair:
    """The two nets of each block.

    Generator: [noise, one-hot class] → Dense → BatchNorm → ReLU, twice, → Dense → sigmoid: an image.
    Discriminator: [image, one-hot class] → Dense → leaky ReLU, twice, → Dense: a logit.

    Parameters
    ----------
    pixels
        Numbers of an image.
    rngs
        One generator of random numbers per block: all that is drawn comes from it.

    References
    ----------
    Goodfellow et al. (2014), Generative adversarial nets. Mirza, Osindero (2014), Conditional generative adversarial
    nets.
    """

    def __init__(
        self,
        *,
        pixels: int,
        classes: int,
        latent: int,
        hidden: int,
        lr: float,
        rngs: Sequence[np.random.Generator],
        dtype: Any = np.float32,
    ) -> None:
        self.classes, self.latent, self.rngs = classes, latent, rngs
        self.dtype = np.dtype(dtype)
        generator: Layers = [
            ("dense1", Dense(hidden, bias=False)),
            ("norm1", BatchNorm()),
            ("activation1", ReLU()),
            ("dense2", Dense(hidden, bias=False)),
            ("norm2", BatchNorm()),
            ("activation2", ReLU()),
            ("dense3", Dense(pixels)),
            ("activation3", Sigmoid()),
        ]
        discriminator: Layers = [
            ("dense1", Dense(hidden)),
            ("activation1", LeakyReLU(0.2)),
            ("dense2", Dense(hidden)),
            ("activation2", LeakyReLU(0.2)),
            ("dense3", Dense(1)),
        ]
        self.generator = Replicas(Network((latent + classes,), generator), blocks=len(rngs), dtype=dtype)
        self.discriminator = Replicas(Network((pixels + classes,), discriminator), blocks=len(rngs), dtype=dtype)
        self._optimizer = Adam(lr=lr, beta1=_BETA1)
        self._slots = []
        for net in (self.generator, self.discriminator):
            net.init(He(), rngs)
            self._slots.append(self._optimizer.init(net.params))
        self.steps = 0

    def noise(self, labels: Integers, rngs: Sequence[np.random.Generator]) -> Floats:
        """Return fresh input of the generator for images of these classes, (blocks, batch, latent + classes)."""
        drawn = np.stack([normals(rng, (labels.shape[1], self.latent)) for rng in rngs])
        return np.concatenate([drawn, self.one_hot(labels)], axis=2, dtype=self.dtype)

    def one_hot(self, labels: Integers) -> Floats:
        """Return (blocks, batch, classes)."""
        return np.eye(self.classes, dtype=self.dtype)[labels]

    def generated(self, labels: Integers, rngs: Sequence[np.random.Generator], *, train: bool = False) -> Floats:
        """Return new images of these classes, (blocks, batch, pixels); valid until the next call."""
        return self.generator.forward(self.noise(labels, rngs), train=train, rngs=rngs)

    def step(self, images: Floats, labels: Integers) -> tuple[Floats, Floats]:
        """Move the discriminator, then the generator, by one minibatch.

        Parameters
        ----------
        images
            Real ones, (blocks, batch, pixels).
        labels
            (blocks, batch); the generator is asked for images of the same classes.

        Returns
        -------
        tuple
            Losses of discriminator and generator, (blocks,) each.
        """
        self.steps += 1
        batch, classes = images.shape[1], self.one_hot(labels)
        false = self.generated(labels, self.rngs, train=True)
        both = np.concatenate([np.concatenate([images, false], axis=1), np.concatenate([classes, classes], axis=1)], 2)
        logits = self.discriminator.forward(both, train=True, rngs=self.rngs)
        loss, gradient = discriminator_loss(logits, real=batch, smooth=SMOOTH)
        self.discriminator.backward(gradient)
        self._move(1)
        other, dimages = self.judged(false, classes)
        self.generator.backward(dimages)
        self._move(0)
        return loss, other

    def judged(self, images: Floats, classes: Floats) -> tuple[Floats, Floats]:
        """Return the generator's loss on its images, and its gradient with respect to them."""
        logits = self.discriminator.forward(np.concatenate([images, classes], axis=2), train=True, rngs=self.rngs)
        loss, gradient = generator_loss(logits)
        dx = self.discriminator.backward(gradient, need_dx=True)
        assert dx is not None
        return loss, np.ascontiguousarray(dx[:, :, : images.shape[2]])

    @property
    def nbytes(self) -> int:
        """Bytes held by both nets and their optimizers."""
        nets = (self.generator, self.discriminator)
        return sum(net.nbytes + net.params.nbytes * self._optimizer.running for net in nets)

    def _move(self, which: int) -> None:
        net = (self.generator, self.discriminator)[which]
        self._optimizer.update(net.grads, self._slots[which], net.params, self.steps)


def minibatch(labels: NDArray[np.int64], rngs: Sequence[np.random.Generator], size: int) -> Integers:
    """Draw positions of a minibatch with replacement, (blocks, size)."""
    return np.stack([rng.integers(labels.shape[1], size=size) for rng in rngs])
