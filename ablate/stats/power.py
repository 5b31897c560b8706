"""How large an effect so many pairs find in four of five studies, and how many pairs would decide a claim."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.signflip import DRAWS, EXACT_UP_TO, Vector, as_differences, least_pairs
from ablate.stats.student import standard_deviation

POWER = 0.8
MOST_PAIRS = 1000  # an estimate beyond it says nothing but "too close to δ"
TABLE = Path(__file__).with_name("power.csv")
_UNEVEN = 24  # pairs up to which p has so few steps that one more pair may find less


def pairs_to_decide(differences: ArrayLike, delta: float, *, alpha: float, other: float = math.inf) -> float:
    """Estimate how many pairs in all would exclude δ with 80 % power, if mean and sd are what they look like.

    The fewest pairs, more than are there, that find the distance of the mean from δ (see `pairs_that_find`).

    Parameters
    ----------
    differences
        Float (pairs,), finite, at least one.
    delta
        The value to exclude, in the same unit.
    alpha
        Two-sided level of the test.
    other
        A value on the other side of the mean that is to be excluded too, as for an equivalence; infinite for none.

    Returns
    -------
    float
        A whole number; inf where the mean is δ or more than 1,000 pairs would be needed; NaN for a single pair, which
        says nothing of the spread.

    Examples
    --------
    >>> pairs_to_decide([0.0, 2.0, 1.0, 3.0, -1.0, 1.0], 0.0, alpha=0.05)
    20.0
    """
    d = as_differences(differences)
    if len(d) < 2:
        return math.nan
    sd, mean = standard_deviation(d), float(d.mean())
    if estimated_at(differences, delta):
        return math.inf
    near, far = (abs(mean - end) / sd if sd > 0.0 else math.inf for end in (delta, other))
    return pairs_that_find(near, alpha=alpha, other=far, more_than=len(d))


def pairs_that_find(d_z: float, *, alpha: float, other: float = math.inf, more_than: int = 1) -> float:
    """Return the fewest pairs of more than so many that find an effect with 80 % power (see `power_of`).

    Parameters
    ----------
    d_z, other
        Distances from the truth, in standard deviations of the difference, > 0; where there are two, values on either
        side of it are to be excluded. Both are not with the chances that each is not, which exclude one another.

    >>> pairs_that_find(0.7, alpha=0.05), pairs_that_find(math.inf, alpha=0.05), pairs_that_find(0.01, alpha=0.05)
    (21.0, 6.0, inf)
    >>> pairs_that_find(0.7, other=0.7, alpha=0.05)
    27.0
    """

    def enough(pairs: int) -> bool:
        missed = sum(1.0 - power_of(one, pairs, alpha=alpha) for one in (d_z, other) if not math.isinf(one))
        return missed <= 1.0 - POWER + 1e-9

    least = max(least_pairs(1.0 - alpha), more_than + 1, 2)
    for pairs in range(least, _UNEVEN + 1):  # p has few steps: one more pair may find less
        if enough(pairs):
            return float(pairs)
    low, high = max(least, _UNEVEN + 1), MOST_PAIRS
    if low > high or not enough(high):
        return math.inf
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return float(low)


def power_of(d_z: float, pairs: int, *, alpha: float) -> float:
    """Return the chance that n pairs find an effect at level α (see `detectable_d`); the table is made for 80 %.

    >>> round(power_of(0.72, 20, alpha=0.05), 2), power_of(9.0, 5, alpha=0.05)
    (0.82, 0.0)
    """
    from scipy.special import ndtr

    steps = _rejecting(pairs, alpha)
    if steps is None:
        return 0.0
    rejecting, reached = steps
    if rejecting == 1:
        return float(ndtr(d_z) ** pairs + ndtr(-d_z) ** pairs)
    return t_power(d_z / _more_than_t(pairs, reached), pairs, alpha=reached)


def _rejecting(pairs: int, alpha: float) -> tuple[int, float] | None:
    """Return how many p of sign flips are at most α, and the largest of them; beyond 24 pairs α; None where none is."""
    if pairs < max(2, least_pairs(1.0 - alpha)):
        return None
    if pairs > EXACT_UP_TO:
        return DRAWS, alpha
    rejecting = max(1, math.floor(alpha * 2.0 ** (pairs - 1) * (1 + 1e-12)))
    return rejecting, rejecting / 2.0 ** (pairs - 1)


def detectable(differences: ArrayLike, *, alpha: float) -> float | None:
    """Return the smallest gap between truth and threshold that this many pairs at this spread find with 80 % power.

    By the test that verdicts rest on, two-sided at α (see `detectable_d`); inf where so few pairs can reject nothing,
    whatever the truth; None for a single pair.

    >>> round(detectable([0.0, 2.0, 1.0, 3.0, -1.0, 1.0, 2.0, 0.0, 1.0, 1.0], alpha=0.05), 2)
    1.26
    """
    d = as_differences(differences)
    if len(d) < 2:
        return None
    return detectable_d(len(d), alpha=alpha) * standard_deviation(d)


@functools.lru_cache(maxsize=16384)
def detectable_d(pairs: int, *, alpha: float) -> float:
    """Return the effect in standard deviations of the difference that n pairs find with 80 % power at level α.

    Of the test that verdicts rest on (`mean.mean_p`), for normal differences. The p of sign flips of n pairs is a
    multiple of 2/2^n. With fewer than `least_pairs` none is at most α, and no effect is found (inf). Where all pairs
    must point one way (one p at most α), the power is Φ(d)^n + Φ(-d)^n. Else it is the effect that a paired t-test at
    the largest p that is at most α finds, times how much more the verdict's test needs: simulated, a table with a row
    per number of pairs and level (`python benchmarks/power.py`), between which it is interpolated. The power found so
    is 0.80 ± 0.02 (tests/stats/test_power.py).

    >>> detectable_d(5, alpha=0.05), round(detectable_d(6, alpha=0.05), 2), detectable_d(6, alpha=0.025)
    (inf, 1.79, inf)
    """
    from scipy.optimize import brentq

    steps = _rejecting(pairs, alpha)
    if steps is None:
        return math.inf
    if steps[0] == 1:
        return float(brentq(lambda d: power_of(d, pairs, alpha=alpha) - POWER, 0.0, 1e4, xtol=1e-9))
    return detectable_by_t(pairs, alpha=steps[1]) * _more_than_t(pairs, steps[1])


def _more_than_t(pairs: int, level: float) -> float:
    """Return the ratio of the effects that the verdict's test and a paired t-test find, by the table.

    Linear in log level, and between numbers of pairs in 1/√n, as which it goes to 1.
    """
    table = _ratios()
    known = list(table)
    below = max(n for n in known if n <= pairs)
    above = min((n for n in known if n >= pairs), default=None)
    at = [_at(table[n], level) for n in (below, above or below)]
    left = 1.0 / math.sqrt(below)
    right = 1.0 / math.sqrt(above) if above is not None else 0.0
    if above is None:
        at[1] = 1.0
    here = 1.0 / math.sqrt(pairs)
    return at[0] if left == right else at[1] + (at[0] - at[1]) * (here - right) / (left - right)


def _at(row: tuple[Vector, Vector], level: float) -> float:
    return float(np.interp(math.log(level), *row))


@functools.cache
def _ratios() -> dict[int, tuple[Vector, Vector]]:
    """Return pairs -> log levels, rising, and the ratios there."""
    rows = np.loadtxt(TABLE, delimiter=",", skiprows=1)
    table = {}
    for pairs in np.unique(rows[:, 0]).astype(int).tolist():
        own = rows[rows[:, 0] == pairs]
        own = own[np.argsort(own[:, 1])]
        table[pairs] = (np.log(own[:, 1]), own[:, 2])
    return table


@functools.lru_cache(maxsize=16384)
def detectable_by_t(pairs: int, *, alpha: float) -> float:
    """Return the effect in standard deviations that a two-sided paired t-test at α finds with 80 % power.

    >>> round(detectable_by_t(10, alpha=0.05), 2)
    1.0
    """
    from scipy.optimize import brentq

    return float(brentq(lambda d: t_power(d, pairs, alpha=alpha) - POWER, 0.0, 1e4, xtol=1e-9))


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
