"""The parts of a dataset as a group of blocks sees them: one copy of the images, positions per block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.base import Dataset, Split
from ablate.nn.arrays import Floats, Integers
from ablate.streams import streams


@dataclass(frozen=True)
class PartSource:
    """All examples, flat and in the run's dtype.

    Attributes
    ----------
    images
        (examples, features).
    labels
        (examples,), or (blocks, examples) where each block has its own names for the classes.
    shape
        Of one image: (channels, height, width).
    """

    images: Floats
    labels: NDArray[np.int64]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, dataset: Dataset, dtype: Any) -> PartSource:
        """Read the dataset; in float32 no copy is made."""
        examples = dataset.examples()
        flat = examples.images.reshape(len(examples.images), -1).astype(dtype, copy=False)
        return cls(flat, examples.labels, examples.images.shape[1:])

    def labels_at(self, positions: Integers) -> Integers:
        """Return the labels at `positions` (blocks or 1, examples), one row per block where blocks differ."""
        if self.labels.ndim == 1:
            return self.labels[positions]
        return np.take_along_axis(self.labels, np.broadcast_to(positions, (len(self.labels), positions.shape[1])), 1)


@dataclass(frozen=True)
class Parts:
    """Positions of each part in the source, (blocks, examples); (1, examples) where all blocks share a part."""

    train: Integers
    validation: Integers
    test: Integers

    @classmethod
    def of(cls, dataset: Dataset, seeds: Sequence[int], *, members: int = 1) -> Parts:
        """Draw each seed's split from its own stream; its `members`, a block each, see the same."""
        splits = [split for rng in streams(list(seeds), "split") for split in [dataset.split(rng)] * members]
        return cls(*(_together(splits, name) for name in ("train", "validation", "test")))


def _together(splits: Sequence[Split], name: str) -> Integers:
    rows = np.stack([getattr(split, name) for split in splits])
    shared = name != "train" and bool((rows == rows[0]).all())
    return rows[:1] if shared else rows
