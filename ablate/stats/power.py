"""How many pairs would decide a claim."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.signflip import EXACT_UP_TO, as_differences, least_pairs
from ablate.stats.student import standard_deviation

POWER = 0.8
MOST_PAIRS = 1000  # an estimate beyond it says nothing but "too close to δ"


def pairs_to_decide(differences: ArrayLike, delta: float, *, alpha: float) -> float:
    """Estimate how many pairs in all would exclude δ with 80 % power, if mean and sd are what they look like.

    The smallest n with (t(1 - α/2) + t(.8)) · sd / √n <= |mean - δ|, quantiles at n - 1 degrees of freedom; more than
    are there, and at least as many as the sign-flip test needs at α.

    Parameters
    ----------
    differences
        Float (pairs,), finite, at least one.
    delta
        The value to exclude, in the same unit.
    alpha
        Two-sided level of the test.

    Returns
    -------
    float
        A whole number; inf where the mean is δ or more than 1,000 pairs would be needed; NaN for a single pair, which
        says nothing of the spread.

    Examples
    --------
    >>> pairs_to_decide([0.0, 2.0, 1.0, 3.0, -1.0, 1.0], 0.0, alpha=0.05)
    18.0
    """
    from scipy.special import stdtrit

    d = as_differences(differences)
    if len(d) < 2:
        return math.nan
    gap, sd = abs(float(d.mean()) - delta), standard_deviation(d)
    if estimated_at(differences, delta):
        return math.inf
    n = np.arange(max(least_pairs(1.0 - alpha), len(d) + 1), MOST_PAIRS + 1)
    enough = (stdtrit(n - 1, 1.0 - alpha / 2) + stdtrit(n - 1, POWER)) * sd / np.sqrt(n) <= gap
    return float(n[enough][0]) if enough.any() else math.inf


def detectable(differences: ArrayLike, *, alpha: float, power: float = POWER) -> float | None:
    """Return the smallest gap between truth and threshold that this many pairs at this spread find with 80 % power.

    Of the sign-flip test, two-sided at α (see `detectable_d`); inf where so few pairs can reject nothing, whatever the
    truth; None for a single pair.

    >>> round(detectable([0.0, 2.0, 1.0, 3.0, -1.0, 1.0, 2.0, 0.0, 1.0, 1.0], alpha=0.05), 2)
    1.16
    """
    d = as_differences(differences)
    if len(d) < 2:
        return None
    return detectable_d(len(d), alpha=alpha, power=power) * standard_deviation(d)


@functools.lru_cache(maxsize=4096)
def detectable_d(pairs: int, *, alpha: float, power: float = POWER) -> float:
    """Return the effect in standard deviations of the difference that sign flips of n pairs find with a given power.

    The p of n pairs is a multiple of 2/2^n. With fewer than `least_pairs` none is at most α, and no effect is found
    (inf). Where all pairs must point one way (one p at most α), the power is Φ(d)^n + Φ(-d)^n for normal differences.
    Else that of a paired t-test at the largest p that is at most α.

    >>> detectable_d(5, alpha=0.05), round(detectable_d(6, alpha=0.05), 2), detectable_d(6, alpha=0.025)
    (inf, 1.79, inf)
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    if pairs < max(2, least_pairs(1.0 - alpha)):
        return math.inf
    steps = 2.0 ** (min(pairs, EXACT_UP_TO) - 1)
    rejecting = max(1, math.floor(alpha * steps * (1 + 1e-12)))
    reached = rejecting / steps if pairs <= EXACT_UP_TO else alpha

    def short(d: float) -> float:
        share = float(ndtr(d) ** pairs + ndtr(-d) ** pairs) if rejecting == 1 else t_power(d, pairs, alpha=reached)
        return share - power

    return float(brentq(short, 0.0, 1e4, xtol=1e-9))


def t_power(d_z: float, pairs: int, *, alpha: float) -> float:
    """Return the power of a two-sided paired t-test (noncentral t); `TTestPower` of statsmodels is its oracle.

    >>> round(t_power(0.7, 19, alpha=0.05), 3)
    0.823
    """
    from scipy.special import stdtrit

    df, shift = pairs - 1, d_z * math.sqrt(pairs)
    critical = float(stdtrit(df, 1.0 - alpha / 2.0))
    return 1.0 - _noncentral_t(critical, df, shift) + _noncentral_t(-critical, df, shift)


def _noncentral_t(t: float, df: int, shift: float) -> float:
    from scipy.special import nctdtr, ndtr

    exact = float(nctdtr(df, shift, t)) if shift < 30.0 else math.nan
    if math.isfinite(exact):
        return exact
    # The series overflows at large shifts; the normal approximation (Abramowitz & Stegun 26.7.10) is good there.
    return float(ndtr((t * (1.0 - 0.25 / df) - shift) / math.sqrt(1.0 + 0.5 * t * t / df)))


def estimated_at(differences: ArrayLike, delta: float) -> bool:
    """Tell whether the mean difference is δ, up to rounding."""
    d = as_differences(differences)
    return abs(float(d.mean()) - delta) <= 1e-9 * max(float(np.abs(d).max()), abs(delta))
