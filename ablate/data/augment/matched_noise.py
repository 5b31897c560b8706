"""Matched noise: Gaussian noise that moves each image as far as a shift would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, one_each
from ablate.data.augment.gaussian import normals
from ablate.data.augment.shift import Shift
from ablate.registry import register


@register("augment", "matched_noise")
@dataclass(frozen=True)
class MatchedNoise(Augmentation):
    """Add Gaussian noise as long as the way a random shift would move the image.

    Each image is shifted as `Shift(max_pixels)` does, and only the distance ‖shifted - image‖₂ is kept; the noise
    is a normal vector scaled to that length. So the lengths have the law of the shift's for every image, not just
    its mean, and the arms differ in direction alone. (An image whose shift happens to be 0 gets no noise,
    as it would not have been shifted.)

    Raises
    ------
    UserError
        `max_pixels` is negative.
    """

    max_pixels: int = 2

    def __post_init__(self) -> None:
        Shift(self.max_pixels)  # says what is wrong with max_pixels

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return noisy images; labels are kept."""
        one_each(images, rngs)
        from ablate.data.augment.kernels import way_squared

        shift, squared, noisy = Shift(self.max_pixels), way_squared(images.dtype), np.empty_like(images)
        way = np.empty(images.shape[1], np.float32)
        # Block by block, so that what is made of 100 images stays in the second-level cache.
        for block, rng in enumerate(rngs):
            clean = np.ascontiguousarray(images[block])
            squared(clean, shift.moves(rng, len(clean)), way)
            noise = normals(rng, clean.shape)
            noise *= np.sqrt(way[:, None, None, None] / np.maximum(_squares(noise), np.finfo(np.float32).tiny))
            np.add(clean, noise, out=noisy[block], dtype=images.dtype)
        return noisy, labels


def _squares(images: Images) -> Images:
    """Return the squared length of each image, (images, 1, 1, 1)."""
    flat = images.reshape(len(images), -1)
    squares: Images = np.einsum("ni,ni->n", flat, flat)[:, None, None, None]
    return squares
