"""Standard normal numbers, fast: adding noise must not cost more than training on it."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

_BITS = 12
_LEVELS = 1 << _BITS


@functools.cache
def _quantiles() -> NDArray[np.float32]:
    """Return the normal distribution's quantiles at the middles of 4,096 equal parts of (0, 1)."""
    from scipy.special import ndtri

    table: NDArray[np.float32] = ndtri((np.arange(_LEVELS) + 0.5) / _LEVELS).astype(np.float32)
    return table


def normals(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw from the standard normal distribution, in 4,096 equally likely values.

    12 random bits look up a quantile in a table that the first-level cache holds: an eighth of the time of
    ``rng.standard_normal``. Variance 0.9996, largest value 3.67 (beyond it lie 24 of 100,000 normal numbers): right
    for noise on pixels, wrong for questions about tails.

    >>> normals(np.random.default_rng(0), (2, 3)).shape
    (2, 3)
    """
    count = math.prod(shape)
    bits = np.asarray(rng.bit_generator.random_raw((count + 3) // 4), dtype="<u8").view("<u2")[:count]
    bits >>= 16 - _BITS
    drawn: NDArray[np.float32] = _quantiles().take(bits, mode="wrap")
    return drawn.reshape(shape)
