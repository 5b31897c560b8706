"""Stratified sampling with exact counts: every class keeps its share, to within one example."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.errors import must


def class_counts(available: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return how many of `size` examples each class gives, by the largest-remainder (Hamilton) method.

    Every count is its exact share rounded up or down, and they sum to `size`. Equal remainders go to the lower
    class, not to chance: all seeds then draw the same counts, and share one majority rate.

    >>> class_counts(np.array([50, 30, 20]), 7)
    array([4, 2, 1])
    """
    total = int(available.sum())
    # In integers: a share that is a whole number must not become 0.9999 and lose its example.
    counts, remainders = np.divmod(available.astype(np.int64) * size, max(total, 1))
    seats = size - int(counts.sum())
    counts[np.argsort(-remainders, kind="stable")[:seats]] += 1
    return counts


def stratified(
    labels: NDArray[np.int64], size: int, *, priority: NDArray[np.float64] | NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return positions of `size` examples, each class in its share of `labels`.

    Parameters
    ----------
    labels
        int64 (examples,), >= 0.
    size
        0 <= size <= examples.
    priority
        (examples,) one random number each; from every class, the examples with the smallest are taken. Drawing
        them before `size` is known makes the samples of one seed nested: 100 examples are among its 200 (but
        for the one a class may gain or lose to rounding).

    Returns
    -------
    NDArray[np.int64]
        (size,) in order of priority, that is in random order, classes mixed.

    Raises
    ------
    UserError
        `size` is out of range.

    Examples
    --------
    >>> labels = np.array([0] * 6 + [1] * 4)
    >>> chosen = stratified(labels, 5, priority=np.random.default_rng(0).random(10))
    >>> np.bincount(labels[chosen])
    array([3, 2])
    """
    if not 0 <= size <= len(labels):
        raise must("size", f"be between 0 and {len(labels)}, the number of examples", size)
    order = np.argsort(priority, kind="stable")
    ordered = labels[order]
    taken = np.zeros(len(labels), dtype=np.bool_)
    for label, count in enumerate(class_counts(np.bincount(labels), size)):
        taken[np.flatnonzero(ordered == label)[:count]] = True
    return order[taken].astype(np.int64, copy=False)
