"""The GAN as an augmentation: a share of each minibatch is generated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Augmentation, FromTrainingSet, Images, Labels, one_each
from ablate.errors import must
from ablate.nn.arrays import Floats
from ablate.registry import register
from ablate.train.gan.coverage import coverage
from ablate.train.gan.pair import Pair, minibatch

SHOWN = 10
"""Images of each class kept to be looked at."""

COUNTED = 50
"""Images of each class generated for the coverage counts."""


@register("augment", "gan")
@dataclass(frozen=True)
class Gan(FromTrainingSet):
    """Replace a share of each minibatch by images of the same classes from a GAN trained on the training set.

    A small class-conditional GAN (see `Pair`) is trained for each block before the net's first step, on that block's
    training images and nothing else, with Adam and the non-saturating loss. Everything is drawn from the block's
    `augment` stream. Fresh images are generated at every step.

    Attributes
    ----------
    share
        Of each minibatch that is generated, from 0 to 1 (rounded to whole images).
    steps, batch
        Of the GAN's own training; minibatches are drawn with replacement.
    latent
        Numbers of noise that an image is made from.
    hidden
        Width of both hidden layers, of both nets.
    lr
        Adam's, for both nets.

    Raises
    ------
    UserError
        A field is out of its range.

    References
    ----------
    Goodfellow et al. (2014), Generative adversarial nets. Mirza, Osindero (2014), Conditional generative adversarial
    nets.
    """

    share: float = 0.5
    steps: int = 1200
    batch: int = 32
    latent: int = 16
    hidden: int = 128
    lr: float = 0.004

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise must("Gan.share", "be between 0 and 1", self.share)
        for name, least in (("steps", 1), ("batch", 2), ("latent", 1), ("hidden", 1)):
            if getattr(self, name) < least:
                raise must(f"Gan.{name}", f"be >= {least}", getattr(self, name))
        if not 0.0 < self.lr < math.inf:
            raise must("Gan.lr", "be > 0", self.lr)

    def prepared(
        self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator], *, classes: int
    ) -> Augmentation:
        """Train a GAN for each block, all of them together."""
        one_each(images, rngs)
        flat: Floats = images.reshape(*labels.shape, -1).astype(np.float32, copy=False)
        pair = Pair(
            pixels=flat.shape[2], classes=classes, latent=self.latent, hidden=self.hidden, lr=self.lr, rngs=rngs
        )
        losses = np.empty((self.steps, 2, len(flat)))
        blocks = np.arange(len(flat))[:, None]
        for step in range(self.steps):
            chosen = minibatch(labels, rngs, self.batch)
            losses[step] = pair.step(flat[blocks, chosen], labels[blocks, chosen])
        return Synthetic(self.share, pair, *_seen(pair, flat, labels, images.shape[2:], losses))

    def held(self, shape: tuple[int, ...], *, classes: int, batch: int) -> int:
        """Return the bytes of the training set and of both nets, by sending zeros through one pair."""
        pixels = math.prod(shape[1:])
        rngs = [np.random.default_rng(0)]
        pair = Pair(pixels=pixels, classes=classes, latent=self.latent, hidden=self.hidden, lr=self.lr, rngs=rngs)
        images, labels = np.zeros((1, self.batch, pixels), np.float32), np.zeros((1, self.batch), np.int64)
        pair.step(images, labels)
        for count in (COUNTED * classes, round(self.share * batch)):
            if count:
                pair.generated(np.zeros((1, count), np.int64), rngs)
        seen = 4 * pixels * COUNTED * classes
        return 4 * math.prod(shape) + pair.nbytes + images.nbytes + seen


@dataclass(frozen=True, eq=False)
class Synthetic(Augmentation):
    """Minibatches with a share of generated images.

    Attributes
    ----------
    pair
        The trained nets.
    seen
        Of each block, the arrays that tell how good the generator is.
    scalars
        Of each block, `gan/landed_share` and `gan/modes` (see `Coverage.landed_share` and `Coverage.modes`).
    """

    share: float
    pair: Pair
    seen: list[dict[str, NDArray[Any]]]
    scalars: list[dict[str, float]]

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return the minibatch with its first images replaced by generated ones of the same classes."""
        one_each(images, rngs)
        count = round(self.share * images.shape[1])
        if not count:
            return images, labels
        mixed = images.copy()
        generated = self.pair.generated(labels[:, :count], rngs)
        mixed[:, :count] = generated.reshape(len(images), count, *images.shape[2:])
        return mixed, labels

    def arrays(self, block: int) -> dict[str, NDArray[Any]]:
        """Return the sample grid, the losses and the coverage counts of one block."""
        return self.seen[block]

    def measured(self, block: int) -> dict[str, float]:
        """Return the shares of generated images that land in their class, and of training images that they reach."""
        return self.scalars[block]


def _seen(
    pair: Pair, train: Floats, labels: Labels, shape: tuple[int, ...], losses: NDArray[np.float64]
) -> tuple[list[dict[str, NDArray[Any]]], list[dict[str, float]]]:
    classes = pair.classes
    asked = np.repeat(np.arange(classes), COUNTED)
    samples = pair.generated(np.broadcast_to(asked, (len(train), len(asked))), pair.rngs).copy()
    arrays: list[dict[str, NDArray[Any]]] = []
    scalars: list[dict[str, float]] = []
    for block, images in enumerate(samples):
        counts = coverage(images, asked, train[block], labels[block], classes=classes)
        shown = images.reshape(classes, COUNTED, *shape)[:, :SHOWN]
        arrays.append(
            {
                "gan/samples": np.rint(np.nan_to_num(shown) * 255).astype(np.uint8),
                "gan/landed": counts.landed,
                "gan/distinct": counts.distinct,
                "gan/distance": counts.distance,
                "gan/discriminator_loss": losses[:, 0, block].copy(),
                "gan/generator_loss": losses[:, 1, block].copy(),
            }
        )
        scalars.append({"gan/landed_share": counts.landed_share, "gan/modes": counts.modes(labels[block], COUNTED)})
    return arrays, scalars
