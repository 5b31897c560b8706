"""The effect of an arm over another, paired by seed: estimate, intervals, exact p, effect sizes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ablate.errors import UserError, must, unknown
from ablate.stats.bootstrap import bootstrap_t
from ablate.stats.equivalence import tost_p
from ablate.stats.mean import mean_interval, mean_p
from ablate.stats.signflip import as_differences, sign_flip_interval
from ablate.stats.student import better_share, standard_deviation, standardised, t_interval

BOOTSTRAP_SEED = 0x5E25
"""Fixed: the same differences always give the same bootstrap-t interval."""


class Interval(NamedTuple):
    """Both ends of an interval, which belong to it."""

    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """What n paired differences say of their mean: made by `paired`.

    Attributes
    ----------
    differences
        One minus the other, one per pair, in their unit.
    smallest_effect
        δ: the mean difference that a claim must exceed.
    """

    differences: tuple[float, ...]
    smallest_effect: float = 0.0

    @property
    def n(self) -> int:
        """Pairs."""
        return len(self.differences)

    @property
    def mean(self) -> float:
        """Mean difference."""
        return float(as_differences(self.differences).mean())

    @property
    def sd(self) -> float:
        """Standard deviation of the differences, n - 1 in the denominator; NaN for one pair."""
        return standard_deviation(as_differences(self.differences))

    @property
    def d_z(self) -> float:
        """Mean in standard deviations of the difference; ±inf where all differences are alike."""
        return standardised(self.differences)

    @property
    def better(self) -> float:
        """Share of pairs with a positive difference, ties counted half."""
        return better_share(self.differences)

    @property
    def p_value(self) -> float:
        """Two-sided p of "the mean difference is δ" (see `mean.mean_p`)."""
        return mean_p(self.differences, null=self.smallest_effect)

    def confidence_interval(
        self, level: float = 0.95, *, method: Literal["sign-flip", "widened", "t", "bootstrap-t"] = "widened"
    ) -> Interval:
        """Return the interval of the mean difference.

        Parameters
        ----------
        level
            Confidence level, in (0, 1).
        method
            `widened`: what verdicts rest on, exact sign flips made wider where the differences have a long tail;
            `sign-flip`: without that; `t`: Student's; `bootstrap-t`: 1,999 resamples, the same ones every time.

        Raises
        ------
        UserError
            A level outside (0, 1), or a method that is none of these.
        """
        d = as_differences(self.differences)
        ways: dict[str, Callable[[], tuple[float, float]]] = {
            "widened": lambda: mean_interval(d, level=level),
            "sign-flip": lambda: sign_flip_interval(d, level=level),
            "t": lambda: t_interval(d, level=level),
            "bootstrap-t": lambda: bootstrap_t(d, level=level, rng=np.random.default_rng(BOOTSTRAP_SEED)),
        }
        if method not in ways:
            raise unknown("method", method, ways)
        return Interval(*ways[method]())

    def outcome(self, level: float = 0.95) -> str:
        """Say what the interval says of "more than δ": `supported`, `refuted` or `inconclusive`."""
        return by_interval(*self.confidence_interval(level), (self.smallest_effect, math.inf))

    def equivalence_p_value(self, within: float) -> float:
        """Return the p of "the mean difference lies at or beyond ±within" (two one-sided tests)."""
        return tost_p(self.differences, within=within)


def paired(a: ArrayLike, b: ArrayLike = 0.0, *, smallest_effect: float = 0.0) -> Paired:
    """Compare two arms whose runs share their seeds, and ask whether `a` exceeds `b` by more than the smallest effect.

    The effect is the mean of d_i = a_i - b_i. Its p-value counts over all 2^n patterns of signs how many make the sum
    of d_i - δ at least as far from 0 as it is; the interval holds every mean that is not rejected.

    Parameters
    ----------
    a
        Float (pairs,), finite: a number per seed, in any unit.
    b
        The other arm, in the same order of seeds; left out, `a` holds differences.
    smallest_effect
        δ, in the same unit. For a metric of which less is better, exchange the arms.

    Raises
    ------
    UserError
        Different numbers of seeds, none at all, or a number that is not finite; labels (those of a pandas Series) that
        are the same seeds at other places.

    Notes
    -----
    Fisher (1935), *The Design of Experiments*, §21; the interval: Hartigan (1969), JASA 64:1303. See `mean` for what
    is done about long tails.

    Examples
    --------
    >>> batch_norm = [0.912, 0.918, 0.909, 0.921, 0.915, 0.917, 0.911, 0.919]
    >>> none = [0.901, 0.902, 0.899, 0.903, 0.900, 0.905, 0.898, 0.904]
    >>> effect = paired(batch_norm, none, smallest_effect=0.005)
    >>> round(effect.mean, 5), effect.p_value, effect.outcome()
    (0.01375, 0.0078125, 'supported')
    >>> low, high = effect.confidence_interval(level=0.95)
    >>> round(low, 4), round(high, 4)
    (0.0113, 0.0163)
    """
    refuse_other_order(a, b)
    try:
        first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError("`a` and `b` must be two vectors with a number per seed, got what holds no numbers.") from None
    if first.ndim != 1 or (second.ndim and second.shape != first.shape):
        raise UserError(
            f"`a` and `b` must be two vectors with a number per seed, got arrays of shape {first.shape} and "
            f"{second.shape}."
        )
    delta: object = smallest_effect  # Python asks nobody for a type
    if not isinstance(delta, int | float | Real) or not math.isfinite(delta):
        raise must("smallest_effect", "be a finite number", smallest_effect)
    d = first - second
    as_differences(d)
    return Paired(tuple(d.tolist()), float(smallest_effect))


def refuse_other_order(a: object, b: object, names: tuple[str, str] = ("a", "b")) -> None:
    """Refuse two series that would be paired by place where their labels say otherwise.

    Labels that have nothing in common, such as the numbers of rows of two parts of a table, say nothing of seeds.

    Raises
    ------
    UserError
        Both have labels (`index`, as a pandas Series), some of them common, and not the same at every place.
    """
    kept = [getattr(one, "index", None) for one in (a, b)]
    if any(index is None or callable(index) for index in kept):
        return
    first, second = (list[object](index) for index in kept if index is not None)
    if first != second and not set(first).isdisjoint(second):
        one, other = names
        raise UserError(
            f"`{one}` and `{other}` are paired by place, and their labels (`.index`) are not the same at every place: "
            f"give `{other}` as `{other}.loc[{one}.index]`"
        )


def by_interval(low: float, high: float, region: tuple[float, float]) -> str:
    """Return the outcome an interval alone leads to: inside the region, outside, or neither.

    >>> by_interval(0.01, 0.02, (0.005, math.inf)), by_interval(-0.01, 0.004, (-0.005, 0.005))
    ('supported', 'inconclusive')
    """
    slack = 1e-12
    if low > region[0] + slack and high < region[1] - slack:
        return "supported"
    return "refuted" if high < region[0] - slack or low > region[1] + slack else "inconclusive"
