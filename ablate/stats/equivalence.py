"""Two one-sided tests: that an effect is too small to matter (Schuirmann 1987)."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from ablate.errors import must
from ablate.stats.mean import mean_p
from ablate.stats.signflip import as_differences
from ablate.stats.student import standard_deviation


def tost_p(differences: ArrayLike, *, within: float) -> float:
    """Return the p of "the mean difference lies at or beyond ±δ": the larger of two one-sided p-values.

    By the engine's own test; at most α exactly where the interval at level 1 - 2α lies within ±δ. It knows one answer
    only. A claim of equivalence, which can be refuted too, asks for the interval at 1 - α on either side.

    >>> tost_p([0.1, -0.1, 0.05, -0.05, 0.0, 0.02], within=1.0)
    0.015625
    """
    d = as_differences(differences)
    if not 0.0 < within < math.inf:
        raise must("within", "be > 0", within)
    if abs(float(d.mean())) >= within:
        return 1.0
    return max(mean_p(d, null=-within), mean_p(d, null=within)) / 2.0


def tost_t_p(differences: ArrayLike, *, within: float) -> float:
    """Return the same by Student's t; `statsmodels.stats.weightstats.ttost_paired` is its oracle."""
    from scipy.special import stdtr

    d = as_differences(differences)
    error, mean = standard_deviation(d) / math.sqrt(len(d)), float(d.mean())
    if not error > 0:
        return 0.0 if abs(mean) < within else 1.0
    low, high = (mean + within) / error, (mean - within) / error
    return float(max(1.0 - stdtr(len(d) - 1, low), stdtr(len(d) - 1, high)))
