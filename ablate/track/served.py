"""Runs that serve two arms: where tuning chose the fixed values, the tuned arm has the fixed arm's runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import pandas as pd

from ablate.track.ledger import Child
from ablate.track.record import StudyRecord

T = TypeVar("T")


def served_arms(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return arm id -> id of the arm whose runs are its own too, from the facts of the arms."""
    return {arm: str(arm_facts["same_as"]) for arm, arm_facts in facts.items() if arm_facts.get("same_as")}


def serve_runs(counted: Mapping[tuple[str, int], T], served: Mapping[str, str]) -> dict[tuple[str, int], T]:
    """Return what is held by arm and seed, the arms that are served included."""
    both = dict(counted)
    for arm_id, source in served.items():
        both.update({(arm_id, seed): run for (owner, seed), run in counted.items() if owner == source})
    return both


def serve_curves(curves: pd.DataFrame, served: Mapping[str, str]) -> pd.DataFrame:
    """Return the long table of curves, with those of the arms that are served."""
    copies = [curves[curves["arm_id"] == source].assign(arm_id=arm_id) for arm_id, source in served.items()]
    return pd.concat([curves, *copies], ignore_index=True) if copies else curves


def serve_chosen(curves: pd.DataFrame, record: StudyRecord, chosen: Mapping[tuple[str, int], Child]) -> pd.DataFrame:
    """Return the long table of curves with those of the trials that tuned arms chose, under these arms."""
    if record.trials is None:
        return curves
    arm_curves = curves[curves["arm_id"].isin([arm.id for arm in record.arms])]
    taken = []
    for arm_id in record.trials.of:
        runs = {run.run_id for (arm, _), run in chosen.items() if arm == arm_id}
        taken.append(curves[curves["run_id"].isin(runs)].assign(arm_id=arm_id))
    return pd.concat([arm_curves, *taken], ignore_index=True)


def serve_arms(by_arm: Mapping[str, dict[int, T]], facts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[int, T]]:
    """Return what is held by arm and seed (arrays, say) of the arms that facts are known of, those served included.

    Of an arm that is tuned in every seed it is what the trial has that the seed chose; trials that no seed chose are
    not among them.
    """
    served = {arm: by_arm[arm] for arm in facts if arm in by_arm}
    served |= {arm: by_arm[source] for arm, source in served_arms(facts).items() if source in by_arm}
    for arm, arm_facts in facts.items():
        trials = {int(seed): str(trial) for seed, trial in (arm_facts.get("trial_runs") or {}).items()}
        if trials:
            served[arm] = {seed: by_arm[t][seed] for seed, t in trials.items() if seed in by_arm.get(t, {})}
    return served


def tuning_table(record: StudyRecord) -> pd.DataFrame | None:
    """Return the tuning runs a study rests on as a table (see `track.tuned`); None where nothing was tuned."""
    if not record.tuning:
        return None
    scores = [-math.inf if row["score"] is None else float(row["score"]) for row in record.tuning]
    return pd.DataFrame(list(record.tuning)).assign(score=scores)
