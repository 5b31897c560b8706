"""Turn: put each image upside down."""

from __future__ import annotations

from dataclasses import dataclass

from ablate.data.augment.base import Images
from ablate.data.augment.chosen import Chosen
from ablate.registry import register


@register("augment", "turn")
@dataclass(frozen=True)
class Turn(Chosen):
    """Turn each image by 180° with the given probability.

    For digits this is a *wrong* augmentation: a turned 6 is a 9, yet keeps its label. See `Flip`.
    """

    def changed(self, images: Images) -> Images:
        """Return images upside down."""
        return images[..., ::-1, ::-1]
