"""The share of runs that have reached the target by a step: an ECDF with censoring, nothing dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Reaching:
    """A step function: `share` from each of `steps` on, with pointwise 95 % bounds."""

    steps: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def reaching(steps: ArrayLike, reached: ArrayLike, *, level: float = 0.95) -> Reaching:
    """Return the ECDF of reaching (Kaplan & Meier 1958), by `scipy.stats.ecdf`.

    A run that failed counts as never reaching: it is censored at the whole budget, not where it broke off, so that
    failures cannot look like early ends of the observation.

    Parameters
    ----------
    steps
        float (runs,): steps to the target, or the budget where it was not reached.
    reached
        bool (runs,).

    Examples
    --------
    >>> reaching([10, 20, 50, 50], [True, True, False, False]).share.tolist()
    [0.25, 0.5]
    """
    from scipy.stats import CensoredData, ecdf

    t, hit = np.asarray(steps, dtype=np.float64), np.asarray(reached, dtype=np.bool_)
    if not hit.any():
        nothing = np.empty(0)
        return Reaching(nothing, nothing, nothing, nothing)
    found = ecdf(CensoredData(uncensored=t[hit], right=t[~hit])).cdf
    bounds: Any = found.confidence_interval(level, method="log-log")
    times = np.asarray(found.quantiles)
    keep = np.isin(times, t[hit])
    fill = np.where(np.asarray(found.probabilities)[keep] >= 1.0, 1.0, 0.0)
    low, high = (np.asarray(end.probabilities)[keep] for end in (bounds.low, bounds.high))
    return Reaching(
        times[keep],
        np.asarray(found.probabilities)[keep],
        np.where(np.isfinite(low), low, fill * 0.0),
        np.where(np.isfinite(high), high, 1.0),
    )
