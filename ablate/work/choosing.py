"""From finished tuning runs to the values that arms take, and the table that a study keeps of them."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from ablate.errors import Failure
from ablate.sweep.plan import Plan
from ablate.sweep.tune import Choice, cell_key, tuned_cell
from ablate.sweep.tuning_plan import TuningPlan
from ablate.track.store import Store
from ablate.train.outcome import FAILED

if TYPE_CHECKING:
    import pandas as pd


def choices_so_far(tuning: TuningPlan, plan: Plan, store: Store) -> dict[str, Choice] | None:
    """Return what is chosen for each cell, or None where trials are still missing."""
    logged = trial_scores(tuning, store)
    if any(identity not in logged for job in tuning.plan.jobs for identity in job.identities.values()):
        return None
    return choices(tuning, tuning_runs(tuning, plan, store), plan)


def tuning_runs(tuning: TuningPlan, plan: Plan, store: Store) -> pd.DataFrame:
    """Return the table of tuning runs (see `track.tuned`); runs that are missing are not in it.

    `serves` names the arms of `plan` that take the values of a cell.
    """
    import numpy as np
    import pandas as pd

    from ablate.track.tuned import best_trial, largest_budget, run_score, worst_for_failures

    logged = trial_scores(tuning, store)
    serves: dict[str, list[str]] = {}
    for job in plan.jobs:
        tuned_in = tuned_cell(plan.study, job.arm.levels)
        if tuned_in is not None:
            serves.setdefault(cell_key(tuned_in), []).append(job.arm.id)
    rows: list[dict[str, Any]] = []
    metric = tuning.tune.metric
    declared = plan.metrics().of(metric)
    for cell in tuning.cells:
        cell_rows: list[dict[str, Any]] = []
        budget = largest_budget([job.arm.facts for job in cell.jobs], declared.budget)
        for number, (job, values) in enumerate(zip(cell.jobs, tuning.trials, strict=True)):
            for seed, identity in job.identities.items():
                if identity not in logged:
                    continue
                outcome, value, _ = logged[identity]
                score = run_score(outcome, value, declared, {**job.arm.facts, **budget})
                cell_rows.append({
                    "arm_id": cell.id, "arm": cell.label, "serves": " ".join(serves.get(cell.key, [])),
                    "metric": metric, "trial": number, "seed": seed, "outcome": outcome,
                    "score": score, "chosen": False, **values,
                })  # fmt: skip
        scores = worst_for_failures([row["score"] for row in cell_rows], [row["outcome"] for row in cell_rows])
        by_trial: list[list[float]] = [[] for _ in tuning.trials]
        failed = [0] * len(tuning.trials)
        for row, score in zip(cell_rows, scores, strict=True):
            row["score"] = score
            by_trial[row["trial"]].append(score)
            failed[row["trial"]] += row["outcome"] in FAILED
        tried = [list(values.values()) for values in tuning.trials]
        best = best_trial([scores or [-math.inf] for scores in by_trial], tried, failed)
        rows += [{**row, "chosen": row["trial"] == best} for row in cell_rows]
    table = pd.DataFrame(rows)
    if len(table):
        table["chosen"] = table["chosen"].astype(np.bool_)
    return table


def with_tuning(plan: Plan, tuning: TuningPlan, store: Store) -> Plan:
    """Return a plan whose record holds the tuning runs that its values rest on."""
    runs = tuning_runs(tuning, plan, store)
    rows = [{str(name): value for name, value in row.items()} for row in runs.to_dict("records")]
    rows = [{**row, "score": row["score"] if math.isfinite(row["score"]) else None} for row in rows]
    return dataclasses.replace(plan, record=dataclasses.replace(plan.record, tuning=tuple(rows)))


def choices(tuning: TuningPlan, runs: pd.DataFrame, plan: Plan) -> dict[str, Choice]:
    """Return the choice of every cell, with the facts that its arms carry; `plan` is the study's that is tuned."""
    from ablate.track.tuned import tuned_facts

    chosen = {}
    sign = -1.0 if plan.metrics().of(tuning.tune.metric).better == "lower" else 1.0  # as `run_score` has it
    for cell in tuning.cells:
        rows = runs[runs["arm_id"] == cell.id]
        if (rows["outcome"] == "crashed").all():
            raise Failure(
                f"every tuning run of `{cell.label}` crashed; the tracebacks are in MLflow, experiment "
                f"{tuning.plan.record.name}; the same command tries them again"
            )
        won = rows[rows["chosen"]]
        trial = tuning.trials[int(won["trial"].iloc[0])]
        score = float(won["score"].mean())
        how = {
            "per": "study",
            "study": tuning.plan.record.name,
            "cell": cell.label,
            "metric": tuning.tune.metric,
            "trials": len(tuning.trials),
            "seeds": list(tuning.plan.record.seeds),
            "space": tuning.spaces(),
            "fixed": cell.fixed,
            "mean": sign * score if math.isfinite(score) else None,
            "failed": int(rows["outcome"].isin(FAILED).sum()),
            "runs": len(rows),
        }
        chosen[cell.key] = Choice(dict(trial), {"tuned": tuned_facts(rows), "tuning": how})
    return chosen


def finished_trials(tuning: TuningPlan, store: Store) -> frozenset[str]:
    """Return the identities of the tuning runs that need not run again."""
    return frozenset(
        identity for identity, (outcome, _, _) in trial_scores(tuning, store).items() if outcome != "crashed"
    )


def trial_scores(tuning: TuningPlan, store: Store) -> dict[str, tuple[str, float, float]]:
    """Return identity -> (outcome, value of the metric that decides, seconds) of the tuning runs there are."""
    return store.scores(tuning.plan.record.name, tuning.plan.record.key, tuning.tune.metric)
