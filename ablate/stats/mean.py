"""The test and interval a verdict rests on: exact sign flips, widened where the differences have a long tail.

Sign flips need differences symmetric about their mean. Where they lean (sample skewness beyond ±½), the interval is
too short on the side of the tail: of 95 % intervals over 20 lognormal differences 87 % held the mean. There the bound
is also computed with one value still unseen (see `unseen`), placed 1.5 times skewness times standard deviation beyond
the longest; the milder of the two bounds counts, so p and interval can only grow. Measured on 6,000 samples each, the
share of intervals that hold the mean:

| seeds | lognormal, 95 % | 99 % | 99.69 % | exponential, 95 % | normal, 95 % |
|---|---|---|---|---|---|
| 8 | .888 | .948 | 1 | .931 | .960 |
| 12 | .928 | .957 | .970 | .954 | .955 |
| 20 | .956 | .979 | .987 | .972 | .954 |
| 20, sign flips alone | .871 | .930 | .957 | .918 | .950 |

Fewer than 20 seeds, or the strict levels Holm leaves among many claims, do not reach the nominal level on data as
skewed as lognormal; nothing does that does not know the range. Normal data pay about 6 % in width. Bootstrap-t,
measured beside it, held 89 to 92 % at 20 seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.signflip import (
    DRAWS,
    EXACT_UP_TO,
    Vector,
    as_differences,
    is_constant,
    least_pairs,
    sign_flip_interval,
    sign_flip_p,
)
from ablate.stats.unseen import unseen_bound, unseen_p

LEANING = 0.5  # sample skewness from which a tail is allowed for; one normal sample of 20 in four has it
REACH = 1.5  # of skewness times standard deviation; set on simulated lognormal data, other than the calibration's


def mean_p(differences: ArrayLike, *, null: float = 0.0) -> float:
    """Return the two-sided p of "the mean difference is `null`".

    >>> mean_p([1, 2, 3, 4, 5, 6])
    0.03125
    """
    d = as_differences(differences)
    p = sign_flip_p(d, null=null)
    reach = tail(d)
    mean = float(d.mean())
    if reach < 0 and mean > null:
        p = max(p, 2.0 * unseen_p(d, float(d.min()) + reach, null))
    elif reach > 0 and mean < null:
        p = max(p, 2.0 * unseen_p(-d, -float(d.max()) - reach, -null))
    return min(1.0, p)


def mean_interval(differences: ArrayLike, *, level: float) -> tuple[float, float]:
    """Return all means that `mean_p` does not reject at ``1 - level``, as (low, high).

    >>> low, high = mean_interval([1, 2, 3, 4, 5, 6], level=0.95)
    >>> round(low, 9), round(high, 9)
    (1.0, 6.0)
    """
    d = as_differences(differences)
    low, high = sign_flip_interval(d, level=level)
    reach, alpha = tail(d), 1.0 - level
    if len(d) < least_pairs(level):
        return low, high
    if reach < 0:
        low = min(low, unseen_bound(d, float(d.min()) + reach, alpha=alpha / 2.0))
    elif reach > 0:
        high = max(high, -unseen_bound(-d, -float(d.max()) - reach, alpha=alpha / 2.0))
    return low, high


def tail(d: Vector) -> float:
    """Return how far beyond the longest difference one more may lie, with its sign; 0 where the sample does not lean.

    `REACH` times skewness times standard deviation, both with n in the denominator.
    """
    if len(d) < 3 or is_constant(d):
        return 0.0
    centred = d - d.mean()
    # By a power of two, which changes no digit: the squares of the least and the greatest numbers are none.
    power = int(np.frexp(np.abs(centred).max())[1])
    scaled = np.ldexp(centred, -power)
    sd = float(np.sqrt((scaled**2).mean()))
    skewness = float(((scaled / sd) ** 3).mean())
    return float(np.ldexp(REACH * skewness * sd, power)) if abs(skewness) >= LEANING else 0.0


@dataclass(frozen=True)
class Method:
    """How an interval is made.

    Attributes
    ----------
    name
        ``sign-flip``, ``Clopper–Pearson``, …
    draws
        Random patterns it rests on; 0 where it is exact.
    widened
        Made wider for a long tail.
    """

    name: str
    draws: int = 0
    widened: bool = False


def method_of(differences: ArrayLike) -> Method:
    """Return how `mean_interval` makes its interval.

    >>> method_of([1, 2, 3, 4, 5, 6])
    Method(name='sign-flip', draws=0, widened=False)
    """
    d = as_differences(differences)
    return Method("sign-flip", DRAWS if len(d) > EXACT_UP_TO else 0, tail(d) != 0.0)
