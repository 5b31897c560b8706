"""Matched noise: Gaussian noise that moves each image as far as a shift would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, draw
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
        way, _ = Shift(self.max_pixels)(images, labels, rngs)
        way = np.subtract(way, images, dtype=np.float32, casting="same_kind")
        noise = draw(images, rngs, lambda rng: normals(rng, images.shape[1:]))
        noise *= np.sqrt(_squares(way) / np.maximum(_squares(noise), np.finfo(np.float32).tiny))
        return np.add(images, noise, dtype=images.dtype), labels


def _squares(images: Images) -> Images:
    """Return the squared length of each image, (blocks, batch, 1, 1, 1)."""
    flat = images.reshape(*images.shape[:2], -1)
    found: Images = np.einsum("bni,bni->bn", flat, flat)[:, :, None, None, None]
    return found
