r"""A bound of a mean of numbers in a known range that asks nothing of their distribution: betting against a mean.

Whoever bets on draws in [0, 1] that "the mean is at most m" with a stake λ in [0, 1/m] owns after n draws

    K_λ(m) = Π (1 + λ (x_i - m)),

which is 1 on average at most where the mean is at most m. So is the mean over several stakes, and by Markov's
inequality it exceeds 1/α with a chance of at most α: p(m) = 1 / mean_λ K_λ(m) is a p-value, whatever the tail, for any
n (Waudby-Smith & Ramdas 2024, *Estimating means of bounded random variables by betting*, JRSS B 86:1). Evenly spaced
constant stakes, ``λ_g = g / (m (G + 1))``, and a mean of what they own, are the diversified Kelly bets of its authors'
package confseq (`dKelly_cs`); here with weights ∝ g², since only large stakes can win with few draws. Their predictable
plug-in stakes depend on the order of the draws, which a verdict must not; these do not, and p never rises when a draw
does: every 1 + λ_g (x_i - m) rises with x_i and falls with m.

K is a martingale draw by draw, so that by Ville's inequality the largest of several looks at it holds as well: with
`ends` the p is valid at all looks together.

**What it costs.** n draws can multiply the wealth by at most 1/m each. Of differences in [-1, 1], 20 that all equal
0.46 have a two-sided p of .0036, and 20 that all equal 0.2 one of .12: no tail that was not seen can be excluded
with fewer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError
from ablate.stats.unseen import crossing

STAKES = 40
"""Stakes of the grid, the largest almost all there is; weights ∝ g², for numbers of seeds and not of examples."""

Vector = NDArray[np.float64]


def betting_p(values: ArrayLike, low: float, high: float, *, theta: float, ends: Sequence[int] = ()) -> float:
    """Return the one-sided p of "the mean is at most `theta`", of values that lie in [low, high].

    Mirror the values, the range and θ to test the other side.

    Parameters
    ----------
    values
        Float (draws,), at least one; their order matters where there are `ends`.
    ends
        Numbers of draws after which somebody looked, rising; empty: once, at the end.

    Raises
    ------
    UserError
        A value lies outside the range, or there is none.

    Examples
    --------
    >>> round(betting_p([0.8] * 20, -1.0, 1.0, theta=0.0), 6)
    3.3e-05
    """
    x = _scaled(values, low, high)
    m = (theta - low) / (high - low)
    if m <= 0.0:
        return 0.0 if x.any() or m < 0.0 else 1.0
    if m >= 1.0:
        return 1.0
    return float(min(1.0, np.exp(-max(0.0, float(log_wealth(x, m, ends or [x.size]).max())))))


def log_wealth(x: Vector, m: float, ends: Sequence[int]) -> Vector:
    """Return the logarithm of the mean over all stakes of what was owned after each of `ends` draws.

    Parameters
    ----------
    x
        In [0, 1], float (..., draws).
    m
        In (0, 1).

    Returns
    -------
    Vector
        float (..., ends).
    """
    g = np.arange(1, STAKES + 1)
    stakes = (g / (m * (STAKES + 1))).reshape(-1, *[1] * x.ndim)
    logs = np.cumsum(np.log1p(stakes * (x - m)), axis=-1)
    start = np.zeros((*logs.shape[:-1], 1))
    at = np.concatenate((start, logs), axis=-1)[..., np.asarray(ends, dtype=np.int64)]
    most = at.max(axis=0)
    weights = g**2 / float((g**2).sum())
    return np.asarray(most + np.log(np.tensordot(weights, np.exp(at - most), axes=(0, 0))))


def betting_interval(
    values: ArrayLike, low: float, high: float, *, level: float, ends: Sequence[int] = ()
) -> tuple[float, float]:
    """Return all means that neither side rejects at ``(1 - level) / 2``, as (low, high).

    With several `ends` the means that were excluded at an earlier look may be those of today: what is left is then
    the point that is least contradicted, the mean or the nearer end.

    >>> tuple(round(end, 3) for end in betting_interval([0.0] * 30 + [1.0] * 30, 0.0, 1.0, level=0.95))
    (0.282, 0.718)
    """
    x, alpha = np.asarray(values, dtype=np.float64), (1.0 - level) / 2.0
    at = _highest(x, ends)
    lower = crossing(lambda theta: betting_p(x, low, high, theta=theta, ends=ends), low, at, alpha)
    at = _highest(-x, ends)
    upper = -crossing(lambda theta: betting_p(-x, -high, -low, theta=theta, ends=ends), -high, at, alpha)
    if lower > upper:
        middle = min(max(float(x.mean()), upper), lower)
        return middle, middle
    return lower, upper


def _highest(x: Vector, ends: Sequence[int]) -> float:
    """Return the highest mean at any look: beyond it nobody has won a bet that the mean lies above."""
    return max(float(x[:end].mean()) for end in (*ends, x.size) if end)


def _scaled(values: ArrayLike, low: float, high: float) -> Vector:
    x = (np.asarray(values, dtype=np.float64) - low) / (high - low)
    if x.ndim != 1 or x.size == 0 or not ((x >= -1e-9) & (x <= 1 + 1e-9)).all():
        raise UserError(f"`values` must be at least one number in [{low:g}, {high:g}].")
    return np.asarray(np.clip(x, 0.0, 1.0))
