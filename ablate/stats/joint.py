r"""Intervals that hold together: at which level each must be made so that all of them are right at once.

Of m independent intervals at 95 % each, all hold in about ``0.95**m`` of studies: 36 % for twenty. The level that is
asked of each is found by max-T: the largest of m Student ratios of paired differences, with the correlation that the
differences show, has its 1 - α quantile at c, and each interval is made at the level at which Student's t has its own
at c. Two contrasts that share an arm go up and down together, so that c lies below Bonferroni's.

**Small samples.** The ratios are simulated from as many normal rows as there are seeds, so that their spread is
estimated as badly as in the data, and c is Student's where there is one contrast. Correlations estimated from few
seeds reach too far from zero, which makes c too small: they are shrunk towards zero by the share of their size that is
noise (as Schäfer & Strimmer 2005, Stat. Appl. Genet. Mol. Biol. 4:32, with Fisher's variance of a correlation).
Independence has the largest c (Šidák 1967, JASA 62:626), so too much of it errs to the safe side.

**Not sign flips of whole seeds** (Westfall & Young 1993), which would also take the shape of the differences into c:
of lognormal ones (20 seeds, 5 contrasts) c is 2.6 where Student's alone asks for 2.8, so that intervals become
narrower that need to be wider. Here c says only how many intervals there are; how each is made, and what it allows
for, is the business of who makes it (`mean.mean_interval` allows for a loss still unseen).

Share of 400 (5 contrasts: 600) studies in which all ratios lie within c, normal differences with correlation ρ between
contrasts:

| seeds | contrasts | ρ | as estimated | shrunk | Bonferroni | c, shrunk | c, Bonferroni |
|---|---|---|---|---|---|---|---|
| 6 | 20 | 0 | 95 | 95 | 95 | 5.61 | 5.60 |
| 6 | 20 | .5 | 94 | 96 | 96 | 5.45 | 5.60 |
| 6 | 20 | .9 | 96 | 96 | 98 | 4.24 | 5.60 |
| 10 | 20 | .5 | 93 | 94 | 95 | 3.98 | 4.15 |
| 10 | 20 | .9 | 96 | 96 | 98 | 3.28 | 4.15 |
| 10 | 5 | .9 | 95 | 96 | 98 | 2.69 | 3.25 |
| 20 | 5 | .5 | 92 | 93 | 95 | 2.73 | 2.86 |
| 20 | 5 | .9 | 94 | 94 | 98 | 2.38 | 2.86 |
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError, must
from ablate.stats.signflip import is_constant, least_pairs, sign_flip_interval
from ablate.stats.student import t_interval

FEWEST = 4
"""Seeds below which no correlation is estimated: Bonferroni's level is asked for."""

_DRAWS = 4_000
_SEED = 0x70147  # fixed: the same runs always give the same interval
_AT_ONCE = 2_000_000  # numbers drawn at a time


