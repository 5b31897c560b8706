"""Steps to a target under a budget: one budget for all sides, and what a comparison of them can say.

A run that did not reach its target within its budget T is known by min(t, T) alone. Three things follow.

1. **One budget.** min(t, T) of two runs can be compared only at the same T. Where the sides of a comparison had
   different budgets (`batch_size`, `epochs`, `dataset.train_size` are factors, or a file says so), all of them are
   held to the smallest: a run that reached its target later counts as one that had not reached it by then. The common
   budget is fixed by the design, not by how the runs came out.
2. **Silence.** Where two unreached runs pull a contrast in opposite directions (neither side of a pair reached the
   target), their budgets cancel, and the 0 that is left is not a measurement. A verdict must stand without such pairs.
3. **Made small by the budget.** A time that was cut at T is longer than it counts as, so a budget moves the ratio of a
   pair towards 1. A difference that is found stands in spite of the budget. That there is *none*, or only a small one,
   must hold whatever the runs that were cut would have shown: with up to `FEW` of the seeds cut, where these have the
   largest contrast that any seed has; with more, where the seeds that were seen to their ends are enough for a sign
   test among all (their ranks are known where times are not).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.claims.contrast import Flags, Sides
from ablate.claims.measured import Endpoint
from ablate.claims.parts import Region
from ablate.claims.reason import Reason, because
from ablate.stats.effects import by_interval
from ablate.stats.mean import mean_interval, mean_p

FEW = 0.1
"""Share of cut seeds up to which a mean may be judged with the largest contrast seen in their place."""


def counts_steps(endpoint: Endpoint) -> bool:
    """Tell whether a metric counts steps to a target, so that a run that did not reach it counts as its budget."""
    return endpoint.declared.counts_to_target


def at_common_budget(endpoint: Endpoint, columns: NDArray[np.int64]) -> Endpoint:
    """Return the endpoint with every run of a cell held to the smallest budget of the cell's sides.

    The same object where no run is touched: equal budgets, or a metric that is not a count of steps.

    Parameters
    ----------
    columns
        Column of the endpoint for each side of each cell, int (cells, sides).
    """
    if not counts_steps(endpoint):
        return endpoint
    caps = np.full(len(endpoint.arm_ids), np.inf)
    for row in np.atleast_2d(columns):
        budgets = [
            float(np.nanmin(fills)) if np.isfinite(fills).any() else math.nan for fills in endpoint.fill[:, row].T
        ]
        if len(set(budgets)) > 1:  # NaN, a budget that is not known, differs from every other
            caps[row] = np.minimum(caps[row], np.nanmin(budgets) if np.isfinite(budgets).any() else np.inf)
    known_value = np.isfinite(endpoint.value)
    late = known_value & (endpoint.value > caps)
    lower = np.isfinite(endpoint.fill) & (endpoint.fill > caps)
    if not late.any() and not lower.any():
        return endpoint
    # A run that reached its target after the common budget had not reached it by then, as one that was cut off there.
    newly = late & ~endpoint.filled
    return dataclasses.replace(
        endpoint,
        value=np.where(late, caps, endpoint.value),
        fill=np.where(lower, caps, endpoint.fill),
        filled=endpoint.filled | newly,
        capped=endpoint.capped | newly,
        common=True,
    )


@dataclass(frozen=True)
class Open:
    """How far the contrasts of a comparison are known: an unreached run leaves one end of them open.

    Attributes
    ----------
    below, above
        bool (seeds, cells): the contrast may be any amount smaller, larger than it counts as.
    pairwise
        Every contrast is one of two sides, so that a budget moves it towards 0 and never past it.
    """

    below: Flags
    above: Flags
    pairwise: bool

    @property
    def silent(self) -> Flags:
        """Open at both ends, bool (seeds, cells): nothing is known of it."""
        return np.asarray(self.below & self.above)

    def of_seeds(self, usable: Flags) -> Open:
        """Return the same of some seeds."""
        return Open(self.below[usable], self.above[usable], self.pairwise)


def open_ends(sides: Sides, endpoint: Endpoint) -> Open | None:
    """Return which ends of the contrasts are open, all seeds of the endpoint; None where none can be."""
    if not counts_steps(endpoint):
        return None
    missed = endpoint.filled[:, sides.columns]
    return Open(*sides.open_ends(missed))


@dataclass(frozen=True)
class Gaps:
    """The contrasts of a comparison, cell by cell, of the seeds that have them in every cell.

    Attributes
    ----------
    values
        Finite, float64 (seeds, cells).
    known
        How far each is known; None where a metric has no budget.
    """

    seeds: tuple[int, ...]
    values: NDArray[np.float64]
    known: Open | None

    @classmethod
    def of(cls, sides: Sides, endpoint: Endpoint) -> Gaps:
        """Read them off an endpoint whose sides have one budget."""
        values = sides.contrast(sides.values(endpoint))
        usable: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1), dtype=np.bool_)
        hidden = open_ends(sides, endpoint)
        seeds = tuple(int(seed) for seed, use in zip(endpoint.seeds, usable, strict=True) if use)
        return cls(seeds, values[usable], None if hidden is None else hidden.of_seeds(usable))

    def said(self) -> dict[int, float]:
        """Return the means over the cells that say something, of the seeds that have one."""
        if self.known is None:
            return dict(zip(self.seeds, self.values.mean(axis=1).tolist(), strict=True))
        kept: Flags = np.asarray(~self.known.silent.all(axis=1), dtype=np.bool_)
        seeds = [seed for seed, keep in zip(self.seeds, kept, strict=True) if keep]
        return dict(zip(seeds, seeds_that_say_something(self.values, self.known.silent).tolist(), strict=True))


def objection(
    gaps: NDArray[np.float64], hidden: Open | None, region: Region, *, level: float, outcome: str, least: int = 2
) -> Reason | None:
    """Return what speaks against an outcome that an interval led to; None where nothing does.

    `decided_by_silence`: without the pairs that say nothing it would be another. `cut_by_budget`: it is the budget that
    makes the difference small.

    Parameters
    ----------
    gaps
        Contrasts, finite, float (seeds, cells).
    hidden
        How far each contrast is known; None where a metric has no budget.
    outcome
        `supported` or `refuted`.
    least
        Seeds without which nothing can be decided.
    """
    if hidden is None or not (hidden.below.any() or hidden.above.any()):
        return None
    silent = hidden.silent
    d = seeds_that_say_something(gaps, silent)
    if silent.any():
        few = len(d) < least
        otherwise = "inconclusive" if few else by_interval(*mean_interval(d, level=level), region)
        if otherwise != outcome:
            return because(
                "decided_by_silence",
                n=int(silent.sum()),
                of=silent.size,
                pairwise=hidden.pairwise,
                outcome=otherwise,
            )
    said = np.logical_not(np.all(silent, axis=1))
    low, high = mean_interval(d, level=level)
    for end, side in _needed(float(d.mean()), region, outcome):
        settled = (end >= 0.0 or low > 0.0) if side == "above" else (end <= 0.0 or high < 0.0)
        opens = hidden.below if side == "above" else hidden.above
        cut = np.any(opens & ~silent, axis=1)[said]
        if cut.any() and not (hidden.pairwise and settled) and not _holds_with_cut(d, cut, end, side, level=level):
            return because("cut_by_budget", n=int(cut.sum()), of=len(d))
    return None


def _holds_with_cut(d: NDArray[np.float64], cut: Flags, end: float, side: str, *, level: float) -> bool:
    """Tell whether an end is excluded whatever the contrasts that were cut would be (see the top of this file)."""
    up = side == "above"
    if cut.mean() <= FEW:
        low, high = mean_interval(np.where(cut, d.min() if up else d.max(), d), level=level)
        if low > end if up else high < end:
            return True
    right = (d > end) if up else (d < end)
    return sign_p(int((right & ~cut).sum()), len(d)) <= (1.0 - level) * (1.0 + 1e-9)


def seeds_that_say_something(gaps: NDArray[np.float64], silent: Flags) -> NDArray[np.float64]:
    """Return each seed's mean over the cells that say something, float (seeds with one,)."""
    said = ~silent
    count = said.sum(axis=1)
    sums = np.where(said, gaps, 0.0).sum(axis=1)
    return np.asarray(sums[count > 0] / count[count > 0])


