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
        (images of the slice, height, width) or with the pixels in one axis, counted from the top left one; they may
        be written to.

    Returns
    -------
    NDArray
        Same shape and dtype.

    Examples
    --------
    >>> image = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> row, column = np.mgrid[:2, :2][:, None] + 0.5
    >>> resampled(image, lambda part: (row, column)).tolist()
    [[[[2.5, 1.5], [1.75, 1.0]]]]
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

    left, top = np.floor(column), np.floor(row)
    column -= left  # now the shares of the right and lower neighbours
    row -= top
    # Positions in `padded`. Whole numbers from here on, far below 2^24: float32 holds them exactly, so the margins,
    # which depend on the company of an image, round nothing.
    top *= dtype.type(padded_width)
    top += left
    planes = np.arange(count * channels, dtype=dtype).reshape(count, channels, 1) * dtype.type(padded[0, 0].size)
    planes += dtype.type(above * padded_width + before)
    corner = (top[:, None] + planes).astype(np.intp)  # (images, channels, pixels)
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
    """Return how many zeros are read before and behind; coordinates far outside are moved nearer, in place.

    Behind comes one more for the right or lower neighbour.
    """
    first, last = float(coordinate.min()), float(coordinate.max())
    if first < -size or last > 2 * size:  # there is nothing but zeros; the memory for them would be wasted
        np.clip(coordinate, -size, 2 * size, out=coordinate)
        first, last = max(first, -size), min(last, 2 * size)
    return max(0, -math.floor(first)), max(0, math.floor(last) - size + 1) + 1


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
    (height, width), dtype = images.shape[2:], images.dtype
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    start = np.broadcast_to(middle, (len(images), 2))
    if shift is not None:
        start = start - (matrix @ shift[..., None])[..., 0]
    # All coordinates are one product of matrices: (2 · images, 3) with (3, pixels).
    grid = np.ones((3, height, width), dtype=dtype)
    grid[0], grid[1] = (np.arange(height) - middle[0])[:, None], np.arange(width) - middle[1]
    weights = np.concatenate([matrix, start[..., None]], axis=2).swapaxes(0, 1).astype(dtype)  # (2, images, 3)

    def coordinates(part: slice) -> tuple[Floats, Floats]:
        found = np.matmul(weights[:, part].reshape(-1, 3), grid.reshape(3, -1)).reshape(2, -1, height * width)
        return found[0], found[1]

    return resampled(images, coordinates)
