"""What a generator covers: where its images land among the training images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.nn.arrays import Floats, Integers


@dataclass(frozen=True)
class Coverage:
    """Counts of one block.

    Attributes
    ----------
    landed
        int64 (classes, classes): how many images that were asked for as class i have a nearest training image of
        class j (1-nearest neighbour, Euclidean, the classifier being the training images themselves).
    distinct
        int64 (classes,): how many different training images of its own class are the nearest one of some image.
        As many as there are images, at best; one, where the generator has collapsed to a point.
    distance
        float64 (classes,): mean distance to the nearest training image; 0 would mean copies.
    """

    landed: NDArray[np.int64]
    distinct: NDArray[np.int64]
    distance: NDArray[np.float64]

    @property
    def landed_share(self) -> float:
        """The share of images whose nearest training image is of the class that was asked for."""
        return float(np.trace(self.landed) / self.landed.sum())

    def modes(self, labels: Integers, count: int) -> float:
        """Return the share of training images reached, of as many as `count` images of a class can; mean over classes.

        1 where every image is nearest to a training image of its own; near 0 where each class has collapsed to a point.
        """
        there = np.minimum(np.bincount(labels, minlength=len(self.distinct)), count)
        return float(np.mean(self.distinct[there > 0] / there[there > 0]))


def coverage(images: Floats, asked: Integers, train: Floats, labels: Integers, *, classes: int) -> Coverage:
    """Count where images land.

    Parameters
    ----------
    images
        (images, pixels), of the generator.
    asked
        (images,) the class that each was asked for.
    train, labels
        (n, pixels) and (n,).
    """
    # |a - b|² = |a|² - 2 a·b + |b|²: the nearest does not need the first term.
    inner = images @ train.T
    squared = (train.astype(np.float64) ** 2).sum(axis=1) - 2.0 * inner
    nearest = squared.argmin(axis=1)
    landed = np.zeros((classes, classes), np.int64)
    np.add.at(landed, (asked, labels[nearest]), 1)
    as_asked = labels[nearest] == asked
    distinct = [len(np.unique(nearest[as_asked & (asked == label)])) for label in range(classes)]
    way = np.linalg.norm(images - train[nearest], axis=1)
    distance = [float(way[asked == label].mean()) if (asked == label).any() else np.nan for label in range(classes)]
    return Coverage(landed, np.asarray(distinct, np.int64), np.asarray(distance))
