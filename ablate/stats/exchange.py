r"""The exchange rate of two learning curves: how many real examples n examples are worth with the other arm.

k(n) = n' / n, where the reference curve reaches at n' what the arm reaches at n. The reference curve (a mean over
seeds, made monotone by its running best) is interpolated over log n by PCHIP, which adds no wiggles, and inverted.
Below its first level it is continued as a straight line through its first two, by one such step at most: an arm that is
a little worse than the reference at its smallest n is then not counted as its equal. Beyond that, and above the best of
the reference, where its slope says nothing, k is only a bound (`ExchangeRate.beyond`).

The interval resamples whole seeds (see `resampled`). Measured, the share of 95 % intervals of the mean of log k that
hold it (300 samples each; six levels from 50 to 2,000, noise of 1 point of accuracy beside a shared one of half):

| seeds | straight in log n, k = 1.2 | 1.0 | 0.7 | levelling off, 1.2 | 1.0 | with noise of 3 points, 1.2 |
|---|---|---|---|---|---|---|
| 6 | .933 | .943 | .943 | .963 | .940 | .977 |
| 10 | .937 | .943 | .933 | .943 | .927 | .970 |
| 20 | .963 | .980 | .967 | .933 | .937 | .950 |
| 20, k cut off at the first level | .963 | .967 | .263 | .933 | .933 | .950 |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError
from ablate.stats.resampled import Resampled

_GRID = 513  # points of a curve that is drawn
_HALVINGS = 14  # of a stretch between two levels, before a straight line within what is left: to 1e-9 of it


@dataclass(frozen=True)
class ExchangeRate:
    """k at every n but the largest, where the reference curve ends and k cannot exceed 1.

    Attributes
    ----------
    n, k
        float (levels - 1,).
    beyond
        int (levels - 1,): +1 where the arm is better than all of the reference (k is at least that), -1 where it is
        worse than its continuation reaches (at most that), else 0.
    log_k
        Mean of log k over the levels.
    jackknife
        Its jackknife pseudo-values, one per seed: what each of them makes of it.
    curves
        The learning curves of both sides, float (seeds, levels) each, and their sizes.
    """

    n: NDArray[np.float64]
    k: NDArray[np.float64]
    beyond: NDArray[np.int64]
    log_k: float
    jackknife: NDArray[np.float64]
    curves: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

    @property
    def resampled(self) -> Resampled:
        """The mean of log k when whole seeds are resampled; open to the side to which k is only a bound."""
        below, above = bool((self.beyond < 0).any()), bool((self.beyond > 0).any())
        return Resampled(self.log_k, len(self.jackknife), lambda weights: self.at(weights).mean(axis=1), below, above)

    def at(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return log k(n) of weighted seeds, float (samples, levels - 1)."""
        arm, reference, sizes = self.curves
        return _log_k(weights @ arm, weights @ reference, sizes)[0]


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
    log_k, beyond = _log_k(weights @ a, weights @ r, sizes)
    means = log_k.mean(axis=1)
    return ExchangeRate(
        n=sizes[:-1],
        k=np.exp(log_k[0]),
        beyond=beyond[0],
        log_k=float(means[0]),
        jackknife=seeds * means[0] - (seeds - 1) * means[1:],
        curves=(a, r, sizes),
    )


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
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return log k and whether it is a bound, both (curves, levels - 1), for mean curves (curves, levels)."""
    from scipy.interpolate import PchipInterpolator

    x = np.log(sizes)
    rising = np.maximum.accumulate(reference, axis=1)
    pieces = np.asarray(PchipInterpolator(x, rising, axis=1).c)  # (4, levels - 1, curves)
    first, step = rising[:, 0], x[1] - x[0]
    slope = (rising[:, 1] - first) / step
    log_k, beyond = np.empty((len(rising), len(x) - 1)), np.zeros((len(rising), len(x) - 1), dtype=np.int64)
    rows = np.arange(len(rising))
    for i in range(len(x) - 1):
        target = arm[:, i]
        piece = (rising[:, 1:-1] < target[:, None]).sum(axis=1)
        place = x[piece] + _crossing(pieces[:, piece, rows], target, np.diff(x)[piece])
        short = first - target
        back = np.divide(short, slope, out=np.full(len(short), np.inf), where=slope > 0)
        place = np.where(short > 0, x[0] - np.minimum(back, step), place)
        beyond[:, i] = (target > rising[:, -1]).astype(np.int64) - ((short > 0) & (back > step))
        log_k[:, i] = place - x[i]
    return log_k, beyond


def _crossing(
    cubic: NDArray[np.float64], target: NDArray[np.float64], width: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return where rising cubics, (4, curves), reach their targets within [0, width], by halving."""
    a, b, c, d = cubic
    short = target - d
    low, half = np.zeros(len(target)), 0.5 * width
    for _ in range(_HALVINGS):
        middle = low + half
        low = np.where(((a * middle + b) * middle + c) * middle < short, middle, low)
        half = 0.5 * half
    bottom, top = (((a * at + b) * at + c) * at for at in (low, low + 2.0 * half))
    rise = top - bottom
    share = np.divide(short - bottom, rise, out=np.ones_like(rise), where=rise > 0.0)
    return np.asarray(low + 2.0 * half * np.clip(share, 0.0, 1.0))
