"""Shares: Clopper–Pearson, and how many cells are won in truth, not only in the sample."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ablate.errors import UserError

_CHANCES = (
    1_001  # of a pair that is not tied, at which a p is computed: ten times as many change none of the digits shown
)


@dataclass(frozen=True)
class Proportion:
    """A count of successes: made by `proportion`."""

    successes: int
    runs: int

    @property
    def rate(self) -> float:
        """The share seen."""
        return self.successes / self.runs

    def confidence_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the exact interval, as (low, high)."""
        return clopper_pearson(self.successes, self.runs, level=level)

    def p_value(self, rate: float) -> float:
        """Return the two-sided p of "the true share is `rate`"."""
        return share_p(self.successes, self.runs, rate)


def proportion(hits: ArrayLike) -> Proportion:
    """Count in how many runs something happened.

    Parameters
    ----------
    hits
        Bool (runs,), at least one.

    Raises
    ------
    UserError
        No runs, or values that are not true or false.

    Notes
    -----
    Clopper & Pearson (1934), Biometrika 26:404: the interval ends where either binomial tail is (1 - level) / 2.

    Examples
    --------
    >>> reached = proportion([True, True, False, True])
    >>> reached.rate, [round(end, 3) for end in reached.confidence_interval()]
    (0.75, [0.194, 0.994])
    """
    x = np.asarray(hits)
    if x.ndim != 1 or not x.size or x.dtype != np.bool_:
        raise UserError(f"`hits` must be a vector of true and false, got {x.dtype} of shape {x.shape}.")
    return Proportion(int(x.sum()), int(x.size))


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


def sign_test_p(wins: int, losses: int, ties: int = 0) -> float:
    """Return the exact two-sided p of "as likely to win as to lose" (Suissa & Shuster 1991, Biometrics 47:361).

    With z = (wins - losses) / √(wins + losses), p is the chance of a z as far from 0, at the chance of a tie that makes
    it largest. The sign test of the pairs that are not tied is exact too, but with few of them it can hardly reject: of
    samples of 20 pairs without a difference it rejects .041, .023 and .005 at a level of 5 % where 0, 50 and 80 % are
    tied, this one .041, .041 and .017.

    >>> sign_test_p(6, 0), round(sign_test_p(9, 1, 10), 4), sign_test_p(0, 0, 3)
    (0.03125, 0.0118, 1.0)
    """
    from scipy.special import bdtr, xlog1py, xlogy

    n = wins + losses + ties
    if wins == losses:
        return 1.0
    z = abs(wins - losses) / math.sqrt(wins + losses)
    untied = np.arange(1, n + 1)
    least = np.ceil((untied + z * np.sqrt(untied)) / 2.0 - 1e-9)  # wins, of so many, with a z as large
    beyond = np.where(least <= untied, 2.0 * bdtr(np.maximum(untied - least, 0.0), untied, 0.5), 0.0)
    chance = np.linspace(0.0, 1.0, _CHANCES)[1:, None]
    log_choose = np.array([math.log(math.comb(n, k)) for k in range(1, n + 1)])
    share = np.exp(log_choose + xlogy(untied, chance) + xlog1py(n - untied, -chance))
    return min(1.0, float((share @ beyond).max()))


def win_interval(wins: int, losses: int, ties: int, *, level: float) -> tuple[float, float]:
    """Return the interval of P(win) + ½ P(tie), as (low, high): exact for each part, so that it is rather wide.

    P(win) + ½ P(tie) = ½ + u (q - ½), with u the chance that a pair is not tied and q the chance to win such a pair.
    Both have a Clopper–Pearson interval, q's among the pairs that are not tied; each end takes that end of u's which
    widens it. Held the truth in 95.8 % of samples or more for 8, 20 and 50 pairs, 0 to 90 % ties and q from ½ to 1.

    >>> [round(end, 3) for end in win_interval(9, 1, 10, level=0.95)]
    [0.515, 0.862]
    """
    untied = wins + losses
    if not untied:
        return 0.0, 1.0
    low, high = clopper_pearson(wins, untied, level=level)
    few, many = clopper_pearson(untied, untied + ties, level=level) if ties else (1.0, 1.0)
    return 0.5 + (few if low > 0.5 else many) * (low - 0.5), 0.5 + (many if high > 0.5 else few) * (high - 0.5)


def partial_conjunction_p(p: ArrayLike, at_least: int) -> float:
    """Return the p of "fewer than `at_least` of the effects are real" (Benjamini & Heller 2008, Biometrics 64:1215).

    Valid whatever the dependence between the cells: (C - k + 1) p_(k), the largest over k = 1 … K, so that evidence for
    K real effects is evidence for fewer. That is Holm's adjusted p of the K-th smallest.

    >>> round(partial_conjunction_p([0.001, 0.002, 0.5], at_least=2), 6)
    0.004
    """
    ordered = np.sort(np.asarray(p, dtype=np.float64))
    if not 1 <= at_least <= len(ordered):
        raise UserError(f"`at_least` must lie between 1 and the {len(ordered)} cells there are, got {at_least}.")
    worst = [(len(ordered) - k + 1) * ordered[k - 1] for k in range(1, at_least + 1)]
    return float(min(1.0, max(worst)))


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
