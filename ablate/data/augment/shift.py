"""Shift: move each image by a few whole pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ablate.data.augment.base import Augmentation, Images, Labels, draw_blocks
from ablate.errors import must
from ablate.registry import register


def shifted(images: Images, *, down: NDArray[np.int64], right: NDArray[np.int64]) -> Images:
    """Move each image by its own whole number of pixels, filling with zeros.

    Parameters
    ----------
    images
        (images, channels, height, width).
    down, right
        int64 (images,), pixels; negative: up, left.

    Examples
    --------
    >>> shifted(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), down=np.array([1]), right=np.array([-1]))
    array([[[[0., 0.],
             [2., 0.]]]])
    """
    count, channels, height, width = images.shape
    if count == 0:
        return images.copy()
    most = max(int(np.abs(down).max()), int(np.abs(right).max()))
    padded = np.zeros((count, channels, height + 2 * most, width + 2 * most), dtype=images.dtype)
    padded[:, :, most : most + height, most : most + width] = images
    # Every shift is a window of the padded image; picking windows copies whole rows, where an index per pixel
    # takes three times as long.
    windows = sliding_window_view(padded, (height, width), axis=(2, 3))
    picked: Images = windows[np.arange(count), :, most - down, most - right]
    return picked


@register("augment", "shift")
@dataclass(frozen=True)
class Shift(Augmentation):
    """Move each image by whole pixels, filled with zeros; rows and columns uniform on -max_pixels..max_pixels.

    Raises
    ------
    UserError
        `max_pixels` is negative.
    """

    max_pixels: int = 2

    def __post_init__(self) -> None:
        if self.max_pixels < 0:
            raise must("Shift.max_pixels", "be >= 0", self.max_pixels)

    def moves(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw how far `count` images go: int64 (count, 2), pixels down and right."""
        return rng.integers(-self.max_pixels, self.max_pixels + 1, size=(count, 2))

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return shifted images; labels are kept."""
        down, right = draw_blocks(images, rngs, lambda rng: self.moves(rng, images.shape[1])).reshape(-1, 2).T
        return shifted(images.reshape(-1, *images.shape[2:]), down=down, right=right).reshape(images.shape), labels