def sign_p(right: int, of: int) -> float:
    """Return the two-sided p of "half of the seeds", by the binomial distribution, for `right` of them or more.

    >>> round(sign_p(6, 6), 5), sign_p(3, 6)
    (0.03125, 1.0)
    """
    from scipy.special import bdtrc

    return min(1.0, 2.0 * (1.0 if right == 0 else float(bdtrc(right - 1, of, 0.5))))


def _p_below_with_cut(d: NDArray[np.float64], cut: Flags, null: float) -> float:
    """Return the one-sided p of "the mean is not below `null`", whatever the contrasts that were cut would be."""
    ranks = sign_p(int(((d < null) & ~cut).sum()), len(d)) / 2.0
    if cut.mean() > FEW:
        return ranks
    filled = np.where(cut, d.max(), d)
    return min(ranks, mean_p(filled, null=null) / 2.0 if filled.mean() < null else 1.0)


def cell_ps(
    p: Sequence[float], gaps: NDArray[np.float64], hidden: Open | None, *, null: float, wins: bool
) -> list[float]:
    """Return one-sided p per cell, never smaller than before, that stand without what a budget hides.

    Parameters
    ----------
    p
        One-sided p per cell of "not won" (`wins`) or of "not lost".
    null
        The δ of a cell.
    """
    if hidden is None:
        return list(p)
    p_values = []
    for cell, first in enumerate(p):
        silent = hidden.silent[:, cell]
        said: Flags = np.asarray(~silent, dtype=np.bool_)
        d, cut = gaps[said, cell], hidden.above[said, cell]
        worst = first
        if silent.any():
            right = d.size and (d.mean() > null if wins else d.mean() < null)
            worst = max(worst, mean_p(d, null=null) / 2.0 if right else 1.0)
        if cut.any() and not (wins or d.mean() < 0.0):
            worst = max(worst, _p_below_with_cut(d, cut, null))
        p_values.append(worst)
    return p_values


def _needed(effect: float, region: Region, outcome: str) -> list[tuple[float, str]]:
    """Return which ends must be excluded for an outcome, and from which side."""
    low, high = region
    if outcome == "supported":
        ends = [(low, "above"), (high, "below")]
        return [(end, side) for end, side in ends if math.isfinite(end)]
    return [(low, "below")] if effect <= low else [(high, "above")]
