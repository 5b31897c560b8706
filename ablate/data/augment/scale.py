"""Scale: make each image larger or smaller about its centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, draw_blocks, flat_images
from ablate.data.augment.sample import affine
from ablate.errors import must
from ablate.registry import register


@register("augment", "scale")
@dataclass(frozen=True)
class Scale(Augmentation):
    """Scale each image about its centre by a factor between 1 / max_factor and max_factor, log-uniform.

    Bilinear interpolation, zeros outside. Log-uniform, so that enlarging by a factor is as likely as shrinking
    by it.

    Raises
    ------
    UserError
        `max_factor` is not in [1, 4].
    """

    max_factor: float = 1.2

    def __post_init__(self) -> None:
        if not 1.0 <= self.max_factor <= 4.0:
            raise must("Scale.max_factor", "be between 1 and 4", self.max_factor)

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return scaled images; labels are kept."""
        batch, most = images.shape[1], np.log(self.max_factor)
        factor = np.exp(draw_blocks(images, rngs, lambda rng: rng.uniform(-most, most, size=batch))).ravel()
        matrix = np.eye(2) / factor[:, None, None]
        return affine(flat_images(images), matrix=matrix).reshape(images.shape), labels
