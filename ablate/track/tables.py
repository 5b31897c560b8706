"""From what a store holds of a study to tidy tables: the same for every store."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.track.chosen import ChosenTrials
from ablate.track.columns import factor_column, metric_column
from ablate.track.earlier_runs import arm_facts
from ablate.track.ledger import Child
from ablate.track.older import known_facts, older_program, retold
from ablate.track.record import ArmRecord, Level, StudyRecord, StudyTables
from ablate.track.served import serve_chosen, serve_curves, serve_runs, served_arms, tuning_table
from ablate.track.values import Values

MISSING = "missing"


def tables_of(
    record: StudyRecord,
    head: Mapping[str, Any],
    counted: Mapping[tuple[str, int], Child],
    values: Values,
    *,
    steps_of: Mapping[str, str],
    reads: Mapping[str, frozenset[str]],
    used: Mapping[str, Mapping[str, str]],
    chosen: ChosenTrials,
) -> StudyTables:
    """Return the tables of a study.

    Parameters
    ----------
    head
        What becomes `StudyTables.study`.
    counted
        The seed runs that count, by arm and seed, of arms that are planned; of arms that are tuned in every seed the
        trials that were chosen.
    steps_of
        Run id -> its first step that was not finite, as text.
    reads
        Run id -> what it looked at, of those that say so.
    used
        Run id -> what its modules said that no import statement shows, file -> digest.
    chosen
        What every seed of such an arm chose.
    """
    told = arm_facts(record, counted, reads, head["registration"], used)
    facts = {
        arm.id: {**known_facts(arm.facts, older_program(arm)), **told[arm.id], **chosen.facts.get(arm.id, {})}
        for arm in record.arms
    }
    served = served_arms(facts)
    return StudyTables(
        study=dict(head),
        planned=_planned(record.arms),
        seeds=retold(_seeds(record, serve_runs(counted, served), values, steps_of), record.arms),
        curves=serve_curves(serve_chosen(values.curves, record, chosen.runs), served),
        facts=facts,
        tuning=tuning_table(record) if chosen.table is None else chosen.table,
        copy=_copy(record, chosen, values),
    )


def _copy(record: StudyRecord, chosen: ChosenTrials, values: Values) -> pd.DataFrame | None:
    if record.trials is None or record.trials.copy is None:
        return None
    rate = float(record.trials.copy.facts.get("majority_rate", math.nan))
    factors = [name for arm in record.arms for name in arm.levels]
    rows = [
        {"copy_of": record.trials.copied, "seed": seed, "outcome": run.outcome, "majority_rate": rate}
        | {metric_column(name, factors): value for name, value in values.scalars[run.run_id].items()}
        for seed, run in sorted(chosen.copies.items())
    ]
    return pd.DataFrame(rows, columns=None if rows else ["copy_of", "seed", "outcome", "majority_rate"])


def computed(told: Iterable[Mapping[str, str]]) -> dict[str, dict[str, int]]:
    """Return what computed the runs, name -> value -> number of runs, from what each run says."""
    counts: dict[str, Counter[str]] = {}
    for one in told:
        for name, value in one.items():
            counts.setdefault(name, Counter())[str(value)] += 1
    return {name: dict(values) for name, values in sorted(counts.items())}


def _planned(arms: Sequence[ArmRecord]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "arm_id": [arm.id for arm in arms],
            "arm": [arm.label for arm in arms],
            "baseline": np.asarray([arm.baseline for arm in arms], dtype=np.bool_),
        }
    )
    return table.assign(**_factors(arms))


def _factors(arms: Sequence[ArmRecord]) -> dict[str, pd.Series]:
    names = list(dict.fromkeys(name for arm in arms for name in arm.levels))
    return {factor_column(name): _typed([arm.levels.get(name) for arm in arms]) for name in names}


def _typed(levels: Sequence[Level]) -> pd.Series:
    # pandas would make None of a text column NaN, 1 of [1, 0.5] a float, and text of a list level; only columns of one
    # plain kind get a dtype.
    kinds = {type(level) for level in levels}
    return pd.Series(list(levels), dtype=None if len(kinds) == 1 and kinds <= {str, int, float, bool} else object)


def _seeds(
    record: StudyRecord,
    counted: Mapping[tuple[str, int], Child],
    values: Values,
    steps_of: Mapping[str, str],
) -> pd.DataFrame:
    planned = [(arm, seed) for arm in record.arms for seed in record.seeds]
    asked = {(arm.id, seed) for arm, seed in planned}
    by_id = {arm.id: arm for arm in record.arms}
    beyond = [(by_id[arm_id], seed) for arm_id, seed in sorted(counted) if (arm_id, seed) not in asked]
    cells = planned + beyond
    runs = [counted.get((arm.id, seed)) for arm, seed in cells]
    scalars = [values.scalars[run.run_id] if run else {} for run in runs]
    first = [steps_of.get(run.run_id) if run else None for run in runs]
    table = pd.DataFrame(
        {
            "arm_id": [arm.id for arm, _ in cells],
            "arm": [arm.label for arm, _ in cells],
            "seed": np.asarray([seed for _, seed in cells], dtype=np.int64),
            "outcome": [run.outcome if run else MISSING for run in runs],
            "first_nonfinite_step": [float(step) if step is not None else math.nan for step in first],
            "seconds": [values.seconds.get(run.run_id, math.nan) if run else math.nan for run in runs],
            "run_id": [run.run_id if run else "" for run in runs],
            "identity": [run.identity if run else "" for run in runs],
            "majority_rate": [float(arm.facts.get("majority_rate", math.nan)) for arm, _ in cells],
        }
    )
    factors = list(dict.fromkeys(name for arm in record.arms for name in arm.levels))
    metrics = {
        metric_column(name, factors): np.asarray([of_run.get(name, math.nan) for of_run in scalars], dtype=np.float64)
        for name in sorted({name for of_run in scalars for name in of_run})
    }
    return table.assign(**_factors([arm for arm, _ in cells]), **metrics)
