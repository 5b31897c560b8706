"""Digits: scikit-learn's 1,797 handwritten digits of 8x8 pixels."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.data.base import Dataset, Examples, Split
from ablate.data.shipped import read_shipped, shipped_file
from ablate.data.stratify import stratified
from ablate.registry import register

TEST_SIZE = 450
VALIDATION_SIZE = 200
POOL_SIZE = 1_147  # what is left of 1,797

_SIDE = 8


@functools.cache
def _examples() -> Examples:
    path = shipped_file("sklearn", "datasets/data/digits.csv.gz", install="scikit-learn")
    table = read_shipped(path, columns=_SIDE * _SIDE + 1)
    images = table[:, :-1].reshape(-1, 1, _SIDE, _SIDE).astype(np.float32) / np.float32(16)
    return Examples.of(images, table[:, -1].astype(np.int64), classes=10)


@register("dataset", "digits")
@dataclass(frozen=True)
class Digits(Dataset):
    """1,797 images 8x8 of handwritten digits, 174 to 183 per class.

    Every seed draws its own test, validation and training parts, stratified. Random splits mix writers: the
    13 people behind these images (the test part of a set by 43) appear on both sides, so accuracies here are
    higher than on the digits of someone new. The file does not say who wrote what, so this cannot be corrected.

    Attributes
    ----------
    train_size
        10 (one image of each class) to 1,147; None: 1,147.

    References
    ----------
    Alpaydin, Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.
    """

    train_size: int | None = 1_000

    classes: ClassVar[int] = 10
    drawn_from: ClassVar[str] = "optdigits"
    most_train: ClassVar[int | None] = POOL_SIZE

    def examples(self) -> Examples:
        """Return the 1,797 images in the order they are shipped; values / 16."""
        return _examples()

    def split(self, rng: np.random.Generator) -> Split:
        """Draw test (450), then validation (200), then training examples, one draw for each in this order."""
        labels = _examples().labels
        test = stratified(labels, TEST_SIZE, priority=rng.random(len(labels)))
        rest = np.setdiff1d(np.arange(len(labels), dtype=np.int64), test)
        validation = rest[stratified(labels[rest], VALIDATION_SIZE, priority=rng.random(len(rest)))]
        pool = np.setdiff1d(rest, validation)
        size = len(pool) if self.train_size is None else self.train_size
        train = pool[stratified(labels[pool], size, priority=rng.random(len(pool)))]
        return Split(train=train, validation=np.sort(validation), test=np.sort(test))
