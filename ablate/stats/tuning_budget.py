"""What the best of k tuning trials would have been: the tuning-budget curve (Dodge et al. 2019, EMNLP)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError


def expected_best(scores: ArrayLike, *, higher_is_better: bool = True) -> NDArray[np.float64]:
    """Return the expected best of k trials, k = 1 … B/2, float (B // 2,).

    Exact: the mean of the best over all subsets of k of the B trials, drawn without replacement. Beyond B/2 the curve
    rests on a handful of trials and flattens whatever the truth is, so it is not given.

    Parameters
    ----------
    scores
        float (trials,), failures filled beforehand; in the order of the trials or any other.

    Examples
    --------
    >>> expected_best([0.1, 0.2, 0.3, 0.4]).round(4).tolist()
    [0.25, 0.3333]
    """
    s = np.asarray(scores, dtype=np.float64)
    if s.ndim != 1 or not s.size or not np.isfinite(s).all():
        raise UserError(f"`scores` must be a finite vector of trials, got {s!r}.")
    from scipy.special import gammaln

    ordered = np.sort(s if higher_is_better else -s)
    size = len(s)
    rank = np.arange(1, size + 1, dtype=np.float64)
    best = []
    for k in range(1, max(1, size // 2) + 1):
        # P(the largest of k is the i-th smallest) = C(i-1, k-1) / C(B, k)
        with np.errstate(all="ignore"):
            log_ways = gammaln(rank) - gammaln(k) - gammaln(np.maximum(rank - k + 1, 1.0))
        log_all = gammaln(size + 1) - gammaln(k + 1) - gammaln(size - k + 1)
        chance = np.where(rank >= k, np.exp(log_ways - log_all), 0.0)
        best.append(float(chance @ ordered))
    curve = np.array(best)
    return curve if higher_is_better else -curve
