"""Loops over pixels that Numba compiles; imported where one is needed, because importing Numba takes 0.3 s.

Each kernel is compiled for one dtype at its first use (2 s), and stored for later processes. All of one kernel stands
in this file: Numba compiles anew when the file changes, not when a file does that it imports from.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import from_dtype, types
from numpy.typing import NDArray

from ablate.data.augment.compiled import compiled, part

Floats = NDArray[np.floating[Any]]
Wholes = NDArray[np.uint32]


@part
def _frame(image: Floats, shape: tuple[int, int], framed: Floats, first: int, wide: int) -> None:
    """Copy an image into a frame whose rows are `wide`, its first pixel to position `first`."""
    height, width = shape
    for y in range(height):
        for x in range(width):  # unsigned positions: no test for those that count from the end, 2.5 times as fast
            framed[np.uint64(first + y * wide + x)] = image[np.uint64(y * width + x)]


@part
def _split(own: Floats, displaced: Floats, size: int, whole: Wholes) -> None:
    """Turn displacements into places: `displaced` becomes the broken part of each place, `whole` the whole part + 1.

    A place is moved between -1 and `size`, where nothing but zeros is read, as everywhere beyond; so is a NaN.
    """
    low, high = displaced.dtype.type(-1), displaced.dtype.type(size)
    for p in range(displaced.size):
        place = own[p] + displaced[p]
        place = place if place > low else low
        place = place if place < high else high
        floor = np.floor(place)
        displaced[p] = place - floor
        whole[p] = np.int32(floor) + np.int32(1)


@part
def _between(framed: Floats, wide: np.uint32, whole: Wholes, share: Floats, out: Floats) -> None:
    """Read between the four values around each place; `share` is that of the lower and of the right ones."""
    for p in range(out.size):
        at = np.uint32(whole[0, p] * wide + whole[1, p])
        first, second = framed[at], framed[at + np.uint32(1)]
        third, fourth = framed[at + wide], framed[at + wide + np.uint32(1)]
        upper = first + share[1, p] * (second - first)
        lower = third + share[1, p] * (fourth - third)
        out[p] = upper + share[0, p] * (lower - upper)


def _resample(images: Floats, left: Floats, right: Floats, out: Floats) -> None:
    count, channels, height, width = images.shape
    # A frame of zeros saves asking of each neighbour whether it lies in the image.
    pixels, wide = height * width, width + 3
    framed = np.zeros((height + 3) * wide, images.dtype)
    grid, place = np.empty((2, height, width), images.dtype), np.empty((2, height, width), images.dtype)
    for y in range(height):
        for x in range(width):
            grid[0, y, x], grid[1, y, x] = y, x
    starts, share, whole = grid.reshape((2, pixels)), place.reshape((2, pixels)), np.empty((2, pixels), np.uint32)
    values, outputs = images.reshape((count * channels, pixels)), out.reshape((count * channels, pixels))
    for n in range(count):
        for axis in range(2):
            # Products of one size, whatever the number of images: none hangs on its neighbours in its last bits.
            np.dot(left[n, axis].T, right, place[axis])
            _split(starts[axis], share[axis], images.shape[2 + axis], whole[axis])
        for m in range(n * channels, (n + 1) * channels):
            _frame(values[m], (height, width), framed, wide + 1, wide)
            _between(framed, np.uint32(wide), whole, share, outputs[m])


@part
def _add_squares(framed: NDArray[np.float32], moved: int, still: int, squares: NDArray[np.float32]) -> None:
    """Add the squared differences of two rows that begin at these positions."""
    for x in range(squares.size):
        way = framed[np.uint64(moved + x)] - framed[np.uint64(still + x)]
        squares[x] += way * way


def _way_squared(images: Floats, moves: NDArray[np.int64], out: NDArray[np.float32]) -> None:
    count, channels, height, width = images.shape
    # Framed by zeros as broad as the farthest move; an image that leaves its own place moves no farther.
    above, before = 0, 0
    for n in range(count):
        above, before = max(above, abs(moves[n, 0])), max(before, abs(moves[n, 1]))
    above, before = min(above, height), min(before, width)
    wide = width + 2 * before
    framed, squares = np.zeros((height + 2 * above) * wide, np.float32), np.empty(width, np.float32)
    first, values = above * wide + before, images.reshape((count * channels, height * width))
    for n in range(count):
        down, right = max(-above, min(above, moves[n, 0])), max(-before, min(before, moves[n, 1]))
        squares[:] = 0
        for m in range(n * channels, (n + 1) * channels):
            _frame(values[m], (height, width), framed, first, wide)
            for still in range(first, first + height * wide, wide):
                _add_squares(framed, still - down * wide - right, still, squares)
        # Column by column, so that several are added at once; the order is always the same.
        out[n] = squares.sum()


def _read(of: types.Type, ndim: int) -> types.Array:
    return types.Array(of, ndim, "C", readonly=True)


@functools.cache
def resample(dtype: np.dtype[Any]) -> Callable[[Floats, Floats, Floats, Floats], None]:
    """Return the kernel of `sample.resampled`, for contiguous arrays of `dtype`; the last one is written."""
    real = from_dtype(dtype)
    return compiled(_resample, _read(real, 4), _read(real, 4), _read(real, 2), real[:, :, :, ::1])


@functools.cache
def way_squared(dtype: np.dtype[Any]) -> Callable[[Floats, NDArray[np.int64], NDArray[np.float32]], None]:
    """Return what writes ‖shifted - image‖² of each image; `moves` int64 (images, 2): pixels down and right."""
    return compiled(_way_squared, _read(from_dtype(dtype), 4), _read(types.int64, 2), types.float32[::1])
