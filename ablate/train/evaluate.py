"""Loss and accuracy of every block on a part of the data, in evaluation mode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.nn.arrays import Cache, Floats, Integers
from ablate.nn.losses import Loss
from ablate.nn.network import Replicas
from ablate.train.parts import Source

ROWS = 250
"""Examples evaluated at a time and block: more brings nothing and leaves the cache."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    loss
        float64 (blocks,), the mean over the examples; not finite where a score is not.
    accuracy
        float64 (blocks,); NaN where the loss is not finite: the largest of NaN scores is said to be class 0,
        which would read as chance.
    correct
        bool (blocks, examples).
    """

    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    correct: NDArray[np.bool_]


class Evaluator:
    """Evaluates replicas on parts of one source; holds the buffers for it.

    Attributes
    ----------
    source
        The examples; may be replaced by one with other labels.
    """

    def __init__(self, replicas: Replicas, loss: Loss, source: Source) -> None:
        self._replicas, self._loss, self.source = replicas, loss, source
        self._caches: dict[int, Cache] = {}
        self._gathered: dict[tuple[int, ...], Floats] = {}

    def __call__(self, positions: Integers) -> Evaluation:
        """Evaluate at `positions`, (blocks, examples) or (1, examples) where all blocks see the same."""
        blocks, examples = self._replicas.blocks, positions.shape[1]
        total = np.zeros(blocks)
        correct = np.empty((blocks, examples), np.bool_)
        for begin in range(0, examples, ROWS):
            part = positions[:, begin : begin + ROWS]
            labels = self.source.labels_at(part)
            scores = self._replicas.forward(self._gather(part), train=False)
            np.equal(scores.argmax(axis=-1), labels, out=correct[:, begin : begin + ROWS])
            total += self._loss.per_example(scores, labels, self._cache(part.shape[1])).sum(axis=1, dtype=np.float64)
        loss = total / examples
        accuracy = np.where(np.isfinite(loss), correct.mean(axis=1), np.nan)
        return Evaluation(loss, accuracy, correct)

    def _gather(self, part: Integers) -> Floats:
        shape = (*part.shape, self.source.images.shape[1])
        if shape not in self._gathered:
            self._gathered[shape] = np.empty(shape, self.source.images.dtype)
        return np.take(self.source.images, part, axis=0, out=self._gathered[shape], mode="clip")

    def _cache(self, rows: int) -> Cache:
        if rows not in self._caches:
            self._caches[rows] = Cache({}, dtype=self._replicas.dtype, train=False, overwrite=True)
        return self._caches[rows]
