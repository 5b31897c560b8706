"""Mixup: train on weighted means of two images, and of their losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.data.augment.base import Augmentation, Images, Labels, MixedLabels, draw_blocks, one_each
from ablate.errors import must
from ablate.registry import register


@register("augment", "mixup")
@dataclass(frozen=True)
class Mixup(Augmentation):
    """x = λ x_i + (1 - λ) x_j and ℓ = λ ℓ(y_i) + (1 - λ) ℓ(y_j), with λ from Beta(alpha, alpha).

    As in the paper's own code, each minibatch is mixed with a random order of itself, with one λ per minibatch
    (here: per minibatch and block).

    Attributes
    ----------
    alpha
        > 0. Small: λ near 0 or 1, images nearly whole; 1: λ uniform.

    Raises
    ------
    UserError
        `alpha` is not a positive number.

    References
    ----------
    Zhang, Cisse, Dauphin, Lopez-Paz (2018), mixup: beyond empirical risk minimization, section 2.
    """

    alpha: float = 0.2

    mixes_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < math.inf:
            raise must("Mixup.alpha", "be > 0", self.alpha)

    def __call__(
        self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]
    ) -> tuple[Images, MixedLabels]:
        """Return mixed images and both labels of each, `own` in the order that came in."""
        one_each(images, rngs)
        share = np.array([rng.beta(self.alpha, self.alpha) for rng in rngs])
        other = draw_blocks(images, rngs, lambda rng: rng.permutation(images.shape[1]))
        blocks = np.arange(len(images))[:, None]
        mixed = images[blocks, other]
        mixed -= images
        mixed *= (1.0 - share).astype(images.dtype).reshape(-1, 1, 1, 1, 1)
        mixed += images
        return mixed, MixedLabels(labels, labels[blocks, other], share)
