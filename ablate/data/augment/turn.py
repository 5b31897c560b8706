"""Turn: put each image upside down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, draw
from ablate.errors import must
from ablate.registry import register


@register("augment", "turn")
@dataclass(frozen=True)
class Turn(Augmentation):
    """Turn each image by 180° with the given probability.

    For digits this is a *wrong* augmentation: a turned 6 is a 9, yet keeps its label. See `Flip`.

    Raises
    ------
    UserError
        `probability` is not in [0, 1].
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise must("Turn.probability", "be between 0 and 1", self.probability)

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return the images, some of them upside down; labels are kept."""
        chosen = draw(images, rngs, lambda rng: rng.random(images.shape[1])) < self.probability
        turned = images.copy()
        turned[chosen] = images[chosen][..., ::-1, ::-1]
        return turned, labels
