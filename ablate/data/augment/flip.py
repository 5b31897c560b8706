"""Flip: mirror images left to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, draw
from ablate.errors import must
from ablate.registry import register


@register("augment", "flip")
@dataclass(frozen=True)
class Flip(Augmentation):
    """Mirror each image left to right with the given probability.

    For digits this is a *wrong* augmentation: a mirrored 2 is no 2, yet keeps its label. It is here as the
    control that tells "more images" from "more valid images".

    Raises
    ------
    UserError
        `probability` is not in [0, 1].
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise must("Flip.probability", "be between 0 and 1", self.probability)

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return the images, some of them mirrored; labels are kept."""
        # random() < 1 always and random() < 0 never: both ends of the range hold exactly.
        mirrored = draw(images, rngs, lambda rng: rng.random(images.shape[1])) < self.probability
        flipped = images.copy()
        flipped[mirrored] = images[mirrored][..., ::-1]
        return flipped, labels
