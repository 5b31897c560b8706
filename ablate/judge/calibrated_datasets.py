"""Calibration of claims over data sets: whether both intervals hold what they speak of.

A study has 5 or 8 data sets whose true effects are alike or vary; runs are noisier on some of them.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from ablate.judge.rule import judge
from ablate.judge.simulated import BASE, METRIC, rate_of, runs_of
from ablate.judge.trials import Counted, Row, Trial, TrialPart
from ablate.sweep.study import Study

ALPHA, DELTA = 0.05, 0.005
SIZES, SPREADS, SEEDS = (5, 8), (0.0, 0.005, 0.02), 10
_NOISE = (0.005, 0.02)  # standard deviation of a paired difference, drawn evenly for each data set
PART = 4
"""One in so many studies of the other rows: with ten to sixteen arms one takes a tenth of a second."""

_ABOUT = {"these": "effect on these", "new": "effect on a new one"}


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


def data_set_part() -> TrialPart:
    """Return the check: the coverage of 95 % intervals, and of both claims how often they were decided wrongly."""
    trials = tuple(
        Trial(f"data-sets-{sets}-{100 * spread:g}", functools.partial(_judged, sets, spread),
              functools.partial(_told, sets, spread), PART)
        for sets in SIZES
        for spread in SPREADS
    )  # fmt: skip
    least, most = (100 * sd / math.sqrt(SEEDS) for sd in _NOISE)
    note = (
        f"True effects vary between data sets around δ = {100 * DELTA:g} pp with the stated spread; each is measured "
        f"with an error of {least:.1g} to {most:.1g} pp at {SEEDS} seeds. Decided wrongly: supported although the "
        "effect that is spoken of is not above δ, or refuted although it is. Where data sets do not vary, the interval "
        "for a new one holds more often than it says: with so few nobody can know that they do not."
    )
    return TrialPart("data-sets", "Claims over data sets: these, and a new one", trials, note)


def _judged(sets: int, spread: float, rng: np.random.Generator, studies: int) -> Counted:
    study = study_over(sets)
    arms = [{"part": part, "data": data} for part in ("off", "on") for data in range(sets)]
    outcomes: dict[str, list[bool]] = {f"{what} {about}": [] for what in ("held", "wrong") for about in _ABOUT}
    for _ in range(studies):
        effects = DELTA + spread * rng.normal(size=sets)  # the mean over all data sets there are is δ
        sd = rng.uniform(*_NOISE, size=sets)
        gaps = effects + sd * rng.normal(size=(SEEDS, sets))
        off = BASE + 0.01 * rng.normal(size=(SEEDS, sets))
        tables = runs_of(arms, METRIC, np.hstack((off, off + gaps)))
        truth = {"these": float(effects.mean()), "new": DELTA + spread * float(rng.normal())}
        for verdict in judge(study, tables, alpha=ALPHA, extras=False):
            about = verdict.claim_id
            shown = verdict.details[about]
            outcomes[f"held {about}"].append(shown["low"] <= truth[about] <= shown["high"])
            above = truth[about] > DELTA + 1e-12
            outcomes[f"wrong {about}"].append(verdict.outcome == ("refuted" if above else "supported"))
    return {name: np.array(seen) for name, seen in outcomes.items()}


def _told(sets: int, spread: float, outcomes: Counted) -> list[Row]:
    rows: list[Row] = []
    at = {"data sets": sets, "spread": f"{100 * spread:g} pp", "seeds": SEEDS}
    for about, name in _ABOUT.items():
        covered, wrong = (outcomes[f"{what} {about}"] for what in ("held", "wrong"))
        rows += [
            {**at, "what": f"coverage: {name}", **rate_of(int(covered.sum()), len(covered), at_least=1 - ALPHA)},
            {**at, "what": f"decided wrongly: {name}", **rate_of(int(wrong.sum()), len(wrong), at_most=ALPHA)},
        ]
    return rows
