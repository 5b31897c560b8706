"""Reads images between their pixels: what every geometric augmentation rests on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Images

Floats = NDArray[np.floating[Any]]


def resampled(images: Images, *, left: Floats, right: Floats) -> Images:
    """Fill each pixel with what its image holds elsewhere; bilinear interpolation, zeros outside.

    Pixel (y, x) of image n takes the value found ``left[n, 0, :, y] @ right[:, x]`` pixels below it and
    ``left[n, 1, :, y] @ right[:, x]`` to the right of it. Smooth fields have a small rank: 2 for a linear map, and for
    elastic deformation that of its correlations.

    Parameters
    ----------
    images
        (images, channels, height, width), float32 or float64.
    left
        (images, 2, rank, height): what each row of an image does to its displacements down and right.
    right
        (rank, width).

    Returns
    -------
    NDArray
        Same shape and dtype. An image's values do not hang on which others it comes with, to the last bit.

    Raises
    ------
    ValueError
        The shapes do not fit each other.

    Examples
    --------
    >>> image = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> resampled(image, left=np.full((1, 2, 1, 2), 0.5), right=np.ones((1, 2))).tolist()
    [[[[2.5, 1.5], [1.75, 1.0]]]]
    """
    from ablate.data.augment.kernels import resample

    count, _, height, width = images.shape
    if left.shape != (count, 2, len(right), height) or right.shape[1:] != (width,):  # the kernel reads without asking
        expected = f"expected left (images, 2, rank, height) and right (rank, width) for images {images.shape}"
        raise ValueError(f"{expected}, got {left.shape} and {right.shape}")
    filled = np.empty(images.shape, images.dtype)
    values, rows, columns = (np.ascontiguousarray(array, images.dtype) for array in (images, left, right))
    resample(images.dtype)(values, rows, columns, filled)
    return filled


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
    height, width = images.shape[2:]
    down, right = np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    displaced = matrix - np.eye(2)
    left = np.empty((len(images), 2, 2, height), images.dtype)
    left[:, :, 0] = displaced[:, :, :1] * down
    if shift is not None:
        left[:, :, 0] -= matrix @ shift[:, :, None]
    left[:, :, 1] = displaced[:, :, 1:]
    return resampled(images, left=left, right=np.stack([np.ones(width), right]))
