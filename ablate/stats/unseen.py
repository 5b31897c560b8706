r"""An interval of a mean that allows for one value nobody has seen yet (Gaffke 2005; Learned-Miller & Thomas 2019).

The share of a population below the i-th of n ordered draws is distributed as a sum of uniform spacings, whatever the
population. Weighting the ordered values with random spacings (a Dirichlet of n + 1 ones), the last weight falling on
an `extreme` beyond which nothing can lie, bounds the mean from that side:

    p(θ) = P(Σ E_i (x_i - θ) <= 0),   E_i independent standard exponentials, x_(n+1) the extreme.

For 0/1 data with extreme 0 or 1 it is the Clopper–Pearson bound. The probability is taken from the saddlepoint
formula of Lugannani & Rice (1980), good to about 1 % of itself in the tails, so no resampling noise enters a verdict.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


def unseen_p(values: ArrayLike, extreme: float, theta: float) -> float:
    """Return the one-sided p of "the mean is at most `theta`", with `extreme` the lowest value there could be.

    Mirror the values, the extreme and θ to test the other side.

    Examples
    --------
    >>> round(unseen_p([1.0] * 20, 0.0, 0.8), 4), round(0.8**20, 4)  # 20 successes of 20, as by Clopper–Pearson
    (0.0117, 0.0115)
    """
    x = np.append(np.asarray(values, dtype=np.float64), extreme)
    return _at_most_zero(x - theta)


def unseen_bound(values: ArrayLike, extreme: float, *, alpha: float) -> float:
    """Return the one-sided lower bound at level ``1 - alpha``: the θ at which `unseen_p` is alpha."""
    from scipy.optimize import brentq

    x = np.append(np.asarray(values, dtype=np.float64), extreme)
    low, high = float(x.min()), float(x.mean())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        return low
    step = 1e-9 * (high - low)

    def beyond(theta: float) -> float:
        return math.log(max(_at_most_zero(x - theta), 1e-300)) - math.log(alpha)

    if beyond(high) <= 0:
        return high
    return float(brentq(beyond, low + step, high, xtol=1e-10 * (high - low), rtol=1e-14))


def _at_most_zero(a: Vector) -> float:
    """Return P(Σ E_i a_i <= 0) by the saddlepoint formula; at most 1/2 is all that is asked of it."""
    if a.min() >= 0.0:
        return 0.0
    if a.mean() <= 0.0:  # beyond the middle: no evidence, and the caller only needs to know that
        return 0.5
    s = _saddlepoint(a)
    ratio = a / (1.0 - a * s)
    w = -math.sqrt(max(2.0 * float(np.log1p(-a * s).sum()), 0.0))
    u = s * math.sqrt(float((ratio**2).sum()))
    if w > -1e-4:
        return 0.5
    from scipy.special import ndtr

    density = math.exp(-0.5 * w * w) / math.sqrt(2.0 * math.pi)
    return float(min(max(float(ndtr(w)) + density * (1.0 / w - 1.0 / u), 0.0), 0.5))


def _saddlepoint(a: Vector) -> float:
    """Solve Σ a/(1 - a s) = 0 on (1/min a, 0): Newton, kept inside a shrinking bracket."""
    low, high = 1.0 / float(a.min()), 0.0
    s = 0.5 * low
    for _ in range(100):
        ratio = a / (1.0 - a * s)
        slope = float(ratio.sum())
        if slope > 0:
            high = s
        else:
            low = s
        step = s - slope / float((ratio**2).sum())
        s_next = step if low < step < high else 0.5 * (low + high)
        if abs(s_next - s) <= 1e-12 * abs(s):
            return s_next
        s = s_next
    return s
