"""The effect of an arm over another, paired by seed: estimate, two intervals, exact p, effect sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ablate.errors import must
from ablate.stats.signflip import as_differences, is_constant, sign_flip_interval, sign_flip_p


@dataclass(frozen=True)
class PairedEffect:
    """What n paired differences say of their mean.

    Attributes
    ----------
    n
        Pairs.
    mean, sd
        Of the differences, in the metric's unit; `sd` (n - 1 in the denominator) is NaN for one pair.
    level
        Confidence level of both intervals.
    t_low, t_high
        Paired-t interval: needs roughly normal differences; (-inf, inf) for one pair.
    low, high
        Interval inverting the exact sign-flip test: needs differences symmetric about their centre.
    p
        Two-sided sign-flip p of "the mean difference is 0".
    d_z
        mean / sd: the effect in standard deviations of the difference; ±inf where all differences are alike.
    better
        Share of pairs with a positive difference, ties counted half: P(arm better), paired.
    """

    n: int
    mean: float
    sd: float
    level: float
    t_low: float
    t_high: float
    low: float
    high: float
    p: float
    d_z: float
    better: float


def paired_effect(differences: ArrayLike, *, level: float = 0.95) -> PairedEffect:
    """Summarise paired differences (arm - against, one per seed).

    Parameters
    ----------
    differences
        Float (pairs,), finite, at least one, in the metric's unit.
    level
        Confidence level of the intervals, in (0, 1).

    Raises
    ------
    UserError
        No differences, a non-finite one, or a level outside (0, 1).

    Examples
    --------
    >>> effect = paired_effect([0.1, 0.2, 0.3, 0.2, 0.1, 0.3])
    >>> round(effect.mean, 3), effect.p, effect.better
    (0.2, 0.03125, 1.0)
    """
    d = as_differences(differences)
    t_low, t_high = t_interval(d, level=level)
    low, high = sign_flip_interval(d, level=level)
    mean, sd = float(d.mean()), standard_deviation(d)
    return PairedEffect(
        n=len(d),
        mean=mean,
        sd=sd,
        level=level,
        t_low=t_low,
        t_high=t_high,
        low=low,
        high=high,
        p=sign_flip_p(d),
        d_z=_ratio(mean, sd),
        better=better_share(d),
    )


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
