"""How a run ended. Every run has exactly one outcome, and no analysis may drop one."""

from __future__ import annotations

import math
from enum import StrEnum

from ablate.errors import UserError, must, unknown

LARGEST = 1e150
"""The largest size of a number that is judged: squares of larger ones, and sums of these, leave what a float holds.

A larger number counts as an infinite one does: it is not a value.
"""


class Outcome(StrEnum):
    """The end of one seed run.

    `reached`: the target accuracy held at two consecutive evaluations · `censored`: it learned, but the
    budget ended first · `stalled`: never above the majority rate + 3 standard errors · `collapsed`: above it once, and
    not above it at the end · `diverged`: a non-finite number, or a final loss above 10x its start · `crashed`: the
    program raised · `finished`: it ran to its end, and no target was set that it could have reached · `unknown`: how
    it ended is not told.
    """

    REACHED = "reached"
    CENSORED = "censored"
    STALLED = "stalled"
    COLLAPSED = "collapsed"
    DIVERGED = "diverged"
    CRASHED = "crashed"
    FINISHED = "finished"
    UNKNOWN = "unknown"


FAILED = (Outcome.COLLAPSED, Outcome.DIVERGED, Outcome.CRASHED)
"""The outcomes of runs that failed, which count as their metric says."""


def failures_said(where: str, said: object) -> list[str]:
    """Return the outcomes of failed runs that a list of words names, each once.

    >>> failures_said("lost", ["Crashed"])
    ['crashed']

    Raises
    ------
    UserError
        It is not a list, or a word in it is not such an outcome: a run that did not fail has a result.
    """
    if not isinstance(said, list | tuple):
        raise must(where, f"be a list of outcomes, such as [{Outcome.CRASHED}]", said)
    words = dict.fromkeys(str(word).strip().lower() for word in said)
    for word in words:
        if word not in FAILED:
            raise unknown(where, word, [outcome.value for outcome in FAILED])
    return list(words)


_STOPPED = ("pruned", "killed", "stopped", "timeout", "early", "cancel", "abort", "fail", "error")


def read_outcome(word: object) -> Outcome:
    """Return the outcome of a word, in capitals or not.

    >>> read_outcome("Reached").value
    'reached'

    Raises
    ------
    UserError
        It is none of ours: a run that a tuner pruned has no result, and its last value must not count as one.
    """
    text = str(word)
    if text.lower() in [outcome.value for outcome in Outcome]:
        return Outcome(text.lower())
    error = unknown("outcome", text, [outcome.value for outcome in Outcome])
    if any(part in text.lower() for part in _STOPPED):
        raise UserError(
            f"{error}; a run that was stopped before its end has no result: let it run to its end, or say `diverged` "
            "(it failed, and counts as the metric says of failed runs) or `crashed` (it failed, and is tried again)"
        )
    raise error


def stall_threshold(majority_rate: float, examples: int) -> float:
    """Return the accuracy a run must exceed to count as having learned anything.

    The rate of always answering the most frequent class, plus three binomial standard errors at `examples`.

    >>> round(stall_threshold(0.1, 1000), 4)
    0.1285
    """
    return majority_rate + 3.0 * math.sqrt(majority_rate * (1.0 - majority_rate) / examples)


DIVERGENCE_FACTOR = 10.0
"""A run whose loss ended this many times above its start has diverged, even with finite numbers."""


def decide(
    *,
    first_nonfinite_step: int | None,
    start_loss: float,
    final_loss: float,
    reached: bool,
    best_accuracy: float,
    final_accuracy: float,
    threshold: float,
    crashed: bool = False,
) -> Outcome:
    """Return how a run ended; the first that holds of crashed, diverged, collapsed, reached, stalled, censored.

    Parameters
    ----------
    first_nonfinite_step
        Steps done when a non-finite number was first seen; None where none was.
    start_loss, final_loss
        Loss before the first update and at the end, measured alike.
    reached
        Whether the target accuracy held at two consecutive evaluations.
    best_accuracy
        The highest accuracy at any evaluation.
    final_accuracy
        That of the last evaluation: what a run had reached before it fell back to chance is not what it is worth.
    threshold
        See `stall_threshold`.
    """
    if crashed:
        return Outcome.CRASHED
    # Written so that a NaN loss, too, counts as diverged.
    if first_nonfinite_step is not None or not final_loss <= DIVERGENCE_FACTOR * start_loss:
        return Outcome.DIVERGED
    if final_accuracy <= threshold < best_accuracy:
        return Outcome.COLLAPSED
    if reached:
        return Outcome.REACHED
    return Outcome.CENSORED if best_accuracy > threshold else Outcome.STALLED
