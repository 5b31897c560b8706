"""The exchange rate of two learning curves: how many real examples n examples are worth with the other arm.

k(n) = n' / n, where the reference curve reaches at n' what the arm reaches at n. The reference curve (a mean over
seeds, made monotone by its running best) is interpolated over log n by PCHIP, which adds no wiggles, and inverted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError

_GRID = 513  # points the interpolated curve is inverted on: 0.2 % of the range of log n apart


@dataclass(frozen=True)
class ExchangeRate:
    """k at every n but the largest, where the reference curve ends and k cannot exceed 1.

    Attributes
    ----------
    n, k
        float (levels - 1,).
    clipped
        Whether the arm left the range of the reference curve there: k is then only a bound.
    log_k
        Mean of log k over the levels.
    jackknife
        Its jackknife pseudo-values, one per seed: their mean and interval are those of `log_k`.
    """

    n: NDArray[np.float64]
    k: NDArray[np.float64]
    clipped: NDArray[np.bool_]
    log_k: float
    jackknife: NDArray[np.float64]


def exchange_rate(arm: ArrayLike, reference: ArrayLike, n: ArrayLike) -> ExchangeRate:
    """Return the exchange rate of two sets of learning curves, higher being better.

    Parameters
    ----------
    arm, reference
        float (seeds, levels): the metric of each seed at each n.
    n
        float (levels,): sample sizes, ascending, > 0.

    Examples
    --------
    >>> n = np.array([50.0, 100, 200, 400, 800])
    >>> curve = np.log(n) * np.ones((6, 1))
    >>> rate = exchange_rate(curve + np.log(1.5), curve, n)  # as good as 1.5 times the data
    >>> rate.k.round(2).tolist()
    [1.5, 1.5, 1.5, 1.5]
    """
    a, r, sizes = _checked(arm, reference, n)
    seeds = len(a)
    weights = np.full((seeds + 1, seeds), 1.0 / max(seeds - 1, 1))  # all seeds, then each left out
    weights[0] = 1.0 / seeds
    weights[np.arange(1, seeds + 1), np.arange(seeds)] = 0.0
    log_k, clipped = _log_k(weights @ a, weights @ r, sizes)
    means = log_k.mean(axis=1)
    return ExchangeRate(
        n=sizes[:-1],
        k=np.exp(log_k[0]),
        clipped=clipped[0],
        log_k=float(means[0]),
        jackknife=seeds * means[0] - (seeds - 1) * means[1:],
    )


def exchange_bootstrap(
    arm: ArrayLike, reference: ArrayLike, n: ArrayLike, *, rng: np.random.Generator, resamples: int = 1_999
) -> NDArray[np.float64]:
    """Return log k(n) of resampled studies, float (resamples, levels - 1); whole seeds are resampled."""
    a, r, sizes = _checked(arm, reference, n)
    weights = rng.multinomial(len(a), np.full(len(a), 1.0 / len(a)), size=resamples) / len(a)
    return _log_k(weights @ a, weights @ r, sizes)[0]


def rising_curve(
    reference: NDArray[np.float64], sizes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the curve that is inverted: a grid of log n, (grid,), and the running best on it, (curves, grid).

    Parameters
    ----------
    reference
        Mean curves, higher being better, float (curves, levels).
    sizes
        float (levels,): ascending, > 0.
    """
    from scipy.interpolate import PchipInterpolator

    x = np.log(sizes)
    grid = np.linspace(x[0], x[-1], _GRID)
    rising = np.maximum.accumulate(reference, axis=1)
    return grid, np.asarray(PchipInterpolator(x, rising, axis=1)(grid))


def _checked(
    arm: ArrayLike, reference: ArrayLike, n: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    a, r = np.asarray(arm, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    sizes = np.asarray(n, dtype=np.float64)
    if a.shape != r.shape or a.ndim != 2 or sizes.shape != a.shape[1:] or len(sizes) < 2:
        raise UserError(
            f"learning curves must be (seeds, levels) with two sizes or more, got {a.shape} and {r.shape} "
            f"for {sizes.shape} sizes."
        )
    if not (np.isfinite(a).all() and np.isfinite(r).all() and (np.diff(sizes) > 0).all() and sizes[0] > 0):
        raise UserError("learning curves must be finite, and their sizes positive and ascending.")
    return a, r, sizes


def _log_k(
    arm: NDArray[np.float64], reference: NDArray[np.float64], sizes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return log k and whether it is clipped, both (curves, levels - 1), for mean curves (curves, levels)."""
    x = np.log(sizes)
    grid, curve = rising_curve(reference, sizes)
    rows = np.arange(len(curve))
    log_k, clipped = np.empty((len(curve), len(x) - 1)), np.empty((len(curve), len(x) - 1), dtype=np.bool_)
    for i in range(len(x) - 1):
        target = arm[:, i]
        after = (curve < target[:, None]).sum(axis=1)
        inside = np.clip(after, 1, _GRID - 1)
        left, right = curve[rows, inside - 1], curve[rows, inside]
        rise = right - left
        share = np.divide(target - left, rise, out=np.zeros_like(rise), where=rise > 0)
        place = grid[inside - 1] + np.clip(share, 0.0, 1.0) * (grid[1] - grid[0])
        log_k[:, i] = place - x[i]
        clipped[:, i] = (target > curve[:, -1]) | (target < curve[:, 0])
    return log_k, clipped
