"""Simulated studies: what the engine is tried on, with the truth known."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.sweep.study import Study
from ablate.track.record import StudyTables

Vector = NDArray[np.float64]
CHANCE, BASE = 0.1, 0.85
METRIC = "final/test_accuracy"


def two_arms(
    claims: int, *, delta: float = 0.0, looks: list[int] | None = None, bounds: Sequence[float | None] = (None, None)
) -> Study:
    """Return a study that compares `on` with `off` in as many cells, each a claim of its own.

    `bounds` of the metric: normal draws know no [0, 1], but where runs fail a mean over all of them needs a range.
    """
    claim = {
        "id": "gain", "says": "on is better", "metric": METRIC, "arm": {"part": "on"}, "against": {"part": "off"},
        "by_at_least": delta, "each": ["cell"],
    }  # fmt: skip
    return Study.model_validate(
        {
            "title": "simulated",
            "metrics": {METRIC: {"bounds": list(bounds)}},
            "factors": {"part": ["off", "on"], "cell": list(range(claims))},
            "claims": [claim],
            "looks": looks or [],
        }
    )


def simulated_tables(
    off: NDArray[np.float64], on: NDArray[np.float64], failed: NDArray[np.bool_] | None = None
) -> StudyTables:
    """Return the runs of such a study.

    Parameters
    ----------
    off, on
        Test accuracy, float (seeds, cells).
    failed
        Which runs of `on` diverged, bool (seeds, cells).
    """
    seeds, cells = off.shape
    arms = tuple((("part", part), ("cell", c)) for part in ("off", "on") for c in range(cells))
    names = tuple(f"{part}{c}" for part in ("off", "on") for c in range(cells))
    broken = np.zeros((seeds, 2 * cells), dtype=np.bool_)
    if failed is not None:
        broken[:, cells:] = failed
    return _tables(arms, names, np.concatenate((off, on), axis=1), metric=METRIC, lost=broken, outcome="diverged")


def _tables(
    arms: tuple[tuple[tuple[str, Any], ...], ...],
    names: tuple[str, ...],
    values: NDArray[np.float64],
    *,
    metric: str,
    lost: NDArray[np.bool_],
    outcome: str,
) -> StudyTables:
    """Return the runs of a study; those that are `lost` have no value, and the outcome that is said."""
    planned, blank = _planned(arms, names, len(values))
    runs = blank.assign(
        **{"outcome": np.where(lost.T.ravel(), outcome, "reached"), metric: np.where(lost, np.nan, values).T.ravel()}
    )
    curves = pd.DataFrame(columns=["run_id", "arm_id", "seed", "metric", "step", "value"])
    return StudyTables({"name": "simulated"}, planned, runs, curves, {})


@functools.lru_cache(maxsize=16)  # thousands of studies have the same arms and seeds
def _planned(
    arms: tuple[tuple[tuple[str, Any], ...], ...], names: tuple[str, ...], seeds: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of planned arms, and that of their runs without outcomes and values."""
    planned = pd.DataFrame(
        {
            "arm_id": list(names),
            "arm": [",".join(f"{factor}={level}" for factor, level in levels) for levels in arms],
            "baseline": [i == 0 for i in range(len(arms))],
        }
        | {factor: [dict(levels)[factor] for levels in arms] for factor, _ in arms[0]}
    )
    runs = planned.loc[np.repeat(np.arange(len(arms)), seeds)].reset_index(drop=True)
    runs["seed"] = np.tile(np.arange(seeds), len(arms))
    return planned, runs.assign(outcome="", majority_rate=CHANCE, seconds=1.0)


def runs_of(
    arms: Sequence[Mapping[str, Any]], metric: str, values: NDArray[np.float64], *, budget: int | None = None
) -> StudyTables:
    """Return the runs of a study of any arms.

    Parameters
    ----------
    arms
        The levels of every arm, of the same factors.
    values
        The metric, float (seeds, arms); beyond the budget, where there is one: the target was not reached.
    budget
        Steps that every run had.
    """
    missed = values > (np.inf if budget is None else budget)
    keys = tuple(tuple(levels.items()) for levels in arms)
    names = tuple(",".join(f"{factor}={level}" for factor, level in levels) for levels in keys)
    tables = _tables(keys, names, values, metric=metric, lost=missed, outcome="censored")
    facts: dict[str, dict[str, Any]] = {} if budget is None else {name: {"steps": budget} for name in names}
    return replace(tables, facts=facts)


def rate_of(hits: int, of: int, *, at_most: float | None = None, at_least: float | None = None) -> dict[str, Any]:
    """Return a rate with its simulation error, and whether it keeps to its limit within two of them and a half."""
    limit = at_most if at_most is not None else at_least
    rate = hits / of
    row: dict[str, Any] = {"rate": rate, "se": math.sqrt(max(rate * (1 - rate), 0.25 / of) / of), "studies": of}
    if limit is not None:
        error = 2.5 * math.sqrt(limit * (1 - limit) / of)
        met = rate <= limit + error if at_most is not None else rate >= limit - error
        row |= {"limit": limit, "met": bool(met)}
    return row


@dataclass(frozen=True)
class SimulatedNoise:
    """A distribution of paired differences around a truth.

    Attributes
    ----------
    draw
        (rng, shape) -> differences with mean 0, in standard deviations.
    failures
        Chance that a run of `on` diverges and counts as chance.
    """

    name: str
    draw: Callable[[np.random.Generator, tuple[int, ...]], Vector]
    failures: float = 0.0


_LOG_SD = float(np.sqrt((np.e - 1.0) * np.e))


def _lognormal(rng: np.random.Generator, shape: tuple[int, ...]) -> Vector:
    return np.asarray((rng.lognormal(size=shape) - float(np.exp(0.5))) / _LOG_SD, dtype=np.float64)


NOISES = (
    SimulatedNoise("normal", lambda rng, shape: rng.normal(size=shape)),
    SimulatedNoise("skewed up (lognormal)", _lognormal),
    SimulatedNoise("skewed down (lognormal)", lambda rng, shape: -_lognormal(rng, shape)),
    SimulatedNoise(
        "tied (multiples of half a sd)", lambda rng, shape: np.asarray((rng.binomial(16, 0.5, size=shape) - 8.0) / 2.0)
    ),
    SimulatedNoise("10 % failures", lambda rng, shape: rng.normal(size=shape), failures=0.1),
)


def simulate(
    noise: SimulatedNoise, truth: float, sd: float, rng: np.random.Generator, *, seeds: int, cells: int = 1
) -> StudyTables:
    """Return the runs of one study whose runs that train differ by `truth` on average, with spread `sd`."""
    shape = (seeds, cells)
    off = BASE + 0.01 * rng.normal(size=shape)
    on = off + truth + sd * noise.draw(rng, shape)
    failed = rng.random(shape) < noise.failures if noise.failures else None
    return simulated_tables(off, on, failed)


def with_seeds(tables: StudyTables, order: Mapping[int, int]) -> dict[str, Any]:
    """Return the fields to replace so that seed s becomes ``order[s]``."""
    return {"seeds": tables.seeds.assign(seed=tables.seeds["seed"].map(order))}
