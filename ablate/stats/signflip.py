r"""The exact sign-flip test of a mean paired difference, and the interval that inverts it.

Under the null hypothesis the differences lie symmetrically around `null`, so every sign of ``d - null`` is as
likely as the other, and all 2^n sign patterns are equally likely (Fisher 1935, *The Design of Experiments*, §21).

Both the test and its inversion rest on one identity. Flipping the signs of a subset S turns the sum of
``x = d - θ`` into ``sum(x) - 2 sum_S(x)``; for ``θ < mean(d)`` it is at least as large as the observed one exactly
when ``sum_S(x) <= 0``, that is when ``mean_S(d) <= θ`` (or S is empty). Hence

    p(θ) = 2 · #{S : mean_S(d) <= θ, or S empty} / 2^n        for θ < mean(d), mirrored above,

which rises monotonically towards the mean: the shifts that are not rejected form an interval, and its ends are the
K-th smallest and K-th largest subset mean with ``K = floor(α 2^(n-1))`` (Hartigan 1969, JASA 64:1303).
"""

from __future__ import annotations

import functools
import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError, must

Vector: TypeAlias = NDArray[np.float64]

# Pairs. An interval takes 5 ms at 24, every four more pairs would cost four times that (0.2 s at 36), and a study has
# hundreds of claims with several intervals each; random patterns take 7 ms and know p = .05 to ± .0007.
EXACT_UP_TO = 24
LISTED_UP_TO = 16  # pairs whose subset means are simply written down: 65,536 of them
DRAWS = 99_999  # beyond it: random sign patterns, so that p is a multiple of 1/100,000
_DRAW_SEED = 0x5167  # fixed: the same differences always give the same p
# Accuracies are multiples of 1/examples, so exact ties are common, and 0.3 - 0.2 != 0.1 in floating point. Sums
# nearer than this share of the scale count as tied, which can only raise p.
_TIE = 1e-10


def least_pairs(level: float) -> int:
    """Return the fewest pairs with which an exact two-sided sign-flip test can reject at `level`.

    The smallest p of n pairs is 2/2^n, so n >= 1 - log2(1 - level). With fewer, the interval is the whole line.

    >>> least_pairs(0.95), least_pairs(1 - 0.05 / 16)
    (6, 10)
    """
    alpha = _alpha(level)
    return max(1, math.ceil(1.0 - math.log2(alpha) - 1e-12))


def sign_flip_p(differences: ArrayLike, *, null: float = 0.0) -> float:
    """Return the two-sided sign-flip p of "the mean difference is `null`".

    Exact (all 2^n patterns, the observed one included, ties counted against the claim) for up to 24 pairs, by
    meeting in the middle; beyond that from 99,999 seeded random patterns as (1 + hits) / (1 + patterns).

    Parameters
    ----------
    differences
        Paired differences, float (pairs,), finite, at least one.
    null
        The hypothesised mean difference, in the same unit.

    Examples
    --------
    >>> sign_flip_p([1, 2, 3, 4, 5, 6])  # only the observed pattern and its mirror are as extreme: 2/64
    0.03125
    >>> sign_flip_p([1.0, -1.0])
    1.0
    """
    d = as_differences(differences)
    x = d - null
    tolerance = _TIE * len(x) * max(float(np.abs(d).max()), abs(null))
    total = float(x.sum())
    if abs(total) <= tolerance:
        return 1.0
    x = x if total > 0 else -x
    if len(x) > EXACT_UP_TO:
        hits = int(np.count_nonzero(np.minimum(*_drawn_sums(x)) <= tolerance))
        return (1 + hits) / (1 + DRAWS)
    return min(1.0, 2.0 * _count_subsets(x, at_most=tolerance) / 2.0 ** len(x))


def sign_flip_interval(differences: ArrayLike, *, level: float) -> tuple[float, float]:
    """Return all mean differences the two-sided sign-flip test does not reject at ``1 - level``, as (low, high).

    Its ends are not rejected themselves: everything strictly outside is. With fewer than `least_pairs(level)` pairs
    nothing can be rejected, and the interval is (-inf, inf).

    Parameters
    ----------
    differences
        Paired differences, float (pairs,), finite, at least one.
    level
        Confidence level, in (0, 1).

    Examples
    --------
    >>> low, high = sign_flip_interval([1, 2, 3, 4, 5, 6], level=0.95)  # K = floor(.05 · 32) = 1: smallest, largest
    >>> round(low, 9), round(high, 9)
    (1.0, 6.0)
    >>> sign_flip_interval([1, 2, 3, 4, 5], level=0.95)
    (-inf, inf)
    """
    d = as_differences(differences)
    alpha, n = _alpha(level), len(d)
    if n < least_pairs(level):
        return -math.inf, math.inf
    if is_constant(d):
        return float(d.mean()), float(d.mean())
    if n > EXACT_UP_TO:
        return _drawn_interval(d, alpha)
    rank = math.floor(alpha * 2.0 ** (n - 1) * (1 + 1e-12))
    return _ranked_subset_mean(d, rank), -_ranked_subset_mean(-d, rank)


def as_differences(differences: ArrayLike) -> Vector:
    """Return the differences as a float64 vector, sorted by size so that the order of the seeds cannot matter."""
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or d.size == 0:
        raise UserError(f"`differences` must be a vector of at least one number, got an array of shape {d.shape}.")
    if not np.isfinite(d).all():
        raise UserError(f"`differences` must be finite, got {np.count_nonzero(~np.isfinite(d))} that are not.")
    return np.asarray(d[np.lexsort((d, np.abs(d)))])


