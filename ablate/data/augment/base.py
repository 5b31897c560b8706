"""What an augmentation is: a random change of training minibatches, per block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


def one_each(images: Images, rngs: Sequence[np.random.Generator]) -> None:
    """Raise ValueError unless there is one generator per block."""
    if len(rngs) != len(images):
        raise ValueError(f"expected one generator per block, got {len(rngs)} for {len(images)} blocks")


def draw(
    images: Images, rngs: Sequence[np.random.Generator], one: Callable[[np.random.Generator], Any]
) -> NDArray[Any]:
    """Stack what `one` draws from each block's generator: (blocks, …); ValueError unless there is one each."""
    one_each(images, rngs)
    return np.stack([one(rng) for rng in rngs])


@dataclass(frozen=True)
class Augmentation(ABC):
    """A random change of training minibatches; labels are kept, rightly or (to study it) wrongly.

    Each block draws from its own generator only, so that a block's result is the same whether it is
    augmented alone or among others.
    """

    @abstractmethod
    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return augmented images and their labels.

        Parameters
        ----------
        images
            float (blocks, batch, channels, height, width); never modified.
        labels
            int64 (blocks, batch); never modified.
        rngs
            One generator per block: the block's `augment` stream.

        Returns
        -------
        tuple
            Images and labels of the same shapes and dtypes; possibly the very arrays that came in.
        """
