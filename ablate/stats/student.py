"""Means, spreads and Student's interval of plain numbers: what the exact tests are told beside."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ablate.errors import must
from ablate.stats.signflip import as_differences, is_constant


def better_share(differences: ArrayLike) -> float:
    """Return the share of pairs with a positive difference, ties counted half."""
    d = np.asarray(differences, dtype=np.float64)
    tied = np.abs(d) <= 1e-12  # of an accuracy or a loss: far below one test example
    return float(np.mean(np.where(tied, 0.5, d > 0)))


def standardised(differences: ArrayLike) -> float:
    """Return d_z, the mean in standard deviations of the difference."""
    d = as_differences(differences)
    return _ratio(float(d.mean()), standard_deviation(d))


def standard_deviation(values: ArrayLike) -> float:
    """Return the sample standard deviation: NaN for one value, exactly 0 where all are equal up to rounding."""
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        return math.nan
    return 0.0 if is_constant(x) else float(x.std(ddof=1))


def t_interval(values: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Return Student's t interval of a mean as (low, high); (-inf, inf) for one value.

    >>> [round(end, 3) for end in t_interval([1.0, 2.0, 3.0])]
    [-0.484, 4.484]
    """
    from scipy.special import stdtrit  # not scipy.stats: that import alone takes a second

    if not 0.0 < level < 1.0:
        raise must("level", "lie between 0 and 1", level)
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        return -math.inf, math.inf
    half = float(stdtrit(len(x) - 1, 0.5 + level / 2)) * standard_deviation(x) / math.sqrt(len(x))
    return float(x.mean()) - half, float(x.mean()) + half


def _ratio(mean: float, sd: float) -> float:
    if sd == 0.0:
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / sd
