"""Who wins a pair: reaching the target beats not reaching it, fewer steps win, ties go by another metric."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.claims.measured import Endpoint


def win_scores(
    endpoint: Endpoint,
    ties_by: Endpoint | None,
    columns: NDArray[np.int64],
    *,
    predicts: str,
    ties_predict: str,
) -> tuple[tuple[int, ...], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the seeds, their scores (seeds, cells), and which pairs nobody can score, bool (seeds, cells).

    Scores are 1 where the arm wins, 0 where it loses, ½ where the pair is tied. A seed is there only where both sides
    ran in every cell.

    Parameters
    ----------
    ties_by
        What decides a tie; None where the sides cannot be compared by it.
    columns
        Columns of (arm, against) in the endpoints, int (cells, 2).
    predicts, ties_predict
        Which values of the metric win, and of the one that decides ties.
    """
    first = _places(endpoint, predicts)
    left, right = first[:, columns[:, 0]], first[:, columns[:, 1]]
    with np.errstate(invalid="ignore"):  # -inf - -inf: neither reached the target
        gap = np.where(left == right, 0.0, left - right)
    tie = np.full(gap.shape, np.nan)
    if ties_by is not None:
        second = _places(ties_by, ties_predict)
        with np.errstate(invalid="ignore"):
            tie = second[:, columns[:, 0]] - second[:, columns[:, 1]]
    decided = np.where(gap == 0.0, tie, gap)
    score = 0.5 + 0.5 * np.sign(decided)
    ran: NDArray[np.bool_] = np.asarray(endpoint.ran[:, columns].all(axis=(1, 2)))
    seeds = tuple(int(seed) for seed, here in zip(endpoint.seeds, ran, strict=True) if here)
    return seeds, np.nan_to_num(np.asarray(score[ran]), nan=0.5), np.asarray(np.isnan(score[ran]))


def _places(endpoint: Endpoint, predicts: str) -> NDArray[np.float64]:
    """Return values of which the higher wins; -inf where the target was not reached."""
    value = endpoint.value if predicts == "higher" else -endpoint.value
    if endpoint.declared.counts_to_target:
        value = np.where(endpoint.filled, -np.inf, value)
    return np.asarray(value)
