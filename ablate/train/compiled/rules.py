"""Update rules by the optimizer's exact class, and their numbers for each step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.optim import SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSProp, Schedule
from ablate.train.compiled import codes

WIDTH = 9
"""Numbers of a step: λ of L2, the longest gradient, then the rule's own."""


def _adam(o: Any, step: int) -> tuple[float, ...]:
    root = math.sqrt(1.0 - o.beta2**step)
    decay = 1.0 - o.lr * o.weight_decay if isinstance(o, AdamW) else 1.0
    corrected = o.lr * root / (1.0 - o.beta1**step)
    return corrected, o.eps * root, o.beta1, 1.0 - o.beta1, o.beta2, 1.0 - o.beta2, decay


Numbers = Callable[[Any, int], tuple[float, ...]]

RULES: dict[type[Optimizer], tuple[int, Numbers]] = {
    SGD: (codes.SGD, lambda o, _: (o.lr,)),
    Momentum: (codes.MOMENTUM, lambda o, _: (o.lr, o.momentum)),
    Nesterov: (codes.NESTEROV, lambda o, _: (o.lr, o.momentum)),
    AdaGrad: (codes.ADAGRAD, lambda o, _: (o.lr, o.eps)),
    RMSProp: (codes.RMSPROP, lambda o, _: (o.lr, o.eps, o.old_weight, 1.0 - o.old_weight)),
    Adam: (codes.ADAM, _adam),
    AdamW: (codes.ADAM, _adam),
}


def numbers(
    optimizer: Optimizer, schedule: Schedule, steps: range, *, l2: float, clip_norm: float | None, dtype: Any
) -> NDArray[Any]:
    """Return the numbers of each of `steps` (from 1), (steps, WIDTH); without a rule, of what comes before it."""
    table = np.zeros((len(steps), WIDTH))
    table[:, 0], table[:, 1] = l2, clip_norm or 0.0
    if type(optimizer) not in RULES:
        return table.astype(dtype)
    of = RULES[type(optimizer)][1]
    for row, step in enumerate(steps):
        values = of(schedule.apply(optimizer, step), step)
        table[row, 2 : 2 + len(values)] = values
    return table.astype(dtype)
