"""Baked: the training set is enlarged once, before training, instead of anew at every step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Augmentation, FromTrainingSet, Images, Labels, one_each
from ablate.errors import must, unknown
from ablate.registry import options, register


@register("augment", "baked")
@dataclass(frozen=True)
class Baked(FromTrainingSet):
    """Replace the training set of n images by `copies` augmented copies of it, made once, and draw from those.

    Every epoch over the copies · n images is in a new random order, without replacement, from the block's
    `augment` stream; the minibatch that came in is not used. The number of steps is that of the other arms.
    With ``of=none`` (the option `augment=duplicates`) the copies are the same images again: no information is
    added, and such an arm can differ from `none` through the order of sampling alone.

    The copies of a block take copies · n · 4 bytes a pixel: 31 MB for 10 copies of 1,000 MNIST images
    (duplicates take no more than the images themselves).

    Attributes
    ----------
    copies
        >= 1.
    of
        Name of the augmentation, with its default settings. It must keep labels (not mixup) and need no training
        set itself.

    Raises
    ------
    UserError
        `copies` is out of range, or `of` is not such an augmentation.
    """

    copies: int = 10
    of: str = "shift_rotate"

    def __post_init__(self) -> None:
        if self.copies < 1:
            raise must("Baked.copies", "be >= 1", self.copies)
        every = cast("dict[str, type[Augmentation]]", options("augment"))
        bakeable = {name for name, cls in every.items() if not (cls.needs_training_set or cls.mixes_labels)}
        if self.of not in bakeable:
            raise unknown("augmentation to bake", self.of, bakeable)

    def prepared(
        self,
        images: Images,
        labels: Labels,
        rngs: Sequence[np.random.Generator],
        *,
        classes: int,  # noqa: ARG002
    ) -> Augmentation:
        """Make the copies, one after the other."""
        one_each(images, rngs)
        if self.of == "none":
            return EnlargedSet(images, labels, self.copies)
        change = cast("Augmentation", options("augment")[self.of]())
        blocks, count = labels.shape
        baked = np.empty((blocks, self.copies * count, *images.shape[2:]), dtype=images.dtype)
        for copy in range(self.copies):
            baked[:, copy * count : (copy + 1) * count], _ = change(images, labels, rngs)
        return EnlargedSet(baked, np.tile(labels, self.copies), 1)

    def held(self, shape: tuple[int, ...], *, classes: int, batch: int) -> int:  # noqa: ARG002
        """Return the bytes of the training set and of its copies, with their labels and order."""
        image = 4 * math.prod(shape[1:])
        order = 8 * shape[0] * self.copies
        if self.of == "none":
            return shape[0] * (image + 8) + order
        return shape[0] * ((self.copies + 2) * image + 8 * (self.copies + 1)) + order  # one copy is in the making


@dataclass(frozen=True, eq=False)
class EnlargedSet(Augmentation):
    """Minibatches of the blocks' own from a fixed set of images.

    Attributes
    ----------
    images, labels
        (blocks, n, channels, height, width) and (blocks, n).
    times
        How often each image is in the set.
    """

    images: Images
    labels: Labels
    times: int

    def __post_init__(self) -> None:
        # What is left of each block's epoch.
        object.__setattr__(self, "_queues", [np.empty(0, dtype=np.int64) for _ in self.labels])

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:  # noqa: ARG002
        """Return the next minibatch of the size that came in."""
        one_each(images, rngs)
        batch, count = images.shape[1], self.labels.shape[1]
        queues = cast("list[NDArray[np.int64]]", self._queues)  # type: ignore[attr-defined]
        taken = np.empty((len(images), batch), dtype=np.int64)
        for block, rng in enumerate(rngs):
            while len(queues[block]) < batch:
                queues[block] = np.concatenate([queues[block], rng.permutation(count * self.times) % count])
            taken[block], queues[block] = queues[block][:batch], queues[block][batch:]
        blocks = np.arange(len(images))[:, None]
        return self.images[blocks, taken].astype(images.dtype, copy=False), self.labels[blocks, taken]
