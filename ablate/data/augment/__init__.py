"""Augmentations: changes of training minibatches, drawn anew at every step."""

from ablate.data.augment.baked import Baked
from ablate.data.augment.base import Augmentation, Images, Labels, MixedLabels
from ablate.data.augment.cutout import Cutout
from ablate.data.augment.elastic import Elastic
from ablate.data.augment.flip import Flip
from ablate.data.augment.matched_noise import MatchedNoise
from ablate.data.augment.mixup import Mixup
from ablate.data.augment.noise import Noise
from ablate.data.augment.none import NoAugmentation
from ablate.data.augment.permute import Permute
from ablate.data.augment.rotate import Rotate, rotated
from ablate.data.augment.scale import Scale
from ablate.data.augment.shift import Shift, shifted
from ablate.data.augment.shift_rotate import ShiftRotate
from ablate.data.augment.turn import Turn

__all__ = [
    "Augmentation",
    "Baked",
    "Cutout",
    "Elastic",
    "Flip",
    "Images",
    "Labels",
    "MatchedNoise",
    "MixedLabels",
    "Mixup",
    "NoAugmentation",
    "Noise",
    "Permute",
    "Rotate",
    "Scale",
    "Shift",
    "ShiftRotate",
    "Turn",
    "rotated",
    "shifted",
]
