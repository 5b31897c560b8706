"""Flip: mirror each image left to right."""

from __future__ import annotations

from dataclasses import dataclass

from ablate.data.augment.base import Images
from ablate.data.augment.chosen import Chosen
from ablate.registry import register


@register("augment", "flip")
@dataclass(frozen=True)
class Flip(Chosen):
    """Mirror each image left to right with the given probability.

    For digits this is a *wrong* augmentation: a mirrored 2 is no 2, yet keeps its label. It is here as the
    control that tells "more images" from "more valid images".
    """

    def changed(self, images: Images) -> Images:
        """Return mirror images."""
        return images[..., ::-1]
