"""Permute: scatter the pixels of some images, all in the same way."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Images
from ablate.data.augment.chosen import Chosen
from ablate.registry import register
from ablate.streams import ENTROPY

_SPAWN_KEY = (180, 0, 0)  # three long, so that it is not a seed's key (those are pairs)


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
class Permute(Chosen):
    """Scatter the pixels of an image with the given probability, by one permutation that never changes.

    A *wrong* augmentation by construction: it keeps every pixel value and the label, and destroys what makes the
    picture. In each minibatch whole and scattered images are mixed; test images are whole. A network that sees
    pixels as an unordered vector could learn the scattered ones as well as the whole ones (with probability 1 it
    would meet a new, equally hard problem), so what it costs is capacity and examples.
    """

    def changed(self, images: Images) -> Images:
        """Return scattered images, all channels alike."""
        pixels = images.shape[2] * images.shape[3]
        return images.reshape(*images.shape[:2], pixels)[..., fixed_permutation(pixels)].reshape(images.shape)
