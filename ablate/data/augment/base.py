"""What an augmentation is: a random change of training minibatches, per block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MixedLabels:
    """Two labels for each image, and how much each counts.

    The loss is ``share · ℓ(own) + (1 - share) · ℓ(other)``, whatever the loss; for cross-entropy that is the loss
    against soft labels.

    Attributes
    ----------
    own, other
        int64 (blocks, batch).
    share
        float64 (blocks,), from 0 to 1.
    """

    own: Labels
    other: Labels
    share: NDArray[np.float64]


def one_each(images: Images, rngs: Sequence[np.random.Generator]) -> None:
    """Raise ValueError unless there is one generator per block."""
    if len(rngs) != len(images):
        raise ValueError(f"expected one generator per block, got {len(rngs)} for {len(images)} blocks")


def draw_blocks(
    images: Images, rngs: Sequence[np.random.Generator], one: Callable[[np.random.Generator], Any]
) -> NDArray[Any]:
    """Stack what `one` draws from each block's generator: (blocks, …); ValueError unless there is one each."""
    one_each(images, rngs)
    return np.stack([one(rng) for rng in rngs])


def flat_images(images: Images) -> Images:
    """Return (blocks, batch, channels, height, width) as (blocks · batch, channels, height, width)."""
    return images.reshape(-1, *images.shape[2:])


@dataclass(frozen=True)
class Augmentation(ABC):
    """A random change of training minibatches; labels are kept, rightly or (to study it) wrongly.

    Each block draws from its own generator only, so that a block's result is the same whether it is
    augmented alone or among others.
    """

    needs_training_set: ClassVar[bool] = False
    """Works only once `prepared` has seen the training images."""

    mixes_labels: ClassVar[bool] = False
    """Returns `MixedLabels`, which a net's loss understands and a classifier's `fit` does not."""

    def prepared(
        self,
        images: Images,  # noqa: ARG002
        labels: Labels,  # noqa: ARG002
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
        *,
        classes: int,  # noqa: ARG002
    ) -> Augmentation:
        """Return what augments the minibatches of these blocks; called once, before their first step.

        Parameters
        ----------
        images
            float (blocks, n, channels, height, width): each block's training set, and nothing else of the data.
        labels
            int64 (blocks, n).
        rngs
            One generator per block: its `augment` stream, from which minibatches are augmented afterwards.
        classes
            Number of classes.

        Returns
        -------
        Augmentation
            By default this very object; callers may skip the call unless `needs_training_set`.
        """
        return self

    def held(self, shape: tuple[int, ...], *, classes: int, batch: int) -> int:  # noqa: ARG002
        """Return the bytes that preparing it for one block takes, at most; by default none.

        Parameters
        ----------
        shape
            (n, channels, height, width) of a block's training set.
        classes
            Number of classes.
        batch
            Size of the minibatches that are augmented afterwards.
        """
        return 0

    def arrays(self, block: int) -> dict[str, NDArray[Any]]:  # noqa: ARG002
        """Return what is worth keeping of a block's preparation, by name (`RunResult.arrays`); by default nothing."""
        return {}

    def measured(self, block: int) -> dict[str, float]:  # noqa: ARG002
        """Return scalars that tell how a block's preparation went, metric -> value; by default none."""
        return {}

    @abstractmethod
    def __call__(
        self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]
    ) -> tuple[Images, Labels | MixedLabels]:
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
            Images of the same shape and dtype, possibly the very array that came in; labels likewise, or
            `MixedLabels`.
        """


@dataclass(frozen=True)
class FromTrainingSet(Augmentation):
    """An augmentation that works only once it is `prepared` with the training set."""

    needs_training_set: ClassVar[bool] = True

    @abstractmethod
    def prepared(
        self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator], *, classes: int
    ) -> Augmentation:
        """Return what augments the minibatches; see `Augmentation.prepared`."""

    def __call__(
        self,
        images: Images,  # noqa: ARG002
        labels: Labels,  # noqa: ARG002
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> tuple[Images, Labels | MixedLabels]:
        """Raise ValueError: it has to be `prepared` first."""
        raise ValueError(f"{type(self).__name__} cannot be used before it is prepared with the training set")
