"""How much of an inference softmax takes: a paired, interleaved measurement on one thread."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ablate.nn.losses import softmax
from ablate.train.arithmetic import one_thread

HIDDEN = (784, 50, 100)
"""The book's net for MNIST (3.6.2): 784-50-100-classes with sigmoids."""

REPETITIONS = (20, 300)
"""Fewest and most; as many as fit into `BUDGET`."""
BUDGET = 3.0  # seconds
SECONDS = 0.001  # a repetition calls often enough to last this long: far above the clock's resolution, and short
# enough that some repetitions are interrupted by nothing


def share_of_latency(
    rng: np.random.Generator, *, classes: int, batch: int, dtype: str, control: bool = False
) -> dict[str, float]:
    """Measure inference with and without softmax once, and return the share that softmax takes.

    Both end in the argmax. The two take turns, 20 to 300 times each, so that what slows the machine meets both; of each
    the fastest counts, because other work can only add time. With `control` both are without softmax: the share is
    then what this way of measuring finds where there is nothing.

    Parameters
    ----------
    rng
        Draws weights and images.

    Returns
    -------
    dict
        `latency/share` = 1 - without / with, `latency/with_seconds`, `latency/without_seconds` of one call.
    """
    widths = [*HIDDEN, classes]
    weights = [rng.standard_normal(pair, np.float32) / pair[0] ** 0.5 for pair in itertools.pairwise(widths)]
    weights = [weight.astype(dtype) for weight in weights]
    images = rng.random((batch, HIDDEN[0]), np.float32).astype(dtype)

    def scores() -> Any:
        x = images
        for weight in weights[:-1]:
            x = 1.0 / (1.0 + np.exp(-(x @ weight)))
        return x @ weights[-1]

    def without() -> None:
        scores().argmax(axis=1)

    def with_softmax() -> None:
        softmax(scores()).argmax(axis=1)

    with one_thread():
        first = without if control else with_softmax
        _seconds(first, 1)  # the first call pays for page faults
        one = max(_seconds(first, 1), 1e-7)
        calls = max(1, round(SECONDS / one))
        best = [np.inf, np.inf]
        fewest, most = REPETITIONS
        for repetition in range(min(most, max(fewest, round(BUDGET / (2 * max(one * calls, SECONDS)))))):
            order = (0, 1) if repetition % 2 == 0 else (1, 0)
            for which in order:
                best[which] = min(best[which], _seconds((first, without)[which], calls))
    return {
        "latency/share": 1.0 - best[1] / best[0],
        "latency/with_seconds": best[0] / calls,
        "latency/without_seconds": best[1] / calls,
    }


def _seconds(call: Callable[[], None], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - began
