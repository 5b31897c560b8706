"""Shift and rotate: the two changes a digit certainly survives, together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, draw_blocks, flat_images
from ablate.data.augment.rotate import turning
from ablate.data.augment.sample import affine
from ablate.errors import must
from ablate.registry import register


@register("augment", "shift_rotate")
@dataclass(frozen=True)
class ShiftRotate(Augmentation):
    """Turn each image about its centre, then move it; bilinear interpolation once, zeros outside.

    The angle is uniform on [-max_degrees, max_degrees], the way down and right on [-max_pixels, max_pixels],
    not in whole pixels (the turn interpolates anyway).

    Raises
    ------
    UserError
        `max_degrees` is not in [0, 180], or `max_pixels` is negative.
    """

    max_pixels: float = 2.0
    max_degrees: float = 15.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.max_pixels < np.inf:
            raise must("ShiftRotate.max_pixels", "be >= 0", self.max_pixels)
        if not 0.0 <= self.max_degrees <= 180.0:
            raise must("ShiftRotate.max_degrees", "be between 0 and 180", self.max_degrees)

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return turned and moved images; labels are kept."""
        batch = images.shape[1]
        drawn = draw_blocks(images, rngs, lambda rng: rng.uniform(-1.0, 1.0, size=(batch, 3))).reshape(-1, 3)
        matrix = turning(drawn[:, 0] * self.max_degrees)
        return affine(flat_images(images), matrix=matrix, shift=drawn[:, 1:] * self.max_pixels).reshape(
            images.shape
        ), labels
