"""Cutout: black out a square of each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, draw_blocks
from ablate.errors import must
from ablate.registry import register


@register("augment", "cutout")
@dataclass(frozen=True)
class Cutout(Augmentation):
    """Set a square of `size` x `size` pixels to 0, at a place of its own in each image.

    The square's top left pixel is uniform over all places where a part of the square lies inside, so squares may
    be cut by the border (the paper's centre is uniform over the image, which cuts them too).

    Raises
    ------
    UserError
        `size` is not at least 1.

    References
    ----------
    DeVries, Taylor (2017), Improved regularization of convolutional neural networks with cutout, section 3.
    """

    size: int = 8

    def __post_init__(self) -> None:
        if self.size < 1:
            raise must("Cutout.size", "be >= 1", self.size)

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return images with a hole; labels are kept."""
        batch, (height, width) = images.shape[1], images.shape[3:]
        low, high = 1 - self.size, (height, width)
        corner = draw_blocks(images, rngs, lambda rng: rng.integers(low, high, size=(batch, 2)))
        rows = np.arange(height) - corner[..., :1]  # (blocks, batch, height), counted from the square's top
        columns = np.arange(width) - corner[..., 1:]
        inside_rows, inside_columns = (rows >= 0) & (rows < self.size), (columns >= 0) & (columns < self.size)
        kept = ~(inside_rows[..., :, None] & inside_columns[..., None, :])
        return images * kept[:, :, None], labels
