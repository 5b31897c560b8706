"""Datasets read from files: what they share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.base import Dataset, Examples, Split, fingerprint
from ablate.data.stratify import stratified
from ablate.errors import Failure, must
from ablate.streams import ENTROPY

_SPAWN_KEY = (60_000, 0, 0)  # three long, so that it is no seed's key (those are pairs)

Bytes = NDArray[np.uint8]


def examples_of(images: Bytes, labels: NDArray[np.integer], *, classes: int, what: str) -> Examples:
    """Check bytes against each other and return them as examples: values / 255.

    The fingerprint is that of the bytes, a quarter of what the float32 images take: 0.1 s for 70,000 images of
    MNIST.

    Parameters
    ----------
    images
        uint8 (examples, channels, height, width).
    labels
        (examples,), whole numbers.
    what
        Names the source in errors.

    Raises
    ------
    Failure
        There is not one label in 0 … classes - 1 for each image.
    """
    if len(images) != len(labels):
        raise Failure(f"{what} holds {len(images):,} images and {len(labels):,} labels: one label per image is needed")
    if not len(images):
        raise Failure(f"{what} holds no images")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        wrong = low if low < 0 else high
        raise Failure(f"{what} holds the label {wrong}: labels of {classes} classes go from 0 to {classes - 1}")
    numbers = labels.astype(np.int64)
    scaled = images.astype(np.float32)
    scaled *= np.float32(1 / 255)
    return Examples.of(scaled, numbers, classes=classes, known=fingerprint(images, numbers))


def fixed_priority(count: int) -> NDArray[np.uint64]:
    """Return a random number for each example, the same on every machine: who is held out for all seeds."""
    # random_raw, because NumPy promises a bit generator's stream for ever.
    bits = np.random.PCG64(np.random.SeedSequence(ENTROPY, spawn_key=_SPAWN_KEY))
    return np.asarray(bits.random_raw(count), dtype=np.uint64)


@dataclass(frozen=True)
class Stored(Dataset):
    """A dataset whose test and validation parts are the same for every seed.

    Seeds differ in which of the remaining examples they train on, stratified by class.
    """

    @abstractmethod
    def held_out(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the positions of the test and of the validation part, ascending."""

    def split(self, rng: np.random.Generator) -> Split:
        """Draw the seed's training images; test and validation do not depend on `rng`.

        Raises
        ------
        UserError
            `train_size` is more than what they leave.
        """
        test, validation = self.held_out()
        labels = self.examples().labels
        pool = np.setdiff1d(np.arange(len(labels), dtype=np.int64), np.concatenate([test, validation]))
        size = len(pool) if self.train_size is None else self.train_size
        if size > len(pool):
            raise must(
                "dataset.train_size",
                f"be at most {len(pool)} (what validation and test leave), or null for all that is left",
                size,
            )
        train = pool[stratified(labels[pool], size, priority=rng.random(len(pool)))]
        return Split(train=train, validation=validation, test=test)


def drawn_out(
    labels: NDArray[np.int64], *, test: float, validation: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return test and validation positions, each a share of all, stratified, the same for every seed."""
    priority = fixed_priority(len(labels))
    sizes = round(test * len(labels)), round(validation * len(labels))
    held = stratified(labels, sum(sizes), priority=priority)
    chosen = stratified(labels[held], sizes[0], priority=priority[held])
    return np.sort(held[chosen]), np.sort(np.delete(held, chosen))


@dataclass(frozen=True)
class Published(Stored):
    """A dataset published with a test part of its own; a tenth of the rest is the validation part.

    Attributes
    ----------
    train_size
        None: all that validation and test leave.
    folder
        A folder that holds the files as they are published, or unpacked; None: they are downloaded once into the
        cache (the folder ABLATE_DATA, or the operating system's) and checked by SHA-256.
    """

    @abstractmethod
    def test_count(self) -> int:
        """Return how many examples, the last ones, are the published test part."""

    def held_out(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the published test part, and the fixed tenth of the rest."""
        labels = self.examples().labels
        rest = len(labels) - self.test_count()
        validation = stratified(labels[:rest], rest // 10, priority=fixed_priority(rest))
        return np.arange(rest, len(labels), dtype=np.int64), np.sort(validation)
