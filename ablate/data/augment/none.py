"""No augmentation: the baseline of every augmentation study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels
from ablate.registry import register


@register("augment", "none")
@dataclass(frozen=True)
class NoAugmentation(Augmentation):
    """Return the minibatch as it is; draws nothing."""

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:  # noqa: ARG002
        """Return the arrays that came in."""
        return images, labels
