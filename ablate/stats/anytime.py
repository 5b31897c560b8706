r"""Tests that may stop at any time: e-processes for paired differences and for shares, and the intervals they give.

**What an e-process is.** Wealth W_t >= 0 of a gambler who starts with 1 and bets against a hypothesis at odds that are
fair under it. If the hypothesis holds, then E[W_t | past] <= W_{t-1}, and by Ville's inequality (Ville 1939)

    P(sup_t W_t >= 1/α) <= α        however often, and for whatever reason, somebody looks and stops.

So ``p_t = 1 / max_{s <= t} W_s`` is a p-value at every t at once, and so are Holm's adjusted p-values of several of
them: P(any false rejection at any time) <= Σ P(sup W_i >= m/α). (The e-BH procedure on running maxima has no such
proof: a running maximum is not an e-value.) What is told of each side here is two-sided: ``2/W``.

The bets are in `bets`: on the signs of differences, which are fair coins where the differences lie symmetrically about
θ, and on scores in [0, 1]. An interval is the set of the means that were never excluded, a confidence sequence.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ablate.errors import UserError, must
from ablate.stats.bets import SIZES, WEIGHTS, Vector, mean_wealth, share_wealth


@dataclass(frozen=True)
class Anytime:
    """An anytime-valid test of a mean, at the last of its batches: made by `anytime_mean` and `anytime_share`.

    Attributes
    ----------
    mean
        Of all that was seen.
    above, below
        θ (any shape) -> the largest wealth so far of bets that the mean lies above θ, and below it.
    limits
        The least and the greatest mean there can be.
    step
        A distance that is large beside the spread of the data, to look for the ends of intervals.
    """

    mean: float
    above: Callable[[Vector], Vector]
    below: Callable[[Vector], Vector]
    limits: tuple[float, float]
    step: float

    def p_above(self, null: float) -> float:
        """Return the p of "the mean is at most `null`", doubled so that both sides together keep to their level."""
        return min(1.0, 2.0 / max(float(self.above(np.array([null]))[0]), 1e-300))

    def p_below(self, null: float) -> float:
        """Return the p of "the mean is at least `null`", doubled so that both sides together keep to their level."""
        return min(1.0, 2.0 / max(float(self.below(np.array([null]))[0]), 1e-300))

    def p_value(self, null: float) -> float:
        """Return the two-sided p of "the mean is `null`"."""
        return min(self.p_above(null), self.p_below(null))

    def confidence_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the confidence sequence at its last time: the means that were never excluded, as (low, high).

        The means of the intervals of all times together are held with chance `level`. Where what was seen later
        contradicts what excluded its own mean earlier, nothing is left; the interval is then the point that is least
        contradicted.
        """
        if not 0.0 < level < 1.0:
            raise must("level", "lie between 0 and 1", level)
        enough = 2.0 / (1.0 - level) * (1.0 - 1e-9)
        low = self._end(self.above, self.limits[0], -1.0, enough)
        high = self._end(self.below, self.limits[1], 1.0, enough)
        if low > high:
            middle = min(max(self.mean, high), low)
            return middle, middle
        return low, high

    def _end(self, wealth: Callable[[Vector], Vector], limit: float, way: float, enough: float) -> float:
        """Return the excluded θ nearest to the rest, on the side `way`; the limit where nothing is excluded.

        The outermost mean that is not excluded is looked for on a grid, and on four finer ones around it.
        """
        far = self.step * np.concatenate(([0.0], np.geomspace(2e-3, 1.0, 13)))
        # What was seen earlier may exclude the mean of today: begin on the other side of it.
        grid = np.clip(self.mean + way * np.concatenate((-far[:0:-4], far)), *self.limits)
        inside, outside = self._bracket(wealth, grid, enough)
        if outside is None:
            return limit
        for _ in range(4):
            inside, outside = self._bracket(wealth, np.linspace(inside, outside, 9), enough)
            assert outside is not None
        return outside

    @staticmethod
    def _bracket(wealth: Callable[[Vector], Vector], grid: Vector, enough: float) -> tuple[float, float | None]:
        kept = np.flatnonzero(wealth(grid) < enough)
        last = int(kept[-1]) if kept.size else 0
        return float(grid[last]), float(grid[last + 1]) if last + 1 < len(grid) else None