def draws_of(differences: Vector) -> int:
    """Return how many random patterns the test and its interval rest on; 0 where they are exact."""
    return DRAWS if len(differences) > EXACT_UP_TO else 0


def is_constant(d: Vector) -> bool:
    """Tell whether all differences are the same number, up to rounding."""
    return bool(np.ptp(d) <= 1e-12 * np.abs(d).max())


def _alpha(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise must("level", "lie between 0 and 1", level)
    return 1.0 - level


def _subset_sums(x: Vector) -> Vector:
    """Return the sums of all 2^len(x) subsets, the empty one included, sorted."""
    sums = np.empty(1 << len(x))
    sums[0] = 0.0
    for k, value in enumerate(x.tolist()):
        np.add(sums[: 1 << k], value, out=sums[1 << k : 2 << k])
    sums.sort()
    return sums


def _count_subsets(x: Vector, *, at_most: float) -> int:
    """Count the subsets of x, the empty one included, whose sum is at most a bound: O(n 2^(n/2)), not O(2^n)."""
    half = len(x) // 2
    left, right = _subset_sums(x[:half]), _subset_sums(x[half:])
    # Both sides sorted: the searches walk through memory in order, which is several times faster.
    return int(np.searchsorted(right, at_most - left[::-1], side="right").sum())


def _ranked_subset_mean(d: Vector, rank: int) -> float:
    """Return the rank-th smallest mean over the non-empty subsets of d, to 1e-10 of the largest |d|.

    Up to 16 pairs all means are written down. Beyond, it is the root of the (monotone) count of means up to θ: on the
    normal-quantile scale that count is nearly a straight line in θ, so Brent's method from a normal approximation
    takes some 15 counts.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    n = len(d)
    if n <= LISTED_UP_TO:
        return float(np.partition(subset_means(d), rank - 1)[rank - 1])
    patterns, mean = 2.0**n, float(d.mean())
    goal = float(ndtri(rank / patterns))

    @functools.cache  # the ends of the bracket are asked for again
    def beyond(theta: float) -> float:
        others = _count_subsets(d - theta, at_most=0.0) - 1  # without the empty subset
        return float(ndtri(min(others + 0.5, patterns - 0.5) / patterns)) - goal

    # Σ_S(d - θ) has mean n(mean - θ)/2 and variance Σ(d - θ)²/4 over random S: solve its z-score for θ.
    below = -goal * math.sqrt(float(((d - mean) ** 2).sum()) / max(n * n - n * goal * goal, 0.1 * n))
    low, high = mean - 1.1 * below, mean - 0.9 * below
    while beyond(low) >= 0:
        low -= below
    while beyond(high) < 0 and high < mean:
        high = min(mean, high + 0.2 * below)
    if beyond(high) < 0:  # only by rounding, at a level near 0
        return mean
    return float(brentq(beyond, low, high, xtol=1e-10 * float(np.abs(d).max()), rtol=1e-14, maxiter=200))


def subset_means(d: Vector) -> Vector:
    """Return the means of all 2^n - 1 non-empty subsets."""
    sums, sizes = np.zeros(1), np.zeros(1)
    for value in d:
        sums = np.concatenate((sums, sums + value))
        sizes = np.concatenate((sizes, sizes + 1.0))
    return np.asarray(sums[1:] / sizes[1:])


@functools.lru_cache(maxsize=4)
def _drawn_bytes(pairs: int) -> NDArray[np.uint8]:
    """Return the fixed random sign patterns, eight pairs to a byte, uint8 (bytes, patterns); a 1 flips the sign."""
    rng = np.random.Generator(np.random.PCG64(_DRAW_SEED))
    drawn = rng.integers(0, 256, size=(-(-pairs // 8), DRAWS), dtype=np.uint8)
    drawn[-1] &= 0xFF >> (-pairs % 8)
    return drawn


def _drawn_subset_sums(x: Vector) -> Vector:
    """Return the sum over the flipped pairs of every random pattern, float64 (patterns,).

    By tables of the 256 sums of eight pairs: 30 times faster than a product with the patterns written out.
    """
    padded = np.zeros(-(-len(x) // 8) * 8)
    padded[: len(x)] = x
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(np.float64)
    tables = padded.reshape(-1, 8) @ bits.T
    sums = np.zeros(DRAWS)
    for table, index in zip(tables, _drawn_bytes(len(x)), strict=True):
        sums += table[index]
    return sums


def _drawn_sums(x: Vector) -> tuple[Vector, Vector]:
    """Return for each random pattern the sum over its subset and over the rest, float64 (patterns,)."""
    inside = _drawn_subset_sums(x)
    return inside, float(x.sum()) - inside


def _drawn_interval(d: Vector, alpha: float) -> tuple[float, float]:
    """Invert the test over the same random patterns `sign_flip_p` uses, so that interval and p agree."""
    sizes = _drawn_subset_sums(np.ones(len(d)))
    inside, outside = _drawn_sums(d)
    used = (sizes > 0) & (sizes < len(d))  # the identity and its mirror are hits at every shift
    means = np.stack((inside[used] / sizes[used], outside[used] / (len(d) - sizes[used])))
    rank = math.floor(alpha * (1 + DRAWS) * (1 + 1e-12)) - int(np.count_nonzero(~used))
    if rank < 1:
        return -math.inf, math.inf
    low = np.partition(means.min(axis=0), rank - 1)[rank - 1]
    high = np.partition(means.max(axis=0), len(means[0]) - rank)[len(means[0]) - rank]
    return float(low), float(high)
