"""Noise: add Gaussian noise to every pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, draw_blocks
from ablate.data.augment.gaussian import normals
from ablate.errors import must
from ablate.registry import register


@register("augment", "noise")
@dataclass(frozen=True)
class Noise(Augmentation):
    """Add independent Gaussian noise, mean 0 and standard deviation `std`, to every pixel.

    Values may leave [0, 1]: clipping would lift the mean of a dark image, and halve the noise on its background.

    Attributes
    ----------
    std
        In units of the pixel values, whose full range is 1; >= 0.

    Raises
    ------
    UserError
        `std` is negative or not finite.
    """

    std: float = 0.1

    def __post_init__(self) -> None:
        if not (self.std >= 0.0 and math.isfinite(self.std)):
            raise must("Noise.std", "be finite and >= 0", self.std)

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return noisy images; labels are kept."""
        # Drawn in float32 whatever the images are, so that float64 training sees the same noise.
        noise = draw_blocks(images, rngs, lambda rng: normals(rng, images.shape[1:]))
        noise *= np.float32(self.std)
        return np.add(images, noise, out=noise if noise.dtype == images.dtype else None, dtype=images.dtype), labels
