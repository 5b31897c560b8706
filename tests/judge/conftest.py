from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ablate.sweep.study import Study
from ablate.track.columns import factor_column, metric_column
from ablate.track.record import StudyTables

from ..stats.conftest import no_collection, rng  # noqa: F401  # fixtures

CHANCE = 0.1


def make_tables(
    factors: dict[str, list[Any]],
    value: Callable[[dict[str, Any], int], Any],
    *,
    seeds: int | list[int] = 8,
    metric: str = "final/test_accuracy",
    steps: int | None = 200,
) -> StudyTables:
    """A simulated study. `value(levels, seed)` gives a number, or an outcome word, or (outcome, number)."""
    arms = [dict(zip(factors, levels, strict=True)) for levels in itertools.product(*factors.values())]
    numbers = list(range(seeds)) if isinstance(seeds, int) else seeds
    planned, runs = [], []
    for i, levels in enumerate(arms):
        arm = {"arm_id": f"a{i}", "arm": ",".join(f"{f}={v}" for f, v in levels.items()) if i else "baseline"}
        columns = {factor_column(factor): level for factor, level in levels.items()}
        planned.append({**arm, "baseline": i == 0, **columns})
        for seed in numbers:
            got = value(levels, seed)
            outcome, number = (
                got if isinstance(got, tuple) else (got, np.nan) if isinstance(got, str) else ("reached", got)
            )
            runs.append(
                {
                    **arm,
                    "seed": seed,
                    "outcome": outcome,
                    "first_nonfinite_step": 7.0 if outcome == "diverged" else np.nan,
                    "seconds": np.nan if outcome == "missing" else 1.5,
                    "run_id": f"r{i}-{seed}",
                    "identity": f"i{i}-{seed}",
                    "majority_rate": CHANCE,
                    **columns,
                    metric_column(metric, list(factors)): number,
                }
            )
    facts = {f"a{i}": {"steps": steps} for i in range(len(arms))}
    curves = pd.DataFrame(columns=["run_id", "arm_id", "seed", "metric", "step", "value"])
    return StudyTables({"name": "simulated"}, pd.DataFrame(planned), pd.DataFrame(runs), curves, facts)


def make_study(factors: dict[str, list[Any]], *claims: dict[str, Any], seeds: int | list[int] = 8) -> Study:
    filled = [{"id": f"c{i}", "says": "it does", "metric": "final/test_accuracy", **c} for i, c in enumerate(claims)]
    return Study.model_validate({"title": "t", "factors": factors, "seeds": seeds, "claims": filled})


NORM = {"norm": ["none", "batch"]}
BN = {"arm": {"norm": "batch"}, "against": {"norm": "none"}}
