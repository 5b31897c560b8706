"""Holm's step-down correction over the claims of a study, and the level each claim's interval is drawn at."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError, must

ROUNDING = 1e-12  # α is decimal, p is not: 5 · 0.01 and 1 - 0.95 must count as 0.05


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return Holm-adjusted p-values, in the order given (Holm 1979, Scand. J. Statist. 6:65).

    Controls the chance of even one false rejection in the family, whatever the dependence between the tests.

    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.06, 0.06]
    """
    raw = _family(p)
    if raw.size == 0:
        return raw
    # Not statsmodels' multipletests, the oracle in the tests: it collects garbage at every call, up to 80 ms.
    order = np.argsort(raw, kind="stable")
    steps = np.maximum.accumulate((len(raw) - np.arange(len(raw))) * raw[order])
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def holm_levels(p: ArrayLike, *, alpha: float = 0.05) -> NDArray[np.float64]:
    """Return for each p the level it was compared with, so that ``p <= level`` exactly where Holm rejects.

    The j-th smallest of m p-values is compared with α / (m - j + 1), but only until the first one fails: from there
    on nothing is rejected, so every later p shares the level at which the procedure stopped. (With its own, milder
    level a later claim could show an interval that excludes δ although Holm does not reject.) Equal p-values share
    the strictest of their levels. An interval at confidence 1 - level then excludes the hypothesised value exactly
    where the adjusted p is at most α.

    Each interval covers at least at its own level; that all intervals of a study cover *together* is promised by the
    strictest of them, α / m (Bonferroni), and not by the rest.

    >>> holm_levels([0.01, 0.04, 0.03]).round(6).tolist()
    [0.016667, 0.025, 0.025]
    """
    raw = _family(p)
    if not 0.0 < alpha < 1.0:
        raise must("alpha", "lie between 0 and 1", alpha)
    ordered = np.sort(raw)
    rank = np.searchsorted(ordered, raw, side="left")  # 0-based; ties share the first rank
    steps = alpha / (len(raw) - np.searchsorted(ordered, ordered, side="left"))
    failing = np.flatnonzero(ordered > steps * (1 + ROUNDING))
    if failing.size:
        rank = np.minimum(rank, failing[0])
    return np.asarray(alpha / (len(raw) - rank), dtype=np.float64)


def _family(p: ArrayLike) -> NDArray[np.float64]:
    raw = np.asarray(p, dtype=np.float64)
    if raw.ndim != 1 or not ((raw >= 0) & (raw <= 1)).all():
        raise UserError(f"`p` must be a vector of probabilities, got {raw!r}.")
    return raw
