"""Losses, and the rules of `ablate.optim` over a block's flat vector of parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ablate.train.compiled.codes import ADAGRAD, ADAM, MOMENTUM, NESTEROV, RMSPROP, SGD
from ablate.train.compiled.kernel import kernel
from ablate.train.compiled.maths import exp
from ablate.train.compiled.vectors import dot


@kernel
def cross_entropy(scores: Any, own: Any, other: Any, share: Any, classes: int, mixed: bool) -> Any:
    """Write (softmax - target) / batch over `scores`; return the mean loss."""
    batch = own.size
    each = scores.dtype.type(1) / scores.dtype.type(batch)
    loss, second = scores.dtype.type(0), scores.dtype.type(0)
    for r in range(batch):
        row = scores[r * classes : (r + 1) * classes]
        highest = row[0]
        for c in range(1, classes):
            v = row[c]
            highest = v if (v > highest) | (v != v) else highest  # noqa: PLR0124 (NaN is the largest)
        for c in range(classes):
            row[c] -= highest
        loss -= row[own[r]]
        if mixed:
            second -= row[other[r]]
    for i in range(scores.size):
        scores[i] = exp(scores[i])
    logs = scores.dtype.type(0)
    for r in range(batch):
        row = scores[r * classes : (r + 1) * classes]
        total = scores.dtype.type(0)
        for c in range(classes):
            total += row[c]
        logs += scores.dtype.type(math.log(total)) if total > 0 else scores.dtype.type(np.nan)
        total *= scores.dtype.type(batch)
        for c in range(classes):
            row[c] /= total
        if mixed:
            row[own[r]] -= share * each
            row[other[r]] -= (scores.dtype.type(1) - share) * each
        else:
            row[own[r]] -= each
    loss = (loss + logs) * each
    if not mixed:
        return loss
    second = (second + logs) * each
    return second + share * (loss - second)


@kernel
def _squares(scores: Any, labels: Any, classes: int) -> Any:
    one = scores.dtype.type(1)
    squared = scores.dtype.type(0)
    for r in range(labels.size):
        row = scores[r * classes : (r + 1) * classes]
        for c in range(classes):
            way = row[c] - one if c == labels[r] else row[c]
            squared += way * way
    return squared * (scores.dtype.type(0.5) / scores.dtype.type(labels.size))


@kernel
def squares(scores: Any, own: Any, other: Any, share: Any, classes: int, mixed: bool) -> Any:
    """Write (s - target) / batch over `scores`; return the mean of half the squared distances."""
    one, batch = scores.dtype.type(1), scores.dtype.type(own.size)
    loss = _squares(scores, own, classes)
    if mixed:
        second = _squares(scores, other, classes)
        loss = second + share * (loss - second)
    for r in range(own.size):
        row = scores[r * classes : (r + 1) * classes]
        row[own[r]] -= share if mixed else one
        if mixed:
            row[other[r]] -= one - share
        for c in range(classes):
            row[c] /= batch
    return loss


@kernel
def loss_and_gradient(
    half_squares: bool, scores: Any, own: Any, other: Any, share: Any, classes: int, mixed: bool
) -> Any:
    """Return the loss, and write its gradient over the scores."""
    if half_squares:
        return squares(scores, own, other, share, classes, mixed)
    return cross_entropy(scores, own, other, share, classes, mixed)


@kernel
def prepare(g: Any, p: Any, decayed: int, frozen: Any, l2: Any, clip: Any, lanes: Any) -> None:
    """Add the weights' pull, take out what does not learn, and shorten what is too long; 0 is none of the three."""
    if l2 > 0:
        for i in range(decayed):
            g[i] += l2 * p[i]
    if frozen.size:
        for i in range(g.size):
            g[i] = g.dtype.type(0) if frozen[i] else g[i]
    if clip > 0:
        length = np.sqrt(dot(g, g, lanes))
        if not length <= clip:  # a gradient that is not finite stays so
            factor = clip / length
            for i in range(g.size):
                g[i] *= factor


@kernel
def move(rule: int, g: Any, p: Any, first: Any, second: Any, c: Any, decayed: int, frozen: Any) -> None:
    """Move parameters by one of `ablate.optim`'s rules; `c` holds its numbers for this step.

    Weights decay first where the rule says so (AdamW), but for those that do not learn.
    """
    lr = c[0]
    if rule == SGD:
        for i in range(p.size):
            p[i] -= lr * g[i]
    elif rule == MOMENTUM:
        for i in range(p.size):
            first[i] = first[i] * c[1] - lr * g[i]
            p[i] += first[i]
    elif rule == NESTEROV:
        for i in range(p.size):
            pull = lr * g[i]
            first[i] = first[i] * c[1] - pull
            p[i] = (p[i] - pull) + first[i] * c[1]
    elif rule == ADAGRAD:
        for i in range(p.size):
            first[i] += g[i] * g[i]
            p[i] -= g[i] / (np.sqrt(first[i]) + c[1]) * lr
    elif rule == RMSPROP:
        for i in range(p.size):
            first[i] = first[i] * c[2] + g[i] * g[i] * c[3]
            p[i] -= g[i] / (np.sqrt(first[i]) + c[1]) * lr
    elif rule == ADAM:
        one = p.dtype.type(1)
        if c[6] != one:
            for i in range(decayed):
                p[i] *= one if frozen.size and frozen[i] else c[6]
        for i in range(p.size):
            first[i] = first[i] * c[2] + g[i] * c[3]
            second[i] = second[i] * c[4] + g[i] * g[i] * c[5]
            p[i] -= first[i] / (np.sqrt(second[i]) + c[1]) * lr
