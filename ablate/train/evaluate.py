"""Loss and accuracy of every seed on a part of the data, in evaluation mode: of its net, or of its ensemble."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.nn.arrays import Cache, Floats, Integers
from ablate.nn.losses import Loss
from ablate.nn.network import Replicas
from ablate.train.parts import PartSource

ROWS = 250
"""Examples evaluated at a time and net: more brings nothing and leaves the cache."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    loss
        float64 (seeds,), the mean over the examples; not finite where a score is not.
    accuracy
        float64 (seeds,); NaN where the loss is not finite: the largest of NaN scores is said to be class 0,
        which would read as chance.
    correct
        bool (seeds, examples).
    members
        The same of each net by itself, (seeds · members,), where a seed is an ensemble; or None.
    """

    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    correct: NDArray[np.bool_]
    members: Evaluation | None = None

    @property
    def nets(self) -> Evaluation:
        """Of each net by itself, in the order of the replicas."""
        return self if self.members is None else self.members


class Evaluator:
    """Evaluates replicas on parts of one source; holds the buffers for it.

    Parameters
    ----------
    members
        How many replicas, next to each other, are a seed's ensemble: its prediction is the mean of theirs
        (`Loss.mean_prediction`). Where the loss of one of them is not finite, that of the ensemble is not.

    Attributes
    ----------
    source
        The examples; may be replaced by one with other labels.
    """

    def __init__(self, replicas: Replicas, loss: Loss, source: PartSource, *, members: int = 1) -> None:
        self._replicas, self._loss, self._members, self.source = replicas, loss, members, source
        self._caches: dict[int, Cache] = {}
        self._gathered: dict[tuple[int, ...], Floats] = {}

    def __call__(self, positions: Integers) -> Evaluation:
        """Evaluate at `positions`, (nets, examples) or (1, examples) where all see the same."""
        nets, examples = self._replicas.blocks, positions.shape[1]
        tally, together = _Tally(nets, examples), _Tally(nets // self._members, examples)
        for begin in range(0, examples, ROWS):
            part = positions[:, begin : begin + ROWS]
            labels, cache = self.source.labels_at(part), self._cache(part.shape[1])
            scores = self._replicas.forward(self._gather(part), train=False)
            if self._members > 1:  # before the members' own losses, which may overwrite the scores
                mean = self._loss.mean_prediction(scores.reshape(-1, self._members, *scores.shape[1:]))
                together.add(begin, mean, labels[:: self._members], self._loss, cache)
            tally.add(begin, scores, labels, self._loss, cache)
        if self._members == 1:
            return tally.evaluation()
        members = tally.evaluation()
        return together.evaluation(members)

    def _gather(self, part: Integers) -> Floats:
        shape = (*part.shape, self.source.images.shape[1])
        if shape not in self._gathered:
            self._gathered[shape] = np.empty(shape, self.source.images.dtype)
        return np.take(self.source.images, part, axis=0, out=self._gathered[shape], mode="clip")

    def _cache(self, rows: int) -> Cache:
        if rows not in self._caches:
            self._caches[rows] = Cache({}, dtype=self._replicas.dtype, train=False, overwrite=True)
        return self._caches[rows]


class _Tally:
    """Losses and hits, summed up a piece of the examples at a time."""

    def __init__(self, predictions: int, examples: int) -> None:
        self._total = np.zeros(predictions)
        self._correct = np.empty((predictions, examples), np.bool_)

    def add(self, begin: int, scores: Floats, labels: Integers, loss: Loss, cache: Cache) -> None:
        """Count the examples from `begin` on, whose scores, (predictions, examples, classes), may be overwritten."""
        np.equal(scores.argmax(axis=-1), labels, out=self._correct[:, begin : begin + scores.shape[1]])
        self._total += loss.per_example(scores, labels, cache).sum(axis=1, dtype=np.float64)

    def evaluation(self, members: Evaluation | None = None) -> Evaluation:
        """Return the means; NaN where those of one of the `members` that make up a prediction are."""
        loss = self._total / self._correct.shape[1]
        if members is not None:
            loss[np.isnan(members.accuracy.reshape(len(loss), -1).sum(axis=1))] = np.nan
        accuracy = np.where(np.isfinite(loss), self._correct.mean(axis=1), np.nan)
        return Evaluation(loss, accuracy, self._correct, members)
