"""Permute: scatter the pixels of some images, all in the same way."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Augmentation, Images, Labels, draw
from ablate.errors import must
from ablate.registry import register
from ablate.streams import ENTROPY

_SPAWN_KEY = (180, 0, 0)  # three long, so that it is no seed's key (those are pairs)


@functools.cache
def fixed_permutation(pixels: int) -> NDArray[np.int64]:
    """Return the one permutation of so many pixels, the same for every seed, study and machine."""
    # random_raw, because NumPy promises a bit generator's stream for ever.
    bits = np.random.PCG64(np.random.SeedSequence(ENTROPY, spawn_key=_SPAWN_KEY))
    order = np.argsort(np.asarray(bits.random_raw(pixels)), kind="stable")
    order.flags.writeable = False
    return order


@register("augment", "permute")
@dataclass(frozen=True)
class Permute(Augmentation):
    """Scatter the pixels of an image with the given probability, by one permutation that never changes.

    A *wrong* augmentation by construction: it keeps every pixel value and the label, and destroys what makes the
    picture. In each minibatch whole and scattered images are mixed; test images are whole. A network that sees
    pixels as an unordered vector could learn the scattered ones as well as the whole ones (with probability 1 it
    would meet a new, equally hard problem), so what it costs is capacity and examples.

    Raises
    ------
    UserError
        `probability` is not in [0, 1].
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise must("Permute.probability", "be between 0 and 1", self.probability)

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return the images, some of them scattered (all channels alike); labels are kept."""
        chosen = draw(images, rngs, lambda rng: rng.random(images.shape[1])) < self.probability
        height, width = images.shape[3:]
        planes = images.reshape(*images.shape[:3], height * width)
        scattered = planes.copy()
        scattered[chosen] = planes[chosen][..., fixed_permutation(height * width)]
        return scattered.reshape(images.shape), labels