def joint_level(differences: ArrayLike, *, level: float) -> float:
    """Return the level at which each interval must be made so that all of them hold together at `level`.

    Between `level`, where all contrasts are the same, and Bonferroni's 1 - (1 - level) / m.

    Parameters
    ----------
    differences
        float (seeds, contrasts), paired by seed. NaN: the contrast has no value in that seed; correlations are those
        of the seeds in which all have one. A contrast with fewer than two values has no interval that could be wrong:
        it makes no other one wider.

    Raises
    ------
    UserError
        It is not a table of numbers, or the level is not between 0 and 1.

    Examples
    --------
    >>> d = np.random.default_rng(0).normal(size=(20, 1))
    >>> joint_level(np.repeat(d, 3, axis=1), level=0.95), joint_level(d, level=0.95)
    (0.95, 0.95)
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 2 or d.shape[1] == 0 or np.isinf(d).any():
        raise UserError(f"`differences` must be (seeds, contrasts) without infinite values, got shape {d.shape}.")
    if not 0.0 < level < 1.0:
        raise must("level", "lie between 0 and 1", level)
    d = d[:, np.isfinite(d).sum(axis=0) > 1]
    alpha, contrasts = 1.0 - level, int(d.shape[1])
    both = d[np.isfinite(d).all(axis=1)]
    if contrasts < 2:
        return level
    if len(both) < FEWEST:
        return 1.0 - alpha / contrasts
    # What does not vary has an interval without width, which no other makes wider.
    both = np.unique(both[:, [not is_constant(column) for column in both.T]], axis=1)
    if both.shape[1] < 2:
        return level
    each_alpha = _two_sided(_largest_ratio(_correlation(both), len(both), level), len(both) - 1)
    return float(1.0 - min(alpha, max(each_alpha, alpha / contrasts)))


def simultaneous_intervals(differences: ArrayLike, *, level: float) -> NDArray[np.float64]:
    """Return intervals of all mean differences that hold together with chance `level`.

    Each inverts the sign-flip test at `joint_level`; where the pairs are too few for that level it is Student's.

    Parameters
    ----------
    differences
        As for `joint_level`.

    Returns
    -------
    numpy.ndarray
        float64 (contrasts, 2): low, high; NaN for a contrast without a value.
    """
    d = np.asarray(differences, dtype=np.float64)
    joint = joint_level(d, level=level)
    ends = np.full((d.shape[1], 2), np.nan)
    for k, column in enumerate(d.T):
        finite = column[np.isfinite(column)]
        if finite.size:
            exact = len(finite) >= least_pairs(joint) or is_constant(finite)
            ends[k] = sign_flip_interval(finite, level=joint) if exact else t_interval(finite, level=joint)
    return ends


def _correlation(d: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlations between columns, shrunk towards none by the share of their size that is noise.

    The noise of a correlation r is (1 - r²)² / (n - 1), by Fisher's approximation.
    """
    matrix = np.asarray(np.corrcoef(d, rowvar=False), dtype=np.float64)
    off = matrix[~np.eye(len(matrix), dtype=np.bool_)]
    size, noise = float((off**2).sum()), float(((1.0 - off**2) ** 2).sum()) / (len(d) - 1)
    matrix *= 1.0 - min(1.0, noise / size if size > 0.0 else 1.0)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _largest_ratio(correlation: NDArray[np.float64], seeds: int, level: float) -> float:
    """Return the quantile of the largest |t| among contrasts of so many normal seeds."""
    return _ratio_of(np.ascontiguousarray(correlation).tobytes(), len(correlation), seeds, level)


@functools.lru_cache(maxsize=4)
def _ratio_of(correlation: bytes, contrasts: int, seeds: int, level: float) -> float:
    """Return it once for the tables and figures of a report that show the same contrasts: it costs contrasts squared.

    `correlation`: float64 (contrasts, contrasts), in C order.
    """
    values, vectors = np.linalg.eigh(np.frombuffer(correlation, np.float64).reshape(contrasts, contrasts))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    largest = np.empty(_DRAWS)
    start = 0
    for rows in _normal_rows(seeds, contrasts):
        x = rows @ root.T
        ratios = np.abs(x.mean(axis=1)) * math.sqrt(seeds) / x.std(axis=1, ddof=1)
        largest[start : start + len(x)] = ratios.max(axis=1)
        start += len(x)
    return float(np.quantile(largest, level, method="higher"))


def _normal_rows(seeds: int, contrasts: int) -> Iterable[NDArray[np.float64]]:
    """Return normal rows, float64 (draws, seeds, contrasts) at a time, `_DRAWS` together; the same at every call.

    Families of one study have mostly the same shape: draws that fit at a time are kept.
    """
    if _DRAWS * seeds * contrasts <= _AT_ONCE:
        return (_kept_rows(seeds, contrasts),)
    rng, step = np.random.default_rng(_SEED), max(1, _AT_ONCE // (seeds * contrasts))
    counts = (min(step, _DRAWS - start) for start in range(0, _DRAWS, step))
    return (rng.standard_normal((count, seeds, contrasts)) for count in counts)


@functools.lru_cache(maxsize=2)
def _kept_rows(seeds: int, contrasts: int) -> NDArray[np.float64]:
    return np.random.default_rng(_SEED).standard_normal((_DRAWS, seeds, contrasts))


def _two_sided(ratio: float, freedom: int) -> float:
    from scipy.special import stdtr  # not scipy.stats: that import alone takes a second

    return 2.0 * float(stdtr(freedom, -ratio))
