"""Intervals and p-values from an effect computed again on resampled seeds, for effects that are not means.

The tail of a percentile interval is Student's, widened by √(n / (n - 1)), as it needs to hold at few seeds (Hesterberg
2015, Am. Stat. 69:371): see `exchange` for what was measured.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.errors import must

FEWEST = 6
"""Seeds below which no interval is given: fewer were not measured."""

RESAMPLES, MORE_RESAMPLES = 4_999, 49_999
"""Drawn at first, and where the threshold lies so far out that these know its p by a few resamples only."""

_FAR_OUT = 0.01  # share of the resamples beyond the threshold below which more are drawn
_SEED = 0xE8C  # fixed: the same runs always give the same interval

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Resampled:
    """An effect, and how to compute it of any weights of its seeds.

    Attributes
    ----------
    effect
        Of the seeds as they are.
    seeds
        How many there are.
    statistic
        Weights of seeds, float (samples, seeds), rows summing to 1 -> effects, (samples,). NaN: the resample has no
        effect; it counts as beyond either end.
    open_below, open_above
        The effect is only a bound to that side.
    """

    effect: float
    seeds: int
    statistic: Statistic
    open_below: bool = False
    open_above: bool = False

    @functools.cached_property
    def _drawn(self) -> Callable[[int], NDArray[np.float64]]:
        """Return the effects of so many resamples, sorted, NaN last."""

        def draw(resamples: int) -> NDArray[np.float64]:
            return np.sort(self.statistic(resampling(self.seeds, resamples)))

        return functools.lru_cache(maxsize=2)(draw)

    def p_value(self, null: float) -> float:
        """Return the two-sided p of "the effect is `null`": the smallest α at which the interval excludes it."""
        return self._p(null, self._draws(null))

    @property
    def p_zero(self) -> float:
        """The p of "there is no effect", by the first resamples alone: nothing is decided by it."""
        return self._p(0.0, RESAMPLES)

    def interval(self, level: float = 0.95, *, about: float = 0.0) -> tuple[float, float]:
        """Return the interval, as (low, high); an end is infinite where seeds or resamples are too few for it.

        Parameters
        ----------
        about
            The threshold it is held against, which decides how many resamples are needed.
        """
        from scipy.special import ndtr, stdtrit

        if not 0.0 < level < 1.0:
            raise must("level", "lie between 0 and 1", level)
        if self.seeds < FEWEST:
            return -math.inf, math.inf
        drawn = self._drawn(self._draws(about))
        share = float(ndtr(_widened(self.seeds) * stdtrit(self.seeds - 1, (1.0 - level) / 2.0)))
        rank = math.floor(share * (len(drawn) + 1) * (1 + 1e-12)) - int(np.isnan(drawn).sum())
        if rank < 1:
            return -math.inf, math.inf
        defined = drawn[~np.isnan(drawn)]
        low, high = float(defined[rank - 1]), float(defined[-rank])
        return -math.inf if self.open_below else low, math.inf if self.open_above else high

    def _p(self, null: float, resamples: int) -> float:
        from scipy.special import ndtri, stdtr

        if self.seeds < FEWEST or (self.open_below if self.effect > null else self.open_above):
            return 1.0
        share = min(self._share(null, resamples), 0.5)
        return min(1.0, 2.0 * float(stdtr(self.seeds - 1, ndtri(share) / _widened(self.seeds))))

    def _draws(self, null: float) -> int:
        return MORE_RESAMPLES if self._share(null, RESAMPLES) < _FAR_OUT else RESAMPLES

    def _share(self, null: float, resamples: int) -> float:
        """Return the share of resamples at or beyond a value, that of the data included among them."""
        drawn = self._drawn(resamples)
        within = (drawn > null) if self.effect > null else (drawn < null)
        return (1.0 + float((~within).sum())) / (1.0 + len(drawn))


def resampling(seeds: int, resamples: int) -> NDArray[np.float64]:
    """Return the weights of seeds in resamples of whole seeds, float (resamples, seeds); the same ones every time."""
    rng = np.random.default_rng(_SEED)
    return rng.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=resamples) / seeds


def resampled_least(alpha: float) -> int:
    """Return the fewest seeds with which `Resampled.p_value` can be as small as α, with all its resamples.

    >>> resampled_least(0.05), resampled_least(0.05 / 20)
    (6, 12)
    """
    from scipy.special import ndtri, stdtr

    far = float(ndtri(1.0 / (1.0 + MORE_RESAMPLES)))
    return next((n for n in range(FEWEST, 1000) if 2.0 * stdtr(n - 1, far / _widened(n)) <= alpha), 1000)


def _widened(seeds: int) -> float:
    return math.sqrt(seeds / (seeds - 1))
