r"""The bets that e-processes are made of (see `anytime` for what they are): on signs, and on scores in [0, 1].

**Symmetric differences.** Under "the differences d_i lie symmetrically about θ", the signs of x_i = d_i - θ are fair
coins whatever the sizes |x_i| are (Fisher 1935, §21; as e-process: de la Peña 1999; Howard, Ramdas, McAuliffe & Sekhon
2021, Annals of Statistics 49:1055, lemma 3; Ramdas, Ruf, Larsson & Koolen 2022). So the sizes of a whole batch of
pairs may be looked at before its signs are bet on. With s the root mean square of all x up to the end of the batch,

    W ← W (1 + sign(x_i) · b_i),     b_i = Σ_c w_c tanh(c |x_i| / s) as updated by the bets before,

which has expectation W. (1 + sign(x) tanh(c|x|) is the likelihood ratio of N(cs, s²) given |x|.) One pair multiplies
the wealth by less than 2: n pairs can never show more than 2^n. For "symmetric about some θ' <= θ, with one peak", a
positive sign is at most as likely as a negative one, so that W is a supermartingale there too. Where a bet could carry
wealth beyond `target`, it is made smaller so that it just reaches it: what lies beyond is of no use (Fischer & Ramdas
2024, arXiv:2410.16076), and a smaller bet loses less.

**Differences with a tail.** Sign bets believe in symmetry. Where the sample has a tail on the side that speaks against
what is to be shown (skewness beyond 0.35), wealth is pulled down, and from 0.6 on held down, to what bets on the size
itself would have won with one value still unseen (Waudby-Smith & Ramdas 2024, JRSS B 86:1, as if the differences could
not fall lower than B below θ):

    W' = mean over λ in (0, 1) of (1 - λ) Π (1 + λ x_i / B),     B = 4 · |skewness| · sd beyond the lowest x_i.

If B were known beforehand, W' without its first factor would be an e-process for any distribution. It is estimated, so
this guard has no proof: how often it errs on lognormal differences stands in docs/calibration. It can only lower W.

**Shares and scores in [0, 1].** Against "the mean is r": W = Σ_λ w_λ Π (1 + λ (y_i - r)), λ from 0 to 1/r; half of the
weight on the largest λ, which is the bet that every run is a success (Waudby-Smith & Ramdas 2024). No assumption but
the bounds; for 0/1 outcomes it is a mixture of binomial likelihood ratios.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

# Bets for effects of 0.3 and of 1 standard deviation. Most of the weight is on 1: with at most some 40 pairs, smaller
# effects are not decided by any test; the rest is there so that large studies decide them too.
SIZES = np.array([0.3, 1.0])
WEIGHTS = np.array([0.15, 0.85])
_TIE = 1e-9  # of the root mean square: a difference that equals θ up to rounding has no sign
_SKEW = (0.35, 0.6)  # skewness from which the guard counts, and from which it counts fully
_REACH = 4.0  # of |skewness| times sd: set on simulated lognormal data, other than the calibration's
_LAMBDAS = (np.arange(16) + 0.5) / 16.0
_MOST = 700.0  # of the logarithm of a wealth


def sign_wealth(x: ArrayLike, ends: Sequence[int], *, target: float = math.inf) -> Vector:
    """Return the wealth of bets that ``x`` lies above 0, at the end of each batch, without the guard against tails.

    Parameters
    ----------
    x
        Differences minus θ in the order of the seeds, float (..., pairs).
    ends
        Number of pairs at the end of each batch, rising; repeated where a batch has no pair.
    target
        The wealth beyond which more is of no use.

    Returns
    -------
    Vector
        float (..., batches).

    Examples
    --------
    >>> sign_wealth([1.0] * 10, [5, 10]).round(1).tolist()
    [15.0, 246.5]
    """
    values = np.asarray(x, dtype=np.float64)
    count = np.arange(1, values.shape[-1] + 1)
    mean_square = np.cumsum(values**2, axis=-1) / count
    stops = np.asarray(ends, dtype=np.int64)
    batch_end = stops[np.searchsorted(stops, count[: stops[-1] if len(stops) else 0], side="left")] - 1
    scale = np.sqrt(mean_square[..., batch_end])
    used = values[..., : len(batch_end)]
    y = np.divide(used, scale, out=np.zeros_like(used), where=scale > 0)
    y = np.where(np.abs(y) <= _TIE, 0.0, y)
    wealth = np.ones(values.shape[:-1])
    parts = np.broadcast_to(WEIGHTS, (*wealth.shape, len(WEIGHTS))).copy()
    path = np.empty((*wealth.shape, len(batch_end) + 1))
    path[..., 0] = wealth
    for i in range(len(batch_end)):
        sizes = np.tanh(SIZES * np.abs(y[..., i, None]))
        bet = (parts * sizes).sum(axis=-1) / parts.sum(axis=-1)
        bet = np.where(wealth < target, np.minimum(bet, target / wealth - 1.0), bet)
        sign = np.sign(y[..., i])
        wealth = wealth * (1.0 + sign * bet)
        parts = parts * (1.0 + sign[..., None] * sizes)
        parts /= parts.sum(axis=-1, keepdims=True)  # only their shares count; a product would underflow
        path[..., i + 1] = wealth
    return np.asarray(path[..., stops])


def mean_wealth(
    differences: ArrayLike, ends: Sequence[int], *, null: ArrayLike = 0.0, target: float = math.inf
) -> Vector:
    """Return the largest wealth so far of bets that the mean lies above `null`, guarded against tails, per batch.

    Mirror the differences and the null to bet on the other side.

    Parameters
    ----------
    differences
        In the order of the seeds, float (..., pairs).
    ends, target
        See `sign_wealth`.
    null
        Broadcasts against all but the last axis of the differences.

    Returns
    -------
    Vector
        float (..., batches), rising.
    """
    d = np.asarray(differences, dtype=np.float64)
    x = d - np.asarray(null, dtype=np.float64)[..., None]
    wealth = sign_wealth(x, ends, target=target)
    for k, end in enumerate(ends):
        if end < 3:
            continue
        skewness, sd = _shape(d[..., :end])
        pull = np.clip((-skewness - _SKEW[0]) / (_SKEW[1] - _SKEW[0]), 0.0, 1.0)
        guarded = np.broadcast_to(pull > 0, wealth.shape[:-1]) & (wealth[..., k] > 1.0)
        if guarded.any():
            reach = np.broadcast_to(_REACH * np.abs(skewness) * sd, guarded.shape)[guarded]
            guard = _unseen(np.broadcast_to(x, (*guarded.shape, x.shape[-1]))[guarded][..., :end], reach)
            high = np.log(wealth[..., k][guarded])
            share = np.broadcast_to(pull, guarded.shape)[guarded]
            wealth[..., k][guarded] = np.exp(high - share * np.maximum(high - np.minimum(guard, _MOST), 0.0))
    return np.asarray(np.maximum.accumulate(wealth, axis=-1))


def _shape(d: Vector) -> tuple[Vector, Vector]:
    """Return skewness and standard deviation, n in the denominator; skewness 0 where nothing varies."""
    centred = d - d.mean(axis=-1, keepdims=True)
    largest = np.abs(centred).max(axis=-1, keepdims=True)
    flat = largest <= 1e-12 * np.abs(d).max(axis=-1, keepdims=True)
    scaled = np.divide(centred, largest, out=np.zeros_like(centred), where=~flat)
    sd = np.sqrt((scaled**2).mean(axis=-1))
    third = (scaled**3).mean(axis=-1)
    skewness = np.divide(third, sd**3, out=np.zeros_like(sd), where=sd > 0)
    return np.asarray(skewness), np.asarray(sd * largest[..., 0])


def _unseen(x: Vector, reach: Vector) -> Vector:
    """Return the logarithm of W' of the guard, float (rows,); `reach` is how far beyond the lowest x one may lie."""
    below = np.maximum(reach - x.min(axis=-1), 1e-9 * np.abs(x).max(axis=-1))
    gains = np.log1p(_LAMBDAS[:, None] * (x / below[:, None])[:, None, :]).sum(axis=-1) + np.log1p(-_LAMBDAS)
    top = gains.max(axis=-1, keepdims=True)
    return np.asarray(top[:, 0] + np.log(np.exp(gains - top).mean(axis=-1)))


