"""Rings: two classes that no straight line parts, made and not measured."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.data.base import Dataset, Examples, Split
from ablate.data.stratify import stratified
from ablate.registry import register
from ablate.streams import ENTROPY

SIZE = 5_000
TEST_SIZE = 2_000
VALIDATION_SIZE = 500

_SPAWN_KEY = (2_000, 0, 0)  # three long, so that it is not a seed's key (those are pairs)
_RADII = (0.4, 0.8)
_NOISE = 0.08
_GRID = 4_096  # coordinates are rounded to 1/4096: the last bit of a sine differs between machines


@functools.cache
def _examples() -> Examples:
    # random_raw, because NumPy promises a bit generator's stream for ever, and a Generator's methods only
    # from version to version.
    bits = np.random.PCG64(np.random.SeedSequence(ENTROPY, spawn_key=_SPAWN_KEY))
    uniform = (np.asarray(bits.random_raw(3 * SIZE), dtype=np.uint64) >> np.uint64(11)) * 2.0**-53
    angle, first, second = uniform.reshape(3, SIZE)
    labels = np.arange(SIZE, dtype=np.int64) % 2
    normal = np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second)  # Box and Muller 1958
    radius = np.take(_RADII, labels) + _NOISE * normal
    points = radius[:, None] * np.stack([np.cos(2.0 * np.pi * angle), np.sin(2.0 * np.pi * angle)], axis=1)
    scaled = np.clip(np.rint((points + 1.25) / 2.5 * _GRID) / _GRID, 0.0, 1.0)
    return Examples.of(scaled.astype(np.float32).reshape(SIZE, 1, 1, 2), labels, classes=2)


@register("dataset", "rings")
@dataclass(frozen=True)
class Rings(Dataset):
    """5,000 points of the plane on two noisy concentric rings, 2,500 on each: an "image" of 1x2.

    A straight line leaves about a third of them on the wrong side; a circle less than 1 %. It is the control for
    what a linear model cannot do. Radii 0.4 and 0.8 with normal noise of 0.08; the square [-1.25, 1.25]² is
    scaled to [0, 1]². The test part (2,000) and the validation part (500) differ from seed to seed.

    Attributes
    ----------
    train_size
        2 (one point of each ring) to 2,500; None: 2,500.
    """

    train_size: int | None = 1_000

    classes: ClassVar[int] = 2
    most_train: ClassVar[int | None] = SIZE - TEST_SIZE - VALIDATION_SIZE

    def examples(self) -> Examples:
        """Return the 5,000 points, the same on every machine."""
        return _examples()

    def split(self, rng: np.random.Generator) -> Split:
        """Draw test, then validation, then training points, one draw for each in this order."""
        labels = _examples().labels
        test = stratified(labels, TEST_SIZE, priority=rng.random(SIZE))
        rest = np.setdiff1d(np.arange(SIZE, dtype=np.int64), test)
        validation = rest[stratified(labels[rest], VALIDATION_SIZE, priority=rng.random(len(rest)))]
        pool = np.setdiff1d(rest, validation)
        size = len(pool) if self.train_size is None else self.train_size
        train = pool[stratified(labels[pool], size, priority=rng.random(len(pool)))]
        return Split(train=train, validation=np.sort(validation), test=np.sort(test))
