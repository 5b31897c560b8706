"""A small generative adversarial net, and its use as an augmentation."""

from ablate.train.gan.augment import Gan
from ablate.train.gan.coverage import Coverage, coverage
from ablate.train.gan.pair import Pair

__all__ = ["Coverage", "Gan", "Pair", "coverage"]
