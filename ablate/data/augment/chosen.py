"""Augmentations that change some images of a minibatch, and leave the others whole."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, draw_blocks
from ablate.errors import must


@dataclass(frozen=True)
class Chosen(Augmentation):
    """Change each image with the given probability, always in the same way.

    Raises
    ------
    UserError
        `probability` is not in [0, 1].
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise must(f"{type(self).__name__}.probability", "be between 0 and 1", self.probability)

    @abstractmethod
    def changed(self, images: Images) -> Images:
        """Return what becomes of chosen images, (images, channels, height, width)."""

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return the images, some of them changed; labels are kept."""
        # random() < 1 always and random() < 0 never: both ends of the range hold exactly.
        chosen = draw_blocks(images, rngs, lambda rng: rng.random(images.shape[1])) < self.probability
        augmented = images.copy()
        augmented[chosen] = self.changed(images[chosen])
        return augmented, labels
