r"""An interval of a mean that allows for one value nobody has seen yet (Gaffke 2005; Learned-Miller & Thomas 2019).

The share of a population below the i-th of n ordered draws is distributed as a sum of uniform spacings, whatever the
population. Weighting the ordered values with random spacings (a Dirichlet of n + 1 ones), the last weight falling on
an `extreme` beyond which nothing can lie, bounds the mean from that side:

    p(θ) = P(Σ E_i (x_i - θ) <= 0),   E_i independent standard exponentials, x_(n+1) the extreme.

For 0/1 data with extreme 0 or 1 it is the Clopper–Pearson bound. The probability is exact: Σ E_i a_i / Σ E_i has the
density of a B-spline with the a_i as its knots (Curry & Schoenberg 1966), and the recurrence of such splines (de Boor
1972), one value below zero against one above it, has positive terms only.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


def unseen_p(values: ArrayLike, extreme: float, theta: float) -> float:
    """Return the one-sided p of "the mean is at most `theta`", with `extreme` the lowest value there could be.

    Mirror the values, the extreme and θ to test the other side.

    Examples
    --------
    >>> round(unseen_p([1.0] * 20, 0.0, 0.8), 4), round(0.8**20, 4)  # 20 successes of 20, as by Clopper–Pearson
    (0.0115, 0.0115)
    """
    return at_most_zero(np.append(np.asarray(values, dtype=np.float64), extreme) - theta)


def unseen_bound(values: ArrayLike, extreme: float, *, alpha: float) -> float:
    """Return the one-sided lower bound at level ``1 - alpha``: the θ at which `unseen_p` is alpha."""
    x = np.append(np.asarray(values, dtype=np.float64), extreme)
    low, high = float(x.min()), float(x.mean())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        return low
    return crossing(lambda theta: at_most_zero(x - theta), low, high, alpha)


def crossing(p: Callable[[float], float], low: float, high: float, alpha: float) -> float:
    """Return where between `low` and `high` a p that rises with θ reaches alpha; `high` where it does not."""
    from scipy.optimize import brentq

    def beyond(theta: float) -> float:
        return math.log(max(p(theta), 1e-300)) - math.log(alpha)

    if beyond(high) <= 0:
        return high
    return float(brentq(beyond, low, high, xtol=1e-10 * (high - low), rtol=1e-14)) if beyond(low) < 0 else low


def at_most_zero(a: Vector) -> float:
    """Return P(Σ E_i a_i <= 0), E_i independent standard exponentials; it never rises where one of a rises.

    P(i, j), of the first i values below zero and the first j above it, is the mean of P(i-1, j) and P(i, j-1) with the
    weights of v_j and u_i, the sizes of the last of each.

    >>> at_most_zero(np.array([-1.0, 1.0])), at_most_zero(np.array([-1.0, 3.0])), at_most_zero(np.array([0.0, 1.0]))
    (0.5, 0.25, 0.0)
    """
    below, above = (-a[a < 0.0]).tolist(), a[a > 0.0].tolist()
    if not below:
        return 0.0 if above else 1.0
    row = [0.0] * len(above)
    for u in below:
        left = 1.0
        for j, v in enumerate(above):
            left = row[j] = (v * row[j] + u * left) / (v + u)
    return row[-1] if above else 1.0
