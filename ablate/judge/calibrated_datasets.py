"""Calibration of claims over data sets: whether both intervals hold what they speak of.

A study has 5 or 8 data sets whose true effects are alike or vary; runs are noisier on some of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ablate.judge.rule import judge
from ablate.judge.simulated import BASE, METRIC, rate_of, runs_of
from ablate.sweep.study import Study

ALPHA, DELTA = 0.05, 0.005
SIZES, SPREADS, SEEDS = (5, 8), (0.0, 0.005, 0.02), 10
_NOISE = (0.005, 0.02)  # standard deviation of a paired difference, drawn evenly for each data set
PART = 4
"""One in so many studies of the other rows: with ten to sixteen arms one takes a tenth of a second."""

SETTINGS = len(SIZES) * len(SPREADS)
"""Of which each has its own simulated studies."""


def study_over(sets: int) -> Study:
    """Return a study that asks both questions of a comparison on so many data sets."""
    claim = {"kind": "over_datasets", "says": "it does", "metric": METRIC, "arm": {"part": "on"}, "against":
             {"part": "off"}, "by_at_least": DELTA, "over": "data"}  # fmt: skip
    return Study.model_validate(
        {
            "title": "simulated",
            "metrics": {METRIC: {"bounds": [None, None]}},  # normal draws know no [0, 1]
            "factors": {"part": ["off", "on"], "data": list(range(sets))},
            "claims": [{**claim, "id": about, "about": about} for about in ("these", "new")],
        }
    )


def data_set_part(
    rng: np.random.Generator, steps: Callable[[int], Iterator[int]], studies: int
) -> tuple[str, str, tuple[dict[str, Any], ...], str]:
    """Return name, title, rows and note of the check.

    Rows hold the coverage of 95 % intervals, and of both claims how often they were decided wrongly.

    Parameters
    ----------
    steps
        Counts up to a number, and tells who waits.
    """
    rows: list[dict[str, Any]] = []
    studies = max(10, studies // PART)
    for sets in SIZES:
        study = study_over(sets)
        arms = [{"part": part, "data": data} for part in ("off", "on") for data in range(sets)]
        for spread in SPREADS:
            held = {"these": 0, "new": 0}
            wrong = {"these": 0, "new": 0}
            for _ in steps(studies):
                effects = DELTA + spread * rng.normal(size=sets)  # the mean over all data sets there are is δ
                sd = rng.uniform(*_NOISE, size=sets)
                gaps = effects + sd * rng.normal(size=(SEEDS, sets))
                off = BASE + 0.01 * rng.normal(size=(SEEDS, sets))
                tables = runs_of(arms, METRIC, np.hstack((off, off + gaps)))
                truth = {"these": float(effects.mean()), "new": DELTA + spread * float(rng.normal())}
                for verdict in judge(study, tables, alpha=ALPHA, extras=False):
                    about = verdict.claim_id
                    shown = verdict.details[about]
                    held[about] += shown["low"] <= truth[about] <= shown["high"]
                    above = truth[about] > DELTA + 1e-12
                    wrong[about] += verdict.outcome == ("refuted" if above else "supported")
            at = {"data sets": sets, "spread": f"{100 * spread:g} pp", "seeds": SEEDS}
            for about, name in (("these", "effect on these"), ("new", "effect on a new one")):
                rows += [
                    {**at, "what": f"coverage: {name}", **rate_of(held[about], studies, at_least=1 - ALPHA)},
                    {**at, "what": f"decided wrongly: {name}", **rate_of(wrong[about], studies, at_most=ALPHA)},
                ]
    least, most = (100 * sd / math.sqrt(SEEDS) for sd in _NOISE)
    note = (
        f"True effects vary between data sets around δ = {100 * DELTA:g} pp with the stated spread; each is measured "
        f"with an error of {least:.1g} to {most:.1g} pp at {SEEDS} seeds. Decided wrongly: supported although the "
        "effect that is spoken of is not above δ, or refuted although it is. Where data sets do not vary, the interval "
        "for a new one holds more often than it says: with so few nobody can know that they do not."
    )
    return "data-sets", "Claims over data sets: these, and a new one", tuple(rows), note
