"""How a run ended. Every run has exactly one outcome, and no analysis may drop one."""

from __future__ import annotations

import math
from enum import StrEnum


class Outcome(StrEnum):
    """The end of one seed run.

    `reached`: the target accuracy held at two consecutive evaluations · `censored`: it learned, but the
    budget ended first · `stalled`: never above the majority rate + 3 standard errors · `diverged`: a
    non-finite number, or a final loss above 10x its start · `crashed`: the program raised.
    """

    REACHED = "reached"
    CENSORED = "censored"
    STALLED = "stalled"
    DIVERGED = "diverged"
    CRASHED = "crashed"


def stall_threshold(majority_rate: float, examples: int) -> float:
    """Return the accuracy a run must exceed to count as having learned anything.

    The rate of always answering the most frequent class, plus three binomial standard errors at `examples`.

    >>> round(stall_threshold(0.1, 1000), 4)
    0.1285
    """
    return majority_rate + 3.0 * math.sqrt(majority_rate * (1.0 - majority_rate) / examples)
