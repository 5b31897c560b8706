"""Losses: softmax with cross-entropy as one node, and the mean squared error."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.base import MixedLabels
from ablate.nn.arrays import Cache, Floats, Integers
from ablate.registry import register


def softmax(scores: Floats) -> Floats:
    """Return exp(s - max s) / Σ exp(s - max s) over the last axis.

    Subtracting the maximum changes nothing in exact arithmetic and keeps exp from overflowing (Deep Learning
    from Scratch, 3.5.2).

    >>> softmax(np.array([1e4, 1e4 + np.log(3.0)])).round(6).tolist()
    [0.25, 0.75]
    """
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Floats = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities


@dataclass(frozen=True)
class Loss(ABC):
    """A loss of scores (the network's last output) against class labels, averaged over the batch."""

    @abstractmethod
    def per_example(self, scores: Floats, labels: Integers, cache: Cache) -> Floats:
        """Return the loss of each example.

        Parameters
        ----------
        scores
            (blocks, batch, classes); may be overwritten.
        labels
            (blocks, batch), or (1, batch) where all blocks see the same examples.

        Returns
        -------
        numpy.ndarray
            (blocks, batch).
        """

    @abstractmethod
    def train(self, scores: Floats, labels: Integers, cache: Cache) -> tuple[Floats, Floats]:
        """Return the mean loss of each block (blocks,) and its gradient (blocks, batch, classes).

        The gradient is written over `scores`.
        """

    @abstractmethod
    def mean_prediction(self, scores: Floats) -> Floats:
        """Return the scores of an ensemble, (blocks, batch, classes): those that say its members' mean prediction.

        Parameters
        ----------
        scores
            (blocks, members, batch, classes); left as they are.
        """

    def train_on(self, scores: Floats, labels: Integers | MixedLabels, cache: Cache) -> tuple[Floats, Floats]:
        """Return what `train` returns, also for mixed labels: λ ℓ(own) + (1 - λ) ℓ(other), λ of each block."""
        if not isinstance(labels, MixedLabels):
            return self.train(scores, labels, cache)
        first = np.array(scores)
        own_loss, first = self.train(first, labels.own, cache)
        other, second = self.train(scores, labels.other, cache)
        share = labels.share.astype(scores.dtype)
        first -= second
        first *= share[:, None, None]
        second += first
        mixed: Floats = other + share * (own_loss - other)
        return mixed, second


def _positions(labels: Integers, scores: Floats, cache: Cache) -> Integers:
    """Return where in the flattened scores each example's own class stands."""
    starts = cache.rows(scores.shape)
    return starts + labels


@register("loss", "cross_entropy")
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Softmax and cross-entropy in one: ℓ = log Σ exp(s) - s_label, dℓ/ds = (softmax(s) - one-hot) / batch.

    Kept as one node, the gradient needs no division by a probability that may have rounded to 0 (the book,
    5.6.3 and appendix A).
    """

    def per_example(self, scores: Floats, labels: Integers, cache: Cache) -> Floats:
        """Return log Σ exp(s) - s_label for each example."""
        np.subtract(scores, scores.max(axis=-1, keepdims=True), out=scores)
        label_scores = scores.reshape(-1)[_positions(labels, scores, cache)]
        np.exp(scores, out=scores)
        total: Floats = scores.sum(axis=-1)
        return np.subtract(np.log(total, out=total), label_scores, out=total)

    def mean_prediction(self, scores: Floats) -> Floats:
        """Return log (1/K Σ softmax(s)) over the K members: its softmax is the mean of their probabilities.

        From log-probabilities, so that a probability too small for the dtype does not become log 0.

        >>> scores = np.log([[[[0.9, 0.1]], [[0.5, 0.5]]]]) + 7.0  # two members, one example
        >>> np.exp(CrossEntropy().mean_prediction(scores)).round(6).tolist()
        [[[0.7, 0.3]]]
        """
        logs = scores - scores.max(axis=-1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(axis=-1, keepdims=True))
        highest = logs.max(axis=1)
        log_mean: Floats = np.log(np.exp(logs - highest[:, None]).mean(axis=1)) + highest
        return log_mean

    def train(self, scores: Floats, labels: Integers, cache: Cache) -> tuple[Floats, Floats]:
        """Return the mean loss and (softmax(s) - one-hot) / batch."""
        blocks, batch, classes = scores.shape
        at = _positions(labels, scores, cache)
        np.subtract(scores, scores.max(axis=-1, keepdims=True), out=scores)
        label_scores = scores.reshape(-1)[at]
        np.exp(scores, out=scores)
        total = np.matmul(scores, cache.full(1.0, (classes, 1)), out=cache.buffer("total", (blocks, batch, 1)))
        np.divide(scores, np.multiply(total, batch, out=cache.buffer("scale", total.shape)), out=scores)
        scores.reshape(-1)[at] -= 1.0 / batch  # each example's place is its own: no index comes twice
        loss: Floats = np.subtract(np.log(total[:, :, 0]), label_scores).mean(axis=1)
        return loss, scores


@register("loss", "mse")
@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """ℓ = ½ Σ_k (s_k - t_k)² against the one-hot label (the book, 4.2.1), dℓ/ds = (s - t) / batch."""

    def per_example(self, scores: Floats, labels: Integers, cache: Cache) -> Floats:
        """Return ½ Σ_k (s_k - t_k)² for each example."""
        scores.reshape(-1)[_positions(labels, scores, cache)] -= 1.0
        np.square(scores, out=scores)
        losses: Floats = 0.5 * scores.sum(axis=-1)
        return losses

    def mean_prediction(self, scores: Floats) -> Floats:
        """Return the mean of the members' outputs: with this loss the outputs are the prediction, without softmax."""
        mean: Floats = scores.mean(axis=1)
        return mean

    def train(self, scores: Floats, labels: Integers, cache: Cache) -> tuple[Floats, Floats]:
        """Return the mean loss and (s - t) / batch."""
        batch = scores.shape[1]
        scores.reshape(-1)[_positions(labels, scores, cache)] -= 1.0
        square = np.square(scores, out=cache.buffer("square", scores.shape))
        loss: Floats = square.sum(axis=(1, 2)) * (0.5 / batch)
        np.divide(scores, batch, out=scores)
        return loss, scores
