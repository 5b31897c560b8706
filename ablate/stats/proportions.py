"""Shares: Clopper–Pearson, and how many cells are won in truth, not only in the sample."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ablate.errors import UserError


def clopper_pearson(successes: int, runs: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a success rate (Clopper & Pearson 1934).

    >>> [round(end, 4) for end in clopper_pearson(0, 20)]
    [0.0, 0.1684]
    """
    from scipy.special import betaincinv

    if not 0 <= successes <= runs or runs < 1:
        raise UserError(f"`successes` must lie between 0 and `runs` >= 1, got {successes} of {runs}.")
    tail = (1.0 - level) / 2.0
    low = 0.0 if successes == 0 else float(betaincinv(successes, runs - successes + 1, tail))
    high = 1.0 if successes == runs else float(betaincinv(successes + 1, runs - successes, 1.0 - tail))
    return low, high


def share_p(successes: int, runs: int, rate: float) -> float:
    """Return twice the smaller binomial tail: the level at which the Clopper–Pearson interval ends at `rate`.

    >>> round(share_p(20, 20, 0.8), 4)
    0.0231
    """
    from scipy.special import bdtr, bdtrc

    below = float(bdtr(successes, runs, rate))
    above = 1.0 if successes == 0 else float(bdtrc(successes - 1, runs, rate))
    return min(1.0, 2.0 * min(below, above))


def partial_conjunction_p(p: ArrayLike, at_least: int) -> float:
    """Return the p of "fewer than `at_least` of the effects are real" (Benjamini & Heller 2008, Biometrics 64:1215).

    Bonferroni's form, valid whatever the dependence between the cells: with the K-th smallest of C p-values,
    (C - K + 1) p_(K).

    >>> round(partial_conjunction_p([0.001, 0.002, 0.5], at_least=2), 6)
    0.004
    """
    ordered = np.sort(np.asarray(p, dtype=np.float64))
    if not 1 <= at_least <= len(ordered):
        raise UserError(f"`at_least` must lie between 1 and the {len(ordered)} cells there are, got {at_least}.")
    worst = [(len(ordered) - k + 1) * ordered[k - 1] for k in range(1, at_least + 1)]
    return float(min(1.0, max(worst)))  # made monotone: K real effects imply K - 1


def won_cells_bounds(wins: ArrayLike, losses: ArrayLike, *, alpha: float) -> tuple[int, int]:
    """Return how many cells are won in truth, (fewest, most), each bound wrong with chance at most α.

    Parameters
    ----------
    wins, losses
        One-sided p per cell of "not won" and of "not lost".
    """
    cells = len(np.asarray(wins))
    won = max((k for k in range(1, cells + 1) if partial_conjunction_p(wins, k) <= alpha), default=0)
    lost = max((k for k in range(1, cells + 1) if partial_conjunction_p(losses, k) <= alpha), default=0)
    return won, max(cells - lost, won)


def failures_at_most(failures: int, runs: int, *, level: float = 0.95) -> float:
    """Return the one-sided upper bound of a failure rate: what `runs` seeds cannot exclude.

    >>> round(failures_at_most(0, 20), 3)
    0.139
    """
    return clopper_pearson(failures, runs, level=1.0 - 2.0 * (1.0 - level))[1] if runs else math.nan
