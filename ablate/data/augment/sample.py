"""Reads images between their pixels: what every geometric augmentation rests on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Images

Floats = NDArray[np.floating[Any]]

# About this many pixels are moved at a time. Each of the dozen temporary arrays then stays below the 128 kB from
# which malloc asks the system for fresh pages; with four times as many, moving takes half as long again.
_PIXELS_AT_ONCE = 1 << 15


def resampled(images: Images, coordinates: Callable[[slice], tuple[Floats, Floats]]) -> Images:
    """Fill each pixel with what its image holds at other coordinates; bilinear interpolation, zeros outside.

    Parameters
    ----------
    images
        (images, channels, height, width).
    coordinates
        Called with a slice of the images; returns row and column to read for every pixel, each
        (images of the slice, height, width), in pixels from the top left one; it may be written to.

    Returns
    -------
    NDArray
        Same shape and dtype.

    Examples
    --------
    >>> image = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> row, column = np.mgrid[:2, :2][:, None] + 0.5
    >>> resampled(image, lambda part: (row, column))
    array([[[[2.5, 1.5],
             [1.75, 1. ]]]])
    """
    moved = np.empty(images.shape, dtype=images.dtype)
    step = max(1, _PIXELS_AT_ONCE // max(1, math.prod(images.shape[1:])))
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        row, column = coordinates(part)
        shape = (len(row), -1)
        moved[part] = _read(images[part], row.reshape(shape), column.reshape(shape))
    return moved


def _read(images: Images, row: Floats, column: Floats) -> Images:
    count, channels, height, width = images.shape
    dtype = images.dtype
    above, below = _margins(row, height)
    before, behind = _margins(column, width)
    padded_width = before + width + behind
    padded = np.zeros((count, channels, above + height + below, padded_width), dtype=dtype)
    padded[:, :, above : above + height, before : before + width] = images

    column += dtype.type(before)
    row += dtype.type(above)
    left, top = np.floor(column), np.floor(row)
    column -= left  # now the shares of the right and lower neighbours
    row -= top
    top *= dtype.type(padded_width)
    top += left
    planes = np.arange(count * channels).reshape(count, channels, 1) * padded[0, 0].size
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
    read: Images = lower.reshape(images.shape)
    return read


def _margins(coordinate: Floats, size: int) -> tuple[int, int]:
    """Return how many zeros are read before and behind: no coordinate then has to be clipped.

    Behind comes one more for the right or lower neighbour, and one for rounding.
    """
    first, last = math.floor(coordinate.min()), math.floor(coordinate.max())
    return max(0, -first) + 1, max(0, last - size + 1) + 2


def affine(images: Images, *, matrix: NDArray[np.float64], shift: NDArray[np.float64] | None = None) -> Images:
    """Map each image linearly about its centre, then move it.

    A pixel at p = (row, column) from the centre takes the value found at ``matrix @ (p - shift)``.

    Parameters
    ----------
    images
        (images, channels, height, width).
    matrix
        float64 (images, 2, 2): the inverse of the map that is seen.
    shift
        float64 (images, 2), pixels down and right; None: not moved.

    Returns
    -------
    NDArray
        Same shape and dtype; the coordinates are computed in that dtype (float32: to about 1e-5 pixel).
    """
    dtype, (height, width) = images.dtype, images.shape[2:]
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    start = np.broadcast_to(middle, (len(images), 2))
    if shift is not None:
        start = start - (matrix @ shift[..., None])[..., 0]
    v, u = np.arange(height) - middle[0], np.arange(width) - middle[1]
    # Row and column to read are each a sum of what the row gives and what the column gives.
    by_row = (matrix[:, :, 0, None] * v + start[..., None]).astype(dtype)  # (images, 2, height)
    by_column = (matrix[:, :, 1, None] * u).astype(dtype)  # (images, 2, width)

    def coordinates(part: slice) -> tuple[Floats, Floats]:
        rows, columns = by_row[part], by_column[part]
        return rows[:, 0, :, None] + columns[:, 0, None], rows[:, 1, :, None] + columns[:, 1, None]

    return resampled(images, coordinates)
