"""The engine tried on itself: checks on simulated studies in which the truth is known.

Studies go through `judge`, tables in and verdicts out, so that what is calibrated is what users get; where that takes
too long for thousands of them they are tested by the same function of arrays, and some of them go through `judge` too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate.errors import unknown
from ablate.judge.anytime_calibration import any_time
from ablate.judge.calibrated_collapses import collapse_part
from ablate.judge.calibrated_datasets import data_set_part
from ablate.judge.calibrated_edits import edit_part
from ablate.judge.calibrated_invariances import invariance_parts
from ablate.judge.calibrated_kinds import kinds_part
from ablate.judge.calibrated_means import ALPHA, DELTA, SD, SEEDS, limits_part, mean_parts
from ablate.judge.calibrated_shown import shown_parts
from ablate.judge.oracles import oracle_rows
from ablate.judge.simulated_tuning import tuning_part
from ablate.judge.trials import Counted, Row, Trial, TrialPart, run_trials

SEED = 20240501
Progress = Callable[[int, int], None]
Keep = Callable[[str, list[Row]], None]


@dataclass(frozen=True)
class CalibrationCheck:
    """One check: its table, and whether it is met.

    Attributes
    ----------
    rows
        Plain values; `se` is the simulation error of the rate beside it, `limit` what it must keep to, `row` the name
        by which `calibrate` runs it alone.
    passed
        Of all rows that have a `met`.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether every row is met."""
        return all(row.get("met", True) for row in self.rows)


@dataclass(frozen=True)
class CalibrationResult:
    """All checks of one calibration; `as_dict` is JSON-ready."""

    studies: int
    seed: int
    seeds_per_study: int
    alpha: float
    checks: tuple[CalibrationCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every check is met."""
        return all(check.passed for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        checks = [{**dataclasses.asdict(check), "passed": check.passed} for check in self.checks]
        return {**dataclasses.asdict(self), "checks": checks, "passed": self.passed}


def parts() -> list[TrialPart]:
    """Return every check with the trials that make its rows, in the order of the page."""
    return [
        *mean_parts(),
        *any_time(delta=DELTA, sd=SD),
        *invariance_parts(),
        limits_part(),
        kinds_part(),
        collapse_part(delta=DELTA, sd=SD),
        tuning_part(delta=DELTA, seeds=SEEDS),
        data_set_part(),
        edit_part(delta=DELTA, sd=SD, seeds=SEEDS),
        *shown_parts(),
        TrialPart("oracles", "Agreement with scipy and statsmodels", (Trial("oracles", _no_studies, _oracles, 10**6),)),
    ]


def calibrate(
    studies: int = 2000,
    *,
    seed: int = SEED,
    jobs: int = 1,
    kept: Mapping[str, list[Row]] | None = None,
    keep: Keep | None = None,
    progress: Progress | None = None,
    only: Sequence[TrialPart] | None = None,
) -> CalibrationResult:
    """Run the checks, and show where the nominal coverage is not reached.

    Parameters
    ----------
    studies
        Simulated studies of a full row; rows that take long have a part of them, and say how many.
    seed
        Of everything that is drawn.
    jobs
        Processes; the result does not depend on it.
    kept
        Name of a trial -> its rows, of those that need not run again.
    keep
        Called with a trial's name and rows as soon as they are there.
    progress
        Called with (studies simulated, studies in all).
    only
        The checks to run; by default `parts`.
    """
    checks, by_trial = list(parts() if only is None else only), dict(kept or {})
    left = [trial for part in checks for trial in part.trials if trial.name not in by_trial]
    total, done = sum(trial.studies(studies) for trial in left), 0

    def tick(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    for trial, rows in run_trials(left, studies, seed=seed, jobs=jobs, tick=tick):
        by_trial[trial.name] = rows
        if keep is not None:
            keep(trial.name, rows)
    made = tuple(
        CalibrationCheck(
            part.name,
            part.title,
            tuple({**row, "row": trial.name} for trial in part.trials for row in by_trial[trial.name]),
            part.note,
        )
        for part in checks
    )
    return CalibrationResult(studies, seed, SEEDS, ALPHA, made)


def named_trials(asked: Collection[str]) -> list[str]:
    """Return the names of the trials that are asked for, by their own name or by that of their check.

    Raises
    ------
    UserError
        There is none of that name.
    """
    every = parts()
    members = {trial.name: [trial.name] for part in every for trial in part.trials}
    members |= {part.name: [trial.name for trial in part.trials] for part in every}
    names: list[str] = []
    for name in asked:
        if name not in members:
            raise unknown("row", name, list(members))
        names += members[name]
    return names


def _no_studies(rng: np.random.Generator, studies: int) -> Counted:
    """Draw what `_oracles` draws from: the comparison with other libraries has no simulated studies."""
    return {"seed": rng.integers(0, 2**32, size=studies)}


def _oracles(outcomes: Counted) -> list[Row]:
    return oracle_rows(np.random.default_rng(int(outcomes["seed"][0])))