def share_wealth(scores: ArrayLike, ends: Sequence[int], *, null: ArrayLike) -> Vector:
    """Return the largest wealth so far of bets that the mean of scores in [0, 1] lies above `null`, per batch.

    Parameters
    ----------
    scores
        1 for a success, 0 for a failure, or anything between; in the order of the seeds, float (..., runs).
    ends
        Number of runs at the end of each batch, rising.
    null
        In (0, 1); broadcasts against all but the last axis of the scores.

    Returns
    -------
    Vector
        float (..., batches), rising.

    Examples
    --------
    >>> share_wealth([1.0] * 20, [20], null=0.8).round(1).tolist()
    [53.6]
    """
    y = np.asarray(scores, dtype=np.float64)
    r = np.asarray(null, dtype=np.float64)[..., None]
    logs = [np.log1p(lam / r * (y - r)) for lam in _LAMBDAS]
    with np.errstate(divide="ignore"):
        logs.append(np.log(np.maximum(y / r, 0.0)))  # λ = 1/r: all is lost at the first score of 0
    weights = np.append(np.full(len(_LAMBDAS), 0.5 / len(_LAMBDAS)), 0.5)
    total = np.cumsum(np.stack(logs), axis=-1)
    start = np.zeros((*total.shape[:-1], 1))
    at = np.concatenate((start, total), axis=-1)[..., np.asarray(ends, dtype=np.int64)]
    wealth = np.tensordot(weights, np.exp(np.minimum(at, _MOST)), axes=(0, 0))
    return np.asarray(np.maximum.accumulate(wealth, axis=-1))
