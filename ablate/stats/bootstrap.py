"""Resampling of whole blocks: bootstrap-t for a mean, simultaneous max-T intervals, seeds x items.

The percentile and BCa bootstrap are left out on purpose: at these sizes their 95 % intervals hold the mean 84 to 93 %
of the time. Every function says what it resamples and takes its generator.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError
from ablate.stats.signflip import is_constant

RESAMPLES = 1_999


def bootstrap_t(
    values: ArrayLike, *, level: float, rng: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return the bootstrap-t interval of a mean (Efron 1982): resamples values, studentises each resample.

    For leaning data. Resamples without spread have no t; they count as infinitely far out, on their side.

    Examples
    --------
    >>> low, high = bootstrap_t([1.0, 2.0, 3.0, 4.0, 9.0, 4.0, 3.0, 2.0], level=0.9, rng=np.random.default_rng(0))
    >>> low < 3.5 < high
    True
    """
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        return -math.inf, math.inf
    mean, sd = float(x.mean()), float(x.std(ddof=1))
    if is_constant(x):
        return mean, mean
    drawn = x[rng.integers(0, len(x), size=(resamples, len(x)))]
    gap, spread = drawn.mean(axis=1) - mean, drawn.std(axis=1, ddof=1)
    flat = spread <= 1e-9 * sd
    far = np.where(gap == 0.0, 0.0, np.copysign(np.inf, gap))
    t = np.where(flat, far, gap / np.where(flat, 1.0, spread))
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(t, [tail, 1.0 - tail], method="closest_observation")
    return mean - float(high) * sd, mean - float(low) * sd


def simultaneous_intervals(
    differences: ArrayLike, *, level: float, rng: np.random.Generator, resamples: int = 9_999
) -> NDArray[np.float64]:
    """Return max-T intervals: they hold all means at once with chance `level`, tighter than Bonferroni.

    Flips the sign of whole blocks about the column means (Westfall & Young 1993), so that the dependence between the
    columns is kept, and takes the quantile of the largest absolute t.

    Parameters
    ----------
    differences
        float (blocks, contrasts), finite.

    Returns
    -------
    numpy.ndarray
        float64 (contrasts, 2): low, high.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 2 or len(d) < 2 or not np.isfinite(d).all():
        raise UserError(f"`differences` must be a finite (blocks, contrasts) array of 2 blocks or more, got {d.shape}.")
    n, mean = len(d), d.mean(axis=0)
    centred = d - mean
    square = (centred**2).sum(axis=0)
    flips = 1.0 - 2.0 * rng.integers(0, 2, size=(resamples, n)).astype(np.float64)
    means = flips @ centred / n
    spread = np.sqrt(np.maximum(square - n * means**2, 0.0) / (n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(spread > 0, np.abs(means) * math.sqrt(n) / spread, np.where(means == 0.0, 0.0, np.inf))
    critical = float(np.quantile(t.max(axis=1), level, method="higher"))
    half = critical * np.sqrt(square / (n - 1) / n)
    return np.column_stack((mean - half, mean + half))


def pigeonhole_interval(
    scores: ArrayLike, *, level: float, rng: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return an interval for the mean over other seeds *and* other test items (Owen 2007, Ann. Appl. Stat. 1:386).

    Resamples seeds and items independently, each whole; slightly conservative. Speaks of a population of items, which
    intervals over seeds alone do not.

    Parameters
    ----------
    scores
        float (seeds, items): say, per-example correctness of an arm minus that of the other.
    """
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != 2 or x.size == 0:
        raise UserError(f"`scores` must be (seeds, items), got {x.shape}.")
    seeds, items = x.shape
    rows = rng.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=resamples) / seeds
    columns = rng.multinomial(items, np.full(items, 1.0 / items), size=resamples) / items
    means = np.einsum("ri,ri->r", rows @ x, columns)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)
