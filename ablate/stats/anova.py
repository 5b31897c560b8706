"""How much of the variance each factor explains: exactly on a full factorial, or by OLS with blocks as a factor."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError

Matrix = NDArray[np.float64]


def factorial_shares(means: ArrayLike, names: Sequence[str]) -> dict[str, float]:
    """Return each effect's share of the variance between the cells of a full factorial; the shares sum to 1.

    The exact functional ANOVA (Hooker 2007): no surrogate, no sampling. Every cell weighs the same.

    Parameters
    ----------
    means
        float (levels of A, levels of B, …): one mean per cell, full.
    names
        Names of the axes.

    Examples
    --------
    >>> shares = factorial_shares([[0.0, 1.0], [2.0, 3.0]], ["a", "b"])
    >>> {name: round(share, 9) for name, share in shares.items()}
    {'a': 0.8, 'b': 0.2, 'a:b': 0.0}
    """
    x = np.asarray(means, dtype=np.float64)
    if x.ndim != len(names) or not np.isfinite(x).all():
        raise UserError(f"`means` must be a full factorial with axes {', '.join(names)}, got shape {x.shape}.")
    total = float(x.var())
    effects: dict[tuple[int, ...], Matrix] = {(): np.asarray(x.mean(keepdims=True))}
    shares = {}
    for size in range(1, x.ndim + 1):
        for axes in itertools.combinations(range(x.ndim), size):
            others = tuple(axis for axis in range(x.ndim) if axis not in axes)
            part = x.mean(axis=others, keepdims=True)
            for smaller, effect in effects.items():
                if set(smaller) < set(axes):
                    part = part - effect
            effects[axes] = np.asarray(part)
            share = float((np.broadcast_to(part, x.shape) ** 2).mean()) / total if total > 0 else 0.0
            shares[":".join(names[axis] for axis in axes)] = share
    return shares


@dataclass(frozen=True)
class Importance:
    """An effect's type II F test and its partial ω², with the interval of a bootstrap of whole blocks."""

    term: str
    df: int
    f: float
    p: float
    omega2: float
    low: float
    high: float


def importances(
    y: ArrayLike,
    factors: Mapping[str, Sequence[object]],
    *,
    rng: np.random.Generator,
    interactions: bool = True,
    resamples: int = 499,
    level: float = 0.95,
) -> list[Importance]:
    """Return type II F tests with blocks as a factor, and partial ω² with block-bootstrap intervals.

    Partial ω² = df (F - 1) / (df (F - 1) + N), less biased than partial η²; negative estimates are kept.

    Parameters
    ----------
    y
        float (blocks, arms), finite, failures filled.
    factors
        Name -> level of every arm.
    interactions
        Include the two-way interactions.

    Notes
    -----
    `statsmodels.stats.anova.anova_lm(typ=2)` is the oracle. A resampled study fits the same design with the blocks
    drawn anew, so the sums of squares follow from cross products with one projection per term, not from a fit each.
    """
    from scipy.special import fdtrc

    values = np.asarray(y, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all() or len(values) < 2:
        raise UserError(f"`y` must be a finite (blocks, arms) array of 2 blocks or more, got shape {values.shape}.")
    blocks, arms = values.shape
    terms = _terms(factors, arms, interactions=interactions)
    whole = np.column_stack(list(terms.values()))
    # Term -> the projection on what it adds, (arms, arms), and its degrees of freedom: the same for every resample.
    added: dict[str, tuple[Matrix, int]] = {}
    for name in terms:
        small, large = _type2(terms, name)
        added[name] = large - small, round(float(np.trace(large - small)))
    rank = int(np.linalg.matrix_rank(np.column_stack((np.ones(arms), whole)))) - 1
    df_error = blocks * arms - rank - blocks
    full = _projector(np.column_stack((np.ones(arms), whole)))

    def omegas(sample: Matrix) -> tuple[dict[str, float], dict[str, float]]:
        mean = sample.mean(axis=0)
        centred = sample - sample.mean(axis=1, keepdims=True)
        # Balanced blocks: the model within blocks is fitted by the mean over blocks.
        between = len(sample) * float(((full @ mean - mean.mean()) ** 2).sum())
        error = float((centred**2).sum()) - between
        f, omega = {}, {}
        for name, (projection, df) in added.items():
            gained = len(sample) * float(((projection @ mean) ** 2).sum())
            f[name] = (gained / df) / (error / df_error) if error > 1e-300 else np.inf
            omega[name] = df * (f[name] - 1) / (df * (f[name] - 1) + sample.size) if np.isfinite(f[name]) else 1.0
        return f, omega

    f, omega = omegas(values)
    drawn = [omegas(values[rng.integers(0, blocks, size=blocks)])[1] for _ in range(resamples)]
    tail = (1.0 - level) / 2.0
    results = []
    for name, (_, df) in added.items():
        low, high = np.quantile([d[name] for d in drawn], [tail, 1.0 - tail])
        p = float(fdtrc(df, df_error, f[name])) if np.isfinite(f[name]) else 0.0
        results.append(Importance(name, df, f[name], p, omega[name], float(low), float(high)))
    return results


def _terms(factors: Mapping[str, Sequence[object]], arms: int, *, interactions: bool) -> dict[str, Matrix]:
    """Return sum-to-zero columns for every factor and two-way interaction, (arms, columns) each."""
    main = {}
    for name, levels in factors.items():
        keys = [repr(level) for level in levels]
        distinct = list(dict.fromkeys(keys))
        if len(keys) != arms or len(distinct) < 2:
            raise UserError(f"factor {name} must give a level to each of the {arms} arms, two different ones at least.")
        index = np.array([distinct.index(key) for key in keys])
        onehot = np.eye(len(distinct))[index]
        main[name] = onehot[:, :-1] - onehot[:, -1:]
    pairs = {
        f"{a}:{b}": (main[a][:, :, None] * main[b][:, None, :]).reshape(arms, -1)
        for a, b in itertools.combinations(main, 2)
        if interactions
    }
    return {**main, **pairs}


def _type2(terms: Mapping[str, Matrix], name: str) -> tuple[Matrix, Matrix]:
    """Return the projections without and with a term, among the terms that do not contain it."""
    factors = set(name.split(":"))
    kept = [matrix for term, matrix in terms.items() if term != name and not factors <= set(term.split(":"))]
    ones = np.ones((len(next(iter(terms.values()))), 1))
    small = np.column_stack([ones, *kept])
    return _projector(small), _projector(np.column_stack((small, terms[name])))


def _projector(columns: Matrix) -> Matrix:
    u, s, _ = np.linalg.svd(columns, full_matrices=False)
    basis = u[:, s > 1e-10 * s[0]]
    return np.asarray(basis @ basis.T)
