"""Simulated studies: what the engine is tried on, with the truth known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.sweep.study import Study
from ablate.track.record import StudyTables

Vector = NDArray[np.float64]
CHANCE, BASE = 0.1, 0.85
METRIC = "final/test_accuracy"


def two_arms(claims: int, *, delta: float = 0.0, looks: list[int] | None = None) -> Study:
    """Return a study that compares `on` with `off` in as many cells, each a claim of its own."""
    claim = {
        "id": "gain", "says": "on is better", "metric": METRIC, "arm": {"part": "on"}, "against": {"part": "off"},
        "by_at_least": delta, "each": ["cell"],
    }  # fmt: skip
    return Study.model_validate(
        {
            "title": "simulated",
            "metrics": {METRIC: {"bounds": [None, None]}},  # normal draws know no [0, 1]
            "factors": {"part": ["off", "on"], "cell": list(range(claims))},
            "claims": [claim],
            "looks": looks or [],
        }
    )


def tables_of(
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
    arms = [("off", c) for c in range(cells)] + [("on", c) for c in range(cells)]
    planned = pd.DataFrame(
        {
            "arm_id": [f"{part}{c}" for part, c in arms],
            "arm": [f"part={part},cell={c}" for part, c in arms],
            "baseline": [i == 0 for i in range(len(arms))],
            "part": [part for part, _ in arms],
            "cell": [c for _, c in arms],
        }
    )
    broken = np.zeros((seeds, 2 * cells), dtype=np.bool_)
    if failed is not None:
        broken[:, cells:] = failed
    runs = planned.loc[np.repeat(np.arange(len(arms)), seeds)].reset_index(drop=True)
    runs["seed"] = np.tile(np.arange(seeds), len(arms))
    runs["outcome"] = np.where(broken.T.ravel(), "diverged", "reached")
    runs["majority_rate"] = CHANCE
    runs["seconds"] = 1.0
    runs[METRIC] = np.where(broken, np.nan, np.concatenate((off, on), axis=1)).T.ravel()
    curves = pd.DataFrame(columns=["run_id", "arm_id", "seed", "metric", "step", "value"])
    return StudyTables({"name": "simulated"}, planned, runs, curves, {})


@dataclass(frozen=True)
class Noise:
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
    Noise("normal", lambda rng, shape: rng.normal(size=shape)),
    Noise("skewed up (lognormal)", _lognormal),
    Noise("skewed down (lognormal)", lambda rng, shape: -_lognormal(rng, shape)),
    Noise(
        "tied (multiples of half a sd)", lambda rng, shape: np.asarray((rng.binomial(16, 0.5, size=shape) - 8.0) / 2.0)
    ),
    Noise("10 % failures", lambda rng, shape: rng.normal(size=shape), failures=0.1),
)


def simulate(
    noise: Noise, truth: float, sd: float, rng: np.random.Generator, *, seeds: int, cells: int = 1
) -> StudyTables:
    """Return the runs of one study whose runs that train differ by `truth` on average, with spread `sd`."""
    shape = (seeds, cells)
    off = BASE + 0.01 * rng.normal(size=shape)
    on = off + truth + sd * noise.draw(rng, shape)
    failed = rng.random(shape) < noise.failures if noise.failures else None
    return tables_of(off, on, failed)


def with_seeds(tables: StudyTables, order: Mapping[int, int]) -> dict[str, Any]:
    """Return the fields to replace so that seed s becomes ``order[s]``."""
    return {"seeds": tables.seeds.assign(seed=tables.seeds["seed"].map(order))}
