"""Means of runs that are not paired: a weighted sum of group means, each group with a spread of its own.

Source: Welch, B. L. (1951), "On the comparison of several mean values", Biometrika 38; degrees of freedom by
Satterthwaite, F. E. (1946), "An approximate distribution of estimates of variance components", Biometrics Bulletin 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ablate.errors import must
from ablate.stats.student import standard_deviation


@dataclass(frozen=True)
class Welch:
    """An estimate of a weighted sum of means.

    Attributes
    ----------
    effect
        The weighted sum.
    error
        Its standard error.
    df
        Degrees of freedom of its t distribution; inf where no group varies.
    sizes
        Values of every group.
    """

    effect: float
    error: float
    df: float
    sizes: tuple[int, ...]

    def confidence_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval as (low, high); a single point where no group varies."""
        from scipy.special import stdtrit  # not scipy.stats: that import alone takes a second

        if not 0.0 < level < 1.0:
            raise must("level", "lie between 0 and 1", level)
        half = 0.0 if self.error == 0.0 else float(stdtrit(self.df, 0.5 + level / 2)) * self.error
        return self.effect - half, self.effect + half

    def p_value(self, null: float = 0.0) -> float:
        """Return the two-sided p of "the sum is `null`"."""
        from scipy.special import stdtr

        gap = abs(self.effect - null)
        if self.error == 0.0:
            return 0.0 if gap > 0.0 else 1.0
        return 2.0 * float(stdtr(self.df, -gap / self.error))


def welch(groups: Sequence[ArrayLike], weights: Sequence[float]) -> Welch:
    """Estimate ``sum(weight * mean of group)`` from independent groups.

    Parameters
    ----------
    groups
        Float arrays (values,), finite, two values at least in each.
    weights
        One per group: ``[1, -1]`` for a difference of two means.

    Raises
    ------
    UserError
        A group has fewer than two values.

    Examples
    --------
    >>> contrast = welch([[1.0, 2.0, 3.0], [0.0, 0.5, 1.0, 1.5]], [1.0, -1.0])
    >>> round(contrast.effect, 2), round(contrast.df, 2), round(contrast.p_value(), 4)
    (1.25, 3.23, 0.1485)
    """
    samples = [np.asarray(group, dtype=np.float64) for group in groups]
    for group in samples:
        if len(group) < 2:
            raise must("a group", "have two values or more", len(group))
    parts = [
        (weight * standard_deviation(group)) ** 2 / len(group) for group, weight in zip(samples, weights, strict=True)
    ]
    variance = math.fsum(parts)
    spread = math.fsum(part**2 / (len(group) - 1) for part, group in zip(parts, samples, strict=True))
    effect = math.fsum(weight * float(group.mean()) for group, weight in zip(samples, weights, strict=True))
    df = variance**2 / spread if spread > 0.0 else math.inf
    return Welch(effect, math.sqrt(variance), df, tuple(map(len, samples)))
