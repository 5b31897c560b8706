"""Calibration of the intervals that are shown beside a verdict's own: of all cells together, and of other test items.

By the functions that `judge` uses, arrays in: an interval holds a truth exactly where the test does not reject it,
which is found faster than the ends of the interval.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from ablate.judge.simulated import NOISES, rate_of
from ablate.judge.trials import Counted, Row, Trial, TrialPart
from ablate.stats.crossed import crossed_interval
from ablate.stats.joint import joint_level
from ablate.stats.mean import mean_p
from ablate.stats.multiplicity import holm_levels
from ablate.stats.student import t_interval

ALPHA, SHARED, FARTHEST = 0.05, 0.7, 2.0
SETTINGS = tuple(
    (claims, seeds, shared, noise)
    for noise, sizes in ((0, (5, 20)), (1, (5,)))
    for claims in sizes
    for seeds in (10, 20)
    for shared in (0.0, SHARED)
)
"""Claims, seeds, correlation between their differences, and which of `NOISES`; each has its own studies."""

PART = 4
"""One in so many studies of the other rows: one of 20 claims takes a fifth of a second."""


ITEMS = 500
TESTED = tuple((seeds, apart) for seeds in (6, 10, 20) for apart in (0.0, 0.3))
"""Seeds, and how differently items suit the two arms, in standard deviations of an item's difficulty."""


def shown_parts() -> list[TrialPart]:
    """Return both checks."""
    return [_joint_part(), _items_part()]


def _items_part() -> TrialPart:
    trials = tuple(
        Trial(f"items-{seeds}-{apart:g}", functools.partial(_tested, seeds, apart),
              functools.partial(_told_items, seeds, apart))
        for seeds, apart in TESTED
    )  # fmt: skip
    note = (
        "Two arms that are right about as many items in the long run, tested on items that suit one or the other. "
        "Intervals over seeds speak of these items; the row of the sensitivity table on test examples, of others too."
    )
    return TrialPart("items", "Test items drawn anew", trials, note)


def _tested(seeds: int, apart: float, rng: np.random.Generator, studies: int) -> Counted:
    both, alone = [], []
    for _ in range(studies):
        hard = rng.normal(size=(1, 1, ITEMS)) + apart * rng.normal(size=(2, 1, ITEMS))
        right = hard + 0.05 * rng.normal(size=(2, seeds, 1)) + 0.5 * rng.normal(size=(2, seeds, ITEMS)) < 1.3
        d = right[0].astype(np.float64) - right[1]
        low, high = crossed_interval(d, level=1 - ALPHA)
        both.append(low <= 0.0 <= high)
        low, high = t_interval(d.mean(axis=1), level=1 - ALPHA)
        alone.append(low <= 0.0 <= high)
    return {"both": np.array(both), "alone": np.array(alone)}


def _told_items(seeds: int, apart: float, outcomes: Counted) -> list[Row]:
    kind = f"{ITEMS} items, " + (f"arms differ by {apart:g} on each" if apart else "all alike for both arms")
    return [
        {"data": kind, "seeds": seeds, "what": what, **rate_of(int(hits.sum()), len(hits), at_least=least)}
        for what, hits, least in (
            ("over seeds and items", outcomes["both"], 1 - ALPHA),
            ("over seeds alone", outcomes["alone"], None),
        )
    ]


def _joint_part() -> TrialPart:
    trials = tuple(
        Trial(f"joint-{claims}-{seeds}-{shared:g}-{number}",
              functools.partial(_held, claims=claims, seeds=seeds, shared=shared, number=number),
              functools.partial(_told_joint, claims, seeds, shared, number), PART if claims < 20 else 2 * PART)
        for claims, seeds, shared, number in SETTINGS
    )  # fmt: skip
    note = (
        "True effects from 0 to 2 standard deviations of a difference. Own intervals, at each claim's step of Holm's "
        "procedure, promise no more than their verdicts; the joint ones (95 %) are those that tables, forests and maps "
        "compare cells by. Skewed differences are beyond what either promises, and stand here to say how far."
    )
    return TrialPart("joint", "Intervals of all cells of a claim together", trials, note)


def _held(rng: np.random.Generator, studies: int, *, claims: int, seeds: int, shared: float, number: int) -> Counted:
    truths, noise, results = np.linspace(0.0, FARTHEST, claims), NOISES[number], []
    for _ in range(studies):
        common, each = noise.draw(rng, (seeds, 1)), noise.draw(rng, (seeds, claims))
        results.append(holds(truths + math.sqrt(shared) * common + math.sqrt(1.0 - shared) * each, truths))
    together, singly = np.array(results).T
    return {"together": together, "own": singly}


def _told_joint(claims: int, seeds: int, shared: float, number: int, outcomes: Counted) -> list[Row]:
    kind = f"{claims} claims, correlation {shared:g}, {NOISES[number].name}"
    limit = 1 - ALPHA if number == 0 else None
    return [
        {"data": kind, "seeds": seeds, "what": what, **rate_of(int(hits.sum()), len(hits), at_least=least)}
        for what, hits, least in (
            ("joint intervals all hold", outcomes["together"], limit),
            ("own intervals all hold", outcomes["own"], None),
        )
    ]


def holds(d: NDArray[np.float64], truths: NDArray[np.float64]) -> tuple[bool, bool]:
    """Return whether all joint intervals hold the truths, and whether all own ones do, of claims with δ = 0.

    Parameters
    ----------
    d
        float (seeds, claims).
    """
    of_truth = np.array([mean_p(column, null=float(truth)) for column, truth in zip(d.T, truths, strict=True)])
    steps = holm_levels([mean_p(column) for column in d.T], alpha=ALPHA)
    step = 1.0 - joint_level(d, level=1.0 - ALPHA)
    return bool((of_truth > step).all()), bool((of_truth > steps).all())