def anytime_mean(differences: ArrayLike, ends: Sequence[int], *, target: float = math.inf) -> Anytime:
    """Return the test of a mean of paired differences that may be looked at after each of `ends`.

    Parameters
    ----------
    differences
        In the order in which the seeds were planned, float (pairs,), finite, at least one.
    ends, target
        See `sign_wealth`.

    Raises
    ------
    UserError
        No differences, some that are not finite, or `ends` that do not rise up to their number.

    Examples
    --------
    >>> d = [0.4, 1.1, 0.7, 0.2, 1.3, 0.9, 0.5, 0.8, 0.6, 1.0]
    >>> test = anytime_mean(d, [10])
    >>> round(test.p_value(0.0), 4), [round(end, 2) for end in test.confidence_interval(0.95)]
    (0.0144, [0.36, 1.14])
    """
    d = _vector(differences, ends, "differences")
    spread = float(np.ptp(d)) or float(np.abs(d).max()) or 1.0

    def above(null: Vector) -> Vector:
        return np.asarray(mean_wealth(d, ends, null=null, target=target)[..., -1])

    def below(null: Vector) -> Vector:
        return np.asarray(mean_wealth(-d, ends, null=-null, target=target)[..., -1])

    return Anytime(float(d.mean()), above, below, (-math.inf, math.inf), 8.0 * spread)


def one_look_interval(differences: ArrayLike, *, level: float) -> tuple[float, float]:
    """Return the interval of `anytime_mean` after one look at all differences.

    >>> low, high = one_look_interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], level=0.95)
    >>> low > 0.0, high < 9.0
    (True, True)
    """
    d = np.asarray(differences, dtype=np.float64)
    return anytime_mean(d, [d.size], target=2.0 / (1.0 - level)).confidence_interval(level)


def anytime_share(scores: ArrayLike, ends: Sequence[int]) -> Anytime:
    """Return the test of a share, or of a mean of scores in [0, 1], that may be looked at after each of `ends`.

    Raises
    ------
    UserError
        See `anytime_mean`; a score outside [0, 1].

    Examples
    --------
    >>> test = anytime_share([True] * 24, [24])
    >>> round(test.p_value(0.8), 4), [round(end, 3) for end in test.confidence_interval(0.95)]
    (0.0158, [0.841, 1.0])
    """
    y = _vector(scores, ends, "scores")
    if y.min() < 0.0 or y.max() > 1.0:
        raise UserError(f"`scores` must lie in [0, 1], got {y.min():g} to {y.max():g}.")

    def above(null: Vector) -> Vector:
        return np.asarray(share_wealth(y, ends, null=np.clip(null, 1e-12, 1 - 1e-12))[..., -1])

    def below(null: Vector) -> Vector:
        return np.asarray(share_wealth(1.0 - y, ends, null=np.clip(1.0 - null, 1e-12, 1 - 1e-12))[..., -1])

    return Anytime(float(y.mean()), above, below, (0.0, 1.0), 1.0)


def _vector(values: ArrayLike, ends: Sequence[int], name: str) -> Vector:
    v = np.asarray(values, dtype=np.float64)
    if v.ndim != 1 or v.size == 0:
        raise UserError(f"`{name}` must be a vector of at least one number, got an array of shape {v.shape}.")
    if not np.isfinite(v).all():
        raise UserError(f"`{name}` must be finite, got {np.count_nonzero(~np.isfinite(v))} that are not.")
    if not len(ends) or list(ends) != sorted(ends) or not 0 <= ends[0] <= ends[-1] <= v.size:
        raise UserError(f"`ends` must be rising counts of the {v.size} values, got {list(ends)}.")
    return v


@functools.lru_cache(maxsize=256)
def least_mean_pairs(alpha: float) -> int:
    """Return the fewest pairs with which `anytime_mean` can exclude a mean at level α, whatever they show.

    The most is won where all differences are alike (each factor is concave in the size).

    >>> least_mean_pairs(0.05), least_mean_pairs(0.05 / 16)
    (7, 12)
    """
    most = 1.0 + np.tanh(SIZES)
    return next(n for n in range(1, 100_000) if float((WEIGHTS * most**n).sum()) >= 2.0 / alpha * (1.0 - 1e-12))


@functools.lru_cache(maxsize=256)
def least_share_runs(alpha: float, rate: float) -> int:
    """Return the fewest runs with which `anytime_share` can exclude `rate` at level α, one way or the other.

    >>> least_share_runs(0.05, 0.8), least_share_runs(0.05, 0.5)
    (3, 6)
    """
    r = min(rate, 1.0 - rate)
    if not 0.0 < r < 1.0:
        raise must("rate", "lie between 0 and 1", rate)

    def most(n: int) -> float:
        return float(share_wealth(np.ones(n), [n], null=r)[-1])

    return next(n for n in range(1, 100_000) if most(n) >= 2.0 / alpha * (1.0 - 1e-12))
