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
within the basin that misses the factor costs its own part only; `unbroken` counts the stretch around the best alone,
which one slow run can halve. A run that did not reach the target is never good, however it ended; where none did, the
width is 0.

`within` is a ratio and x is logged, so neither the unit of the steps nor that of x matters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import must

_ROUNDING = 1e-9


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
        flat, least = good.reshape(-1, good.shape[-1]), (steps == best).reshape(-1, good.shape[-1])
        return np.array([self._stretch(*row) for row in zip(flat, least, strict=True)]).reshape(good.shape)

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


def _best(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(np.isnan(steps), np.inf, steps).min(axis=-1, keepdims=True))
