r"""Levels for looking at the data more than once (O'Brien & Fleming 1979, Biometrics 35:549).

A z statistic at n_1 < … < n_K seeds is a random walk: corr(z_i, z_j) = √(n_i / n_j). The boundary at look k is
``c √(n_K / n_k)``, with c such that a true null ever crosses it with chance α, found here by numerical integration.
For looks at 10, 20, 30: c = 2.004 (Jennison & Turnbull 2000, table 2.3), levels .0005, .0141, .0451. The rounder .0005,
.0138, .0444 that are often quoted belong to c = 2.010 and spend .0493.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError, must

_POINTS = 2_001  # Simpson points over the continuation region: crossing chances to about 1e-9


@functools.lru_cache(maxsize=256)
def look_levels(looks: tuple[int, ...], *, alpha: float = 0.05, family: int = 1) -> tuple[float, ...]:
    """Return the two-sided level at each look.

    Parameters
    ----------
    looks
        Seeds at each look, rising.
    alpha
        Chance that a true null is rejected at any look.
    family
        Number of claims Holm will run over at each look. Holm divides a level by up to `family`, and tests at smaller
        levels cross more independently of each other, so that the sum of their chances counts; the levels are scaled
        down (by at most 16 %) so that the promise holds for every one of the divided levels.

    Examples
    --------
    >>> [round(level, 4) for level in look_levels((10, 20, 30))]
    [0.0005, 0.0141, 0.0451]
    """
    if not looks or list(looks) != sorted(set(looks)) or looks[0] < 1:
        raise UserError(f"`looks` must be rising counts of seeds, got {list(looks)}.")
    if not 0.0 < alpha < 1.0:
        raise must("alpha", "lie between 0 and 1", alpha)
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    shape = np.sqrt(looks[-1] / np.array(looks, dtype=np.float64))
    c = float(brentq(lambda c: crossing_chance(c * shape, looks) - alpha, 0.1, 20.0, xtol=1e-10))
    levels = 2.0 * ndtr(-c * shape)
    if family > 1:

        def excess(scale: float) -> float:
            bounds = -ndtri(levels * scale / family / 2.0)
            return family * crossing_chance(bounds, looks) / alpha - 1.0

        if excess(1.0) > 0:
            levels = levels * float(brentq(excess, 0.5, 1.0, xtol=1e-6))
    return tuple(float(level) for level in levels)


def crossing_chance(bounds: NDArray[np.float64], looks: tuple[int, ...]) -> float:
    """Return the chance that abs(z) exceeds its bound at any look under the null (Armitage, McPherson & Rowe 1969)."""
    from scipy.special import ndtr

    times = np.array(looks, dtype=np.float64) / looks[-1]
    edges = np.asarray(bounds, dtype=np.float64) * np.sqrt(times)  # of the walk S = z √t
    crossed = 2.0 * float(ndtr(-bounds[0]))
    grid = np.linspace(-edges[0], edges[0], _POINTS)
    density = np.exp(-0.5 * grid**2 / times[0]) / math.sqrt(2.0 * math.pi * times[0])
    for k in range(1, len(times)):
        sd = math.sqrt(times[k] - times[k - 1])
        weighted = density * _simpson(grid)
        crossed += float((weighted * (ndtr((-edges[k] - grid) / sd) + ndtr((grid - edges[k]) / sd))).sum())
        if k + 1 < len(times):
            after = np.linspace(-edges[k], edges[k], _POINTS)
            steps = np.exp(-0.5 * ((after[:, None] - grid) / sd) ** 2) / (sd * math.sqrt(2.0 * math.pi))
            grid, density = after, steps @ weighted
    return crossed


def _simpson(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.full(len(grid), 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    return np.asarray(weights * (grid[1] - grid[0]) / 3.0)
