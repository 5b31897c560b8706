"""How a verdict fares under other choices: δ halved and doubled, failures imputed otherwise, other intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ablate.claims.contrast import Sides
from ablate.claims.measured import Endpoint
from ablate.claims.parts import Region
from ablate.claims.reason import Reason, because
from ablate.stats.bootstrap import bootstrap_t
from ablate.stats.crossed import crossed_interval
from ablate.stats.effects import BOOTSTRAP_SEED, by_interval
from ablate.stats.mean import mean_interval
from ablate.stats.signflip import as_differences
from ablate.stats.student import t_interval

if TYPE_CHECKING:
    from ablate.claims.capped import Gaps

_ELSEWHERE = {
    "easier": "target_easier",
    "harder": "target_harder",
    "stricter": "basin_stricter",
    "looser": "basin_looser",
    "unbroken": "basin_unbroken",
}
"""Name of another way to measure -> its code."""


TEST_ITEMS = "test_items"
"""Code of the choice that needs what single runs got right, which `runs.csv` does not hold."""


class IntervalMethod(Protocol):
    """How the interval of a mean is made."""

    def __call__(self, differences: NDArray[np.float64], *, level: float) -> tuple[float, float]:
        """Return it, as (low, high)."""


@dataclass(frozen=True)
class Sensitivity:
    """One other choice and what it would have led to, at the same level.

    Attributes
    ----------
    reason
        The choice.
    outcome
        `supported`, `refuted` or `inconclusive`, by the interval.
    flips
        Whether the outcome differs from the one of the interval as chosen.
    """

    reason: Reason
    effect: float
    low: float
    high: float
    outcome: str
    flips: bool


def imputed(sides: Sides, endpoint: Endpoint) -> dict[str, NDArray[np.float64]]:
    """Return the seeds' contrasts with failed and missing runs at the worst and best value for the claim.

    A run whose value is not its own (failed, missing, undefined; not one that used up its budget) counts as the worst
    or the best value that any run of the comparison was observed to end with, or that a failed one counts as, so that
    what was chosen lies between the two: worst for the claim is low where its side counts positive. Empty where every
    run has a value of its own, or none has.

    Returns
    -------
    dict
        ``worst`` and ``best`` -> float (seeds,).
    """
    values, planned = sides.values(endpoint), endpoint.planned[:, sides.columns]
    measured = ~endpoint.filled[:, sides.columns] | endpoint.capped[:, sides.columns]
    observed = endpoint.ran[:, sides.columns] & measured & np.isfinite(values)
    open_runs = planned.all(axis=(1, 2), keepdims=True) & ~observed
    if not open_runs.any() or not observed.any():
        return {}
    known = observed | (endpoint.ran[:, sides.columns] & np.isfinite(values))
    least, most = float(values[known].min()), float(values[known].max())
    positive = sides.weights > 0
    worst = np.where(open_runs, np.where(positive, least, most), values)
    best = np.where(open_runs, np.where(positive, most, least), values)
    return {name: sides.contrast(filled).mean(axis=1) for name, filled in (("worst", worst), ("best", best))}


def sensitivity(
    differences: list[float],
    region: Region,
    *,
    level: float,
    bounds: dict[str, NDArray[np.float64]],
    interval: tuple[float, float],
    elsewhere: Mapping[str, Gaps] | None = None,
    method: IntervalMethod = mean_interval,
    measured: Mapping[str, tuple[float, Callable[[float], tuple[float, float]]]] | None = None,
    items: NDArray[np.float64] | None = None,
) -> tuple[Sensitivity, ...]:
    """Return the table of other choices for a claim about a mean, beside the `interval` chosen.

    `bounds` holds the seeds' contrasts with failures imputed otherwise; `elsewhere` those at other targets (one that
    neither side reached in any pair has no row); `measured` effects measured otherwise, with their own intervals;
    `items` the seeds' contrasts for every test item, (seeds, items), where they are known. Outcomes are by the
    interval alone, made as `method` makes them.
    """
    d = as_differences(differences)
    low, high = interval
    chosen = by_interval(low, high, region)

    def row(choice: str, effect: float, ends: tuple[float, float], at: Region) -> Sensitivity:
        outcome = by_interval(*ends, at)
        return Sensitivity(because(choice), effect, *ends, outcome, outcome != chosen)

    mean = float(d.mean())
    rows = [row(name, mean, (low, high), at) for name, at in _other_regions(region)]
    for name, filled in bounds.items():
        usable = filled[np.isfinite(filled)]
        if usable.size:
            ends = method(usable, level=level)
            rows.append(row(f"failures_{name}", float(usable.mean()), ends, region))
    for name, moved in (elsewhere or {}).items():
        if not moved.said():
            continue
        usable = moved.values.mean(axis=1)
        rows.append(row(_ELSEWHERE[name], float(usable.mean()), method(usable, level=level), region))
    rows += [row(_ELSEWHERE[name], effect, ends(level), region) for name, (effect, ends) in (measured or {}).items()]
    others: dict[str, Callable[[], tuple[float, float]]] = {
        "student_t": lambda: t_interval(d, level=level),
        "bootstrap_t": lambda: bootstrap_t(d, level=level, rng=np.random.default_rng(BOOTSTRAP_SEED)),
    }
    if items is not None:
        others[TEST_ITEMS] = lambda: crossed_interval(items, level=level)
    return (*rows, *(row(name, mean, other(), region) for name, other in others.items()))


def _other_regions(region: Region) -> list[tuple[str, Region]]:
    low, high = region
    if math.isinf(high) and math.isfinite(low) and low > 0:
        return [("delta_halved", (low / 2, high)), ("delta_doubled", (low * 2, high))]
    if math.isfinite(low) and low == -high:
        return [("delta_halved", (low / 2, high / 2)), ("delta_doubled", (low * 2, high * 2))]
    return []
