"""Augmentations: changes of training minibatches, drawn anew at every step."""

from ablate.data.augment.base import Augmentation, Images, Labels
from ablate.data.augment.flip import Flip
from ablate.data.augment.noise import Noise
from ablate.data.augment.none import NoAugmentation
from ablate.data.augment.rotate import Rotate, rotated
from ablate.data.augment.shift import Shift, shifted

__all__ = [
    "Augmentation",
    "Flip",
    "Images",
    "Labels",
    "NoAugmentation",
    "Noise",
    "Rotate",
    "Shift",
    "rotated",
    "shifted",
]
