"""The width of a good basin: over how many decades of a factor a side learns about as fast as it ever does.

One side of one seed gives steps to the target at every level of a numeric factor x (a scale of initial weights, a
learning rate). Its best is the fewest steps at any level; good are the levels at which the target is reached within a
factor of that best. Every level stands for the part of the axis log10 x that is nearer to it than to another level,
within the levels run: from half-way to one neighbour to half-way to the other, for the outermost from the level itself.
The width is what the good levels stand for, in decades:

    w = sum over good i of c_i,    c_i = (log10 x_{i+1} - log10 x_{i-1}) / 2    (x_0 and x_{n+1}: the ends themselves)

With equal spacing that is the number of good levels times the spacing, half for a level at an end. It is exact to half
a spacing at each end of the basin, and never more than the range run. Where an outermost level is good, the basin may
go on beyond it: the width is then a lower bound (if the best lies among the levels run, which no run can tell). A level
within the basin that misses the factor costs its own part only; `unbroken` counts the stretch around the best alone.

**Noise.** The fewest steps of one seed over many levels lie below the truth, and the more so the noisier a side is:
with equal true times and a spread of 10 % against 30 %, the mean of the seeds' widths says "wider by half a decade" in
every study. So the width is that of the side's *typical* curve: the mean over seeds of the logarithm of steps at each
level, where a run that missed the target counts as its whole budget; a level that half of the seeds or more do not
reach is not good. A side for which no level is reached by most is unreachable: it has no width, and not a width of 0.

`within` is a ratio and x is logged, so neither the unit of the steps nor that of x matters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import must

_ROUNDING = 1e-9
_LEAST_STEPS = 0.5  # reached before the first step: half a step, which has a logarithm
_MOST_MISSED = 0.5 + 1e-9  # share of the seeds that must reach the target at a level that is good


def level_spans(levels: ArrayLike) -> NDArray[np.float64]:
    """Return the decades that each level stands for, float64 (levels,); their sum is the range of the levels.

    Parameters
    ----------
    levels
        float (levels,): ascending, > 0.

    Raises
    ------
    UserError
        Fewer than two levels, or not ascending from above 0.

    Examples
    --------
    >>> level_spans([0.001, 0.01, 1.0]).tolist()
    [0.5, 1.5, 1.0]
    """
    edges = level_edges(levels)
    return np.diff(edges)


def level_edges(levels: ArrayLike) -> NDArray[np.float64]:
    """Return where the part of one level ends and that of the next begins, in log10, float64 (levels + 1,).

    >>> level_edges([0.001, 0.01, 1.0]).tolist()
    [-3.0, -2.5, -1.0, 0.0]
    """
    x = np.asarray(levels, dtype=np.float64)
    if x.ndim != 1 or len(x) < 2 or not (x > 0).all() or not (np.diff(x) > 0).all():
        raise must("levels", "be two or more, ascending, > 0", x.tolist())
    logs = np.log10(x)
    return np.concatenate((logs[:1], (logs[:-1] + logs[1:]) / 2.0, logs[-1:]))


@dataclass(frozen=True)
class Basin:
    """How the width of a basin is measured.

    Attributes
    ----------
    levels
        float64 (levels,): of the factor, ascending, > 0.
    within
        Factor of the own best up to which a level is good.
    unbroken
        Count the unbroken stretch around the best alone (the widest one, where several levels are the best).
    """

    levels: NDArray[np.float64]
    within: float
    unbroken: bool = False
    spans: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", level_spans(self.levels))

    def good(self, steps: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which levels are good.

        Parameters
        ----------
        steps
            Steps to the target, float (..., levels): inf where it was not reached, NaN where nothing was run.

        Examples
        --------
        >>> Basin(np.array([0.01, 0.1, 1.0]), 2.0).good(np.array([np.inf, 30.0, 60.0])).tolist()
        [False, True, True]
        """
        best = _best(steps)
        good = np.isfinite(steps) & (steps <= self.within * best * (1.0 + _ROUNDING))
        if not self.unbroken:
            return np.asarray(good)
        # Resamples are many, and alike: each pattern is looked at once.
        both = np.concatenate((good, steps == best), axis=-1).reshape(-1, 2 * good.shape[-1])
        patterns, place = np.unique(both, axis=0, return_inverse=True)
        kept = np.array([self._stretch(*np.split(row, 2)) for row in patterns])
        return np.asarray(kept[place.ravel()].reshape(good.shape))

    def width(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the width in decades, float (...,); NaN where a level is NaN.

        >>> Basin(np.array([0.01, 0.1, 1.0]), 2.0).width(np.array([np.inf, 30.0, 60.0])).item()
        1.5
        """
        width = self.good(steps) @ self.spans
        return np.asarray(np.where(np.isnan(steps).any(axis=-1), np.nan, width))

    def _stretch(self, good: NDArray[np.bool_], best: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Keep of the good levels of one row the widest unbroken stretch that holds a best one."""
        run = np.cumsum(np.diff(good, prepend=False)) * good  # 0 outside, else a number per stretch
        stretches = [run == number for number in np.unique(run[good & best])]
        return max(stretches, key=lambda one: float(one @ self.spans), default=np.zeros_like(good))

    def typical_width(
        self, steps: NDArray[np.float64], reached: NDArray[np.bool_], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the width on the typical curve of weighted seeds, a mean over the cells, float (samples,).

        Parameters
        ----------
        steps
            To the target, float (seeds, cells, levels); the whole budget where it was not reached.
        reached
            bool, of the same shape.
        weights
            float (samples, seeds), rows summing to 1.

        Returns
        -------
        numpy.ndarray
            NaN where some cell is unreachable: half of the seeds or more miss the target at every level.
        """
        logs = np.log(np.maximum(steps, _LEAST_STEPS))
        mean, share = (np.tensordot(weights, part, axes=1) for part in (logs, reached.astype(np.float64)))
        typical = np.where(share > _MOST_MISSED, np.exp(mean), np.inf)
        width = np.where(np.isfinite(typical).any(axis=-1), self.width(typical), np.nan)
        return np.asarray(width.mean(axis=-1))


def _best(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(np.isnan(steps), np.inf, steps).min(axis=-1, keepdims=True))
