"""Rotate: turn each image about its centre."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Augmentation, Images, Labels, draw
from ablate.errors import must
from ablate.registry import register

# About this many pixels are turned at a time: the dozen temporary arrays then stay in the processor's cache.
_PIXELS_AT_ONCE = 1 << 17


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

    Returns
    -------
    NDArray
        Same shape and dtype; the coordinates are computed in that dtype (float32: to about 1e-5 pixel).

    Examples
    --------
    >>> rotated(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([180.0])).round(6)
    array([[[[4., 3.],
             [2., 1.]]]])
    """
    radians = np.deg2rad(degrees)
    cos, sin = np.cos(radians).astype(images.dtype), np.sin(radians).astype(images.dtype)
    turned = np.empty(images.shape, dtype=images.dtype)
    step = max(1, _PIXELS_AT_ONCE // max(1, math.prod(images.shape[1:])))
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        turned[part] = _rotated_together(images[part], cos[part, None], sin[part, None])
    return turned


def _rotated_together(images: Images, cos: Images, sin: Images) -> Images:
    count, channels, height, width = images.shape
    dtype = images.dtype
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    reach = math.hypot(middle_row, middle_column)
    # Zeros as far as any turned corner gets, plus one for its right and lower neighbour and one for rounding:
    # no coordinate ever has to be clipped.
    margin_rows, margin_columns = math.ceil(reach - middle_row) + 2, math.ceil(reach - middle_column) + 2
    padded_width = width + 2 * margin_columns
    padded = np.zeros((count, channels, height + 2 * margin_rows, padded_width), dtype=dtype)
    padded[:, :, margin_rows : margin_rows + height, margin_columns : margin_columns + width] = images

    v, u = (grid.ravel() for grid in np.mgrid[:height, :width].astype(dtype))
    u, v = u - dtype.type(middle_column), v - dtype.type(middle_row)
    column, row = cos * u, sin * u  # (images, pixels)
    column -= sin * v
    row += cos * v
    column += dtype.type(middle_column + margin_columns)
    row += dtype.type(middle_row + margin_rows)
    left, top = np.floor(column), np.floor(row)
    column -= left  # now the shares of the right and lower neighbours
    row -= top
    top *= dtype.type(padded_width)
    top += left
    planes = np.arange(count * channels).reshape(count, channels, 1) * (padded[0, 0].size)
    corner = top.astype(np.intp)[:, None] + planes  # (images, channels, pixels), as positions in `padded`
    column, row = column[:, None], row[:, None]

    values = padded.reshape(-1)

    def between_columns(offset: int) -> Images:
        # mode="wrap" skips the bounds check of each position; none is out of bounds.
        first = values[offset:].take(corner, mode="wrap")
        second: Images = values[offset + 1 :].take(corner, mode="wrap")
        second -= first
        second *= column
        second += first
        return second

    upper, lower = between_columns(0), between_columns(padded_width)
    lower -= upper
    lower *= row
    lower += upper
    together: Images = lower.reshape(images.shape)
    return together


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
        degrees = draw(images, rngs, lambda rng: rng.uniform(-most, most, size=batch))
        return rotated(images.reshape(-1, *images.shape[2:]), degrees.ravel()).reshape(images.shape), labels
