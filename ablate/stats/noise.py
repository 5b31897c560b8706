"""The noise floor: what differences identical arms show, and what that spread allows to be found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError
from ablate.stats.power import detectable_d, pairs_that_find
from ablate.stats.signflip import as_differences
from ablate.stats.student import standard_deviation, t_interval


@dataclass(frozen=True)
class NoiseFloor:
    """What A/A differences say.

    Attributes
    ----------
    pairs, mean, sd
        Of the differences; `mean` should be 0, and `mean_low`, `mean_high` hold 0 in 95 % of A/A runs.
    sd_low, sd_high
        95 % interval of the standard deviation (chi-square).
    level
        The level Holm may leave a claim: α over the number of claims.
    detectable
        Smallest effect found with 80 % power by `seeds` seeds at that level.
    seeds
        Seeds `detectable` is for.
    """

    pairs: int
    mean: float
    mean_low: float
    mean_high: float
    sd: float
    sd_low: float
    sd_high: float
    level: float
    detectable: float
    seeds: int


def noise_floor(differences: ArrayLike, *, seeds: int, claims: int = 1, alpha: float = 0.05) -> NoiseFloor:
    """Return the noise floor from paired differences of identical arms under independent streams.

    Parameters
    ----------
    differences
        Float (pairs,), in the metric's unit, at least three.
    seeds
        Seeds the study is planned with.
    claims
        Claims in the study, which share α.
    """
    from scipy.special import chdtri

    d = as_differences(differences)
    if len(d) < 3:
        raise UserError(f"a noise floor needs at least three pairs of identical arms, got {len(d)}.")
    sd, df, level = standard_deviation(d), len(d) - 1, alpha / claims
    low, high = t_interval(d)
    return NoiseFloor(
        pairs=len(d),
        mean=float(d.mean()),
        mean_low=low,
        mean_high=high,
        sd=sd,
        sd_low=sd * math.sqrt(df / float(chdtri(df, 0.025))),
        sd_high=sd * math.sqrt(df / float(chdtri(df, 0.975))),
        level=level,
        detectable=detectable_d(seeds, alpha=level) * sd,
        seeds=seeds,
    )


def aa_differences(values: ArrayLike) -> NDArray[np.float64]:
    """Pair the columns of identical arms, float (seeds, copies): each column minus the next, (pairs,)."""
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 2:
        raise UserError(f"identical arms must be (seeds, copies) with two copies or more, got {x.shape}.")
    even = x.shape[1] // 2 * 2
    return np.asarray((x[:, 0:even:2] - x[:, 1:even:2]).ravel())


def blocks_needed(effect: float, sd: float, *, alpha: float = 0.05, both: bool = False) -> float:
    """Return the fewest blocks (seeds) that find an effect with 80 % power by the verdict's test; inf beyond 1,000.

    The gap that matters is from the truth to δ: to show an effect of 2δ to be above δ, `effect` is δ. To show one of 0
    to be within ±δ, δ lies on `both` sides.

    >>> [blocks_needed(d, 1.0) for d in (0.7, 1.0, 1.5, 2.0)]
    [21.0, 12.0, 7.0, 6.0]
    """
    if not effect > 0:
        return math.inf
    d_z = effect / sd if sd > 0 else math.inf
    return pairs_that_find(d_z, other=d_z if both else math.inf, alpha=alpha)


def blocks_table(
    effects: Sequence[float] = (0.5, 0.7, 1.0, 1.5, 2.0), claims: Sequence[int] = (1, 4, 16), *, alpha: float = 0.05
) -> list[dict[str, float]]:
    """Return the table "blocks needed for effect d": one row per effect in standard deviations.

    Columns: `d_z`, then ``claims=m`` for each number of claims that share α.
    """
    return [
        {"d_z": d, **{f"claims={m}": float(blocks_needed(d, 1.0, alpha=alpha / m)) for m in claims}} for d in effects
    ]
