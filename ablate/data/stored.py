"""Datasets read from files: what they share."""

from __future__ import annotations

import functools
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


def check(images: Bytes, labels: NDArray[np.integer], *, classes: int, what: str) -> None:
    """Raise `Failure` unless there is one label in 0 … classes - 1 for each image; `what` names the source."""
    if len(images) != len(labels):
        raise Failure(f"{what} holds {len(images):,} images and {len(labels):,} labels: one label per image is needed")
    if not len(images):
        raise Failure(f"{what} holds no images")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        wrong = low if low < 0 else high
        raise Failure(f"{what} holds the label {wrong}: labels of {classes} classes go from 0 to {classes - 1}")


def examples_of(images: Bytes, labels: NDArray[np.integer], *, classes: int, what: str) -> Examples:
    """Check bytes against each other and return them as examples: values / 255.

    The fingerprint is that of the bytes, which are a quarter of what the float32 images take.

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
    check(images, labels, classes=classes, what=what)
    numbers = labels.astype(np.int64)
    scaled = np.multiply(images, np.float32(1 / 255), dtype=np.float32)
    return Examples.of(scaled, numbers, classes=classes, known=fingerprint(images, numbers))


def fixed_priority(count: int) -> NDArray[np.uint64]:
    """Return a random number for each example, the same on every machine: who is held out for all seeds."""
    # random_raw, because NumPy promises a bit generator's stream for ever.
    bits = np.random.PCG64(np.random.SeedSequence(ENTROPY, spawn_key=_SPAWN_KEY))
    return np.asarray(bits.random_raw(count), dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Positions that are the same for every seed: test, validation, and the pool of what is left; ascending."""

    test: NDArray[np.int64]
    validation: NDArray[np.int64]
    pool: NDArray[np.int64]

    @classmethod
    def of(cls, examples: Examples, test: NDArray[np.int64], validation: NDArray[np.int64]) -> HeldOut:
        """Sort the parts and find what they leave."""
        rest = np.ones(len(examples.labels), dtype=np.bool_)
        rest[test] = rest[validation] = False
        parts = cls(np.sort(test), np.sort(validation), np.flatnonzero(rest))
        for part in (parts.test, parts.validation, parts.pool):
            part.flags.writeable = False
        return parts


@dataclass(frozen=True)
class Stored(Dataset):
    """A dataset whose test and validation parts are the same for every seed.

    Seeds differ in which of the remaining examples they train on, stratified by class.
    """

    @abstractmethod
    def held_out(self) -> HeldOut:
        """Return the parts that no seed draws; found once per process."""

    def split(self, rng: np.random.Generator) -> Split:
        """Draw the seed's training images; test and validation do not depend on `rng`.

        Raises
        ------
        UserError
            `train_size` is more than what they leave.
        """
        parts, labels = self.held_out(), self.examples().labels
        pool = parts.pool
        size = len(pool) if self.train_size is None else self.train_size
        if size > len(pool):
            raise must(
                "dataset.train_size",
                f"be at most {len(pool)} (what validation and test leave), or null for all that is left",
                size,
            )
        train = pool[stratified(labels[pool], size, priority=rng.random(len(pool)))]
        return Split(train=train, validation=parts.validation, test=parts.test)


@functools.lru_cache(maxsize=4)
def drawn_out(examples: Examples, test: float, validation: float) -> HeldOut:
    """Hold out a share of all examples for testing and one for validation, stratified."""
    labels = examples.labels
    priority = fixed_priority(len(labels))
    sizes = round(test * len(labels)), round(validation * len(labels))
    held = stratified(labels, sum(sizes), priority=priority)
    chosen = stratified(labels[held], sizes[0], priority=priority[held])
    return HeldOut.of(examples, held[chosen], np.delete(held, chosen))


@functools.lru_cache(maxsize=4)
def _published(examples: Examples, tests: int) -> HeldOut:
    rest = len(examples.labels) - tests
    validation = stratified(examples.labels[:rest], rest // 10, priority=fixed_priority(rest))
    return HeldOut.of(examples, np.arange(rest, len(examples.labels), dtype=np.int64), validation)


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

    def held_out(self) -> HeldOut:
        """Return the published test part, a fixed tenth of the rest, and what is left."""
        return _published(self.examples(), self.test_count())
