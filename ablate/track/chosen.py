"""The trial that every judging seed of a tuned arm chooses, by validation scores alone: its run is the arm's.

Chosen anew whenever a study is read, so that a choice is never older than the runs it rests on. Of the trials that
are not chosen nothing is read but the metrics that decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ablate.track.ledger import Child
from ablate.track.record import ArmRecord, StudyRecord, Trials
from ablate.track.store import Score
from ablate.track.tuned import best_trial, join_tables, largest_budget, run_score, tuned_facts, worst_for_failures
from ablate.train.metric import Metric, metric_from
from ablate.train.outcome import FAILED

Runs = Mapping[tuple[str, int], Child]  # by arm and seed


@dataclass(frozen=True)
class ChosenTrials:
    """What was chosen.

    Attributes
    ----------
    runs
        (tuned arm, seed) -> the run of the trial it chose; a seed of which a trial is missing chooses none.
    facts
        Tuned arm -> `tuned` and `tuning` (see `ArmRecord.facts`), and `trial_runs`: seed as text -> id of the arm that
        its trial is kept under.
    table
        The tuning runs (see `track.tuned`); None where nothing is tuned in every seed.
    copies
        Seed of the study -> the run that the copy of the baseline chose in its own seed beside it.
    """

    runs: dict[tuple[str, int], Child] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    table: pd.DataFrame | None = None
    copies: dict[int, Child] = field(default_factory=dict)

    @property
    def every(self) -> dict[tuple[str, int], Child]:
        """All runs that were chosen, those of the copy under the name `copy`."""
        return {**self.runs, **{("copy", seed): run for seed, run in self.copies.items()}}


def choose_trials(
    record: StudyRecord, runs: Runs, scores: Mapping[str, Score], ties: Mapping[str, Score]
) -> ChosenTrials:
    """Choose a trial for every seed of the arms that are tuned in every seed.

    Parameters
    ----------
    runs
        The seed runs that count, of trials and of other arms.
    scores, ties
        Identity -> outcome, value and seconds, for the metric that decides and the one that decides between equals.
    """
    trials = record.trials
    if trials is None:
        return ChosenTrials()
    winners: dict[tuple[str, int], Child] = {}
    facts: dict[str, dict[str, Any]] = {}
    tables = []
    copy = trials.copy
    planned = {arm.id: arm for arm in (*record.arms, *trials.arms, *([copy] if copy is not None else []))}
    copies: dict[int, Child] = {}
    for arm_id, trial_ids in trials.of.items():
        if copy is not None and arm_id == copy.id:
            for seed in record.seeds:
                there = [runs.get((trial, trials.copy_seed(seed))) for trial in trial_ids]
                best = _of_seed(
                    trials, arm_id, [planned[trial] for trial in trial_ids], there, scores=scores, ties=ties
                )[1]
                run = None if best is None else there[best]
                copies |= {} if run is None else {seed: run}
            continue
        seeds = sorted({*record.seeds, *(seed for arm, seed in runs if arm in trial_ids)})
        rows: list[dict[str, Any]] = []
        chosen: dict[int, str] = {}
        arms = [planned[trial] for trial in trial_ids]
        for seed in seeds:
            there = [runs.get((trial, seed)) for trial in trial_ids]
            made, best = _of_seed(trials, arm_id, arms, there, scores=scores, ties=ties)
            run = None if best is None else there[best]
            if best is not None and run is not None:
                winners[arm_id, seed], chosen[seed] = run, trial_ids[best]
            rows += [{**row, "seed": seed, "chosen": row["trial"] == best} for row in made]
        table = _table(planned[arm_id], trials, rows)
        tables.append(table)
        if chosen:
            facts[arm_id] = _facts(planned[arm_id], trials, table, chosen)
    whole = join_tables([table for table in tables if len(table)]) if any(map(len, tables)) else None
    return ChosenTrials(winners, facts, whole, copies)


def _of_seed(
    trials: Trials,
    arm_id: str,
    arms: Sequence[ArmRecord],
    runs: Sequence[Child | None],
    *,
    scores: Mapping[str, Score],
    ties: Mapping[str, Score],
) -> tuple[list[dict[str, Any]], int | None]:
    """Return a row for every run of one seed of an arm, and the number of the trial it chooses.

    None where one of its trials is missing.
    """
    values = trials.tried_by(arm_id)
    metric = metric_from(trials.metric["name"], _declared(trials.metric))
    there = [(number, run) for number, run in enumerate(runs) if run is not None]
    counted = _scores(metric, arms, there, scores)
    made = [
        {"trial": number, "outcome": run.outcome, "score": score, **values[number]}
        for (number, run), score in zip(there, counted, strict=True)
    ]
    if len(there) < len(runs):
        return made, None
    smooth = None
    if trials.ties:
        smooth = _scores(metric_from(trials.ties["name"], _declared(trials.ties)), arms, there, ties)
    tried = [list(one.values()) for one in values]
    failed = [int(run.outcome in FAILED) for _, run in there]
    return made, best_trial([[score] for score in counted], tried, failed, smooth)


def _scores(
    metric: Metric, arms: Sequence[ArmRecord], runs: Sequence[tuple[int, Child]], scores: Mapping[str, Score]
) -> list[float]:
    budget = largest_budget([arm.facts for arm in arms], metric.budget)
    counted = []
    for number, run in runs:
        value = scores.get(run.identity, (run.outcome, math.nan, math.nan))[1]
        counted.append(run_score(run.outcome, value, metric, {**arms[number].facts, **budget}))
    return worst_for_failures(counted, [run.outcome for _, run in runs])


def _table(arm: ArmRecord, trials: Trials, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    head = {"arm_id": arm.id, "arm": arm.label, "serves": arm.id, "metric": trials.metric["name"]}
    order = [*head, "trial", "seed", "outcome", "score", "chosen", *trials.tried_by(arm.id)[0]]
    table = pd.DataFrame([{**head, **row} for row in rows], columns=order)
    return table.assign(chosen=table["chosen"].astype(np.bool_))


def _facts(arm: ArmRecord, trials: Trials, table: pd.DataFrame, chosen: Mapping[int, str]) -> dict[str, Any]:
    """Return what an arm's facts say of its tuning, over the seeds that chose."""
    rows = table[table["seed"].isin(list(chosen))]
    mean = float(rows.loc[rows["chosen"], "score"].mean())
    sign = -1.0 if trials.metric.get("better") == "lower" else 1.0  # as `run_score` has it
    how = {
        **arm.facts["tuning"],
        "seeds": sorted(chosen),
        "mean": sign * mean if math.isfinite(mean) else None,
        "failed": int(rows["outcome"].isin(FAILED).sum()),
        "runs": len(rows),
    }
    kept = {str(seed): trial for seed, trial in sorted(chosen.items())}
    return {"tuned": tuned_facts(rows), "tuning": how, "trial_runs": kept}


def _declared(metric: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metric.items() if key != "name"}
