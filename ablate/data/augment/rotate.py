"""Rotate: turn each image about its centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Augmentation, Images, Labels, draw_blocks, flat_images
from ablate.data.augment.sample import affine
from ablate.errors import must
from ablate.registry import register


def turning(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix of `affine` that turns by each angle, counter-clockwise: (images,) -> (images, 2, 2)."""
    radians = np.deg2rad(degrees)
    cos, sin = np.cos(radians), np.sin(radians)
    return np.stack([np.stack([cos, sin], axis=-1), np.stack([-sin, cos], axis=-1)], axis=-2)


def rotated(images: Images, degrees: NDArray[np.float64]) -> Images:
    """Turn each image about its centre by its own angle; bilinear interpolation, zeros outside.

    A pixel at (u, v) from the centre (right, down) takes the value found at
    ``(cos t · u - sin t · v, sin t · u + cos t · v)``.

    Parameters
    ----------
    images
        (images, channels, height, width).
    degrees
        float64 (images,), counter-clockwise as displayed (row 0 on top): 90 is `numpy.rot90`.

    Examples
    --------
    >>> rotated(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([180.0])).round(6)
    array([[[[4., 3.],
             [2., 1.]]]])
    """
    return affine(images, matrix=turning(degrees))


@register("augment", "rotate")
@dataclass(frozen=True)
class Rotate(Augmentation):
    """Turn each image about its centre by an angle uniform on [-max_degrees, max_degrees]; see `rotated`.

    Raises
    ------
    UserError
        `max_degrees` is not in [0, 180].
    """

    max_degrees: float = 15.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.max_degrees <= 180.0:
            raise must("Rotate.max_degrees", "be between 0 and 180", self.max_degrees)

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return turned images; labels are kept."""
        batch, most = images.shape[1], self.max_degrees
        degrees = draw_blocks(images, rngs, lambda rng: rng.uniform(-most, most, size=batch))
        return rotated(flat_images(images), degrees.ravel()).reshape(images.shape), labels
