"""How many pairs would decide a claim."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.paired import standard_deviation
from ablate.stats.signflip import as_differences, least_pairs

POWER = 0.8
MOST_PAIRS = 1000  # an estimate beyond it says nothing but "too close to δ"


def pairs_to_decide(differences: ArrayLike, delta: float, *, alpha: float) -> float:
    """Estimate how many pairs in all would exclude δ with 80 % power, if mean and sd are what they look like.

    The smallest n with (t(1 - α/2) + t(.8)) · sd / √n <= |mean - δ|, quantiles at n - 1 degrees of freedom; more than
    are there, and at least as many as the sign-flip test needs at α.

    Parameters
    ----------
    differences
        Float (pairs,), finite, at least one.
    delta
        The value to exclude, in the same unit.
    alpha
        Two-sided level of the test.

    Returns
    -------
    float
        A whole number; inf where the mean is δ or more than 1,000 pairs would be needed; NaN for a single pair, which
        says nothing of the spread.

    Examples
    --------
    >>> pairs_to_decide([0.0, 2.0, 1.0, 3.0, -1.0, 1.0], 0.0, alpha=0.05)
    18.0
    """
    from scipy.special import stdtrit

    d = as_differences(differences)
    if len(d) < 2:
        return math.nan
    gap, sd = abs(float(d.mean()) - delta), standard_deviation(d)
    if estimated_at(differences, delta):
        return math.inf
    n = np.arange(max(least_pairs(1.0 - alpha), len(d) + 1), MOST_PAIRS + 1)
    enough = (stdtrit(n - 1, 1.0 - alpha / 2) + stdtrit(n - 1, POWER)) * sd / np.sqrt(n) <= gap
    return float(n[enough][0]) if enough.any() else math.inf


def estimated_at(differences: ArrayLike, delta: float) -> bool:
    """Tell whether the mean difference is δ, up to rounding."""
    d = as_differences(differences)
    return abs(float(d.mean()) - delta) <= 1e-9 * max(float(np.abs(d).max()), abs(delta))


def more_pairs_text(differences: ArrayLike, delta: float, *, alpha: float) -> str:
    """Say in a sentence how many more pairs would decide an open claim."""
    if estimated_at(differences, delta):
        return "No number of pairs would decide it: the effect is estimated at δ."
    total = pairs_to_decide(differences, delta, alpha=alpha)
    if not math.isfinite(total):
        return f"More than {MOST_PAIRS:,} pairs would be needed: the effect is estimated too close to δ."
    more = int(total) - len(as_differences(differences))
    pairs = "pair" if more == 1 else "pairs"
    return f"About {more} more {pairs} ({int(total)} in all) would decide it at 80 % power, if the effect is as seen."
