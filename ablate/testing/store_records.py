"""Records that stores are tried on: two arms, their runs, and an arm that chooses among trials."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ablate.track.record import ArmRecord, SeedRecord, StudyRecord, Trials
from ablate.track.store import Store
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult

METRIC = "final/test_accuracy"


@dataclass(frozen=True)
class EmptyStores:
    """Makes an empty store for every check."""

    make: Callable[[], Store]

    def filled(self) -> tuple[Store, StudyRecord]:
        """Return a store with two of three seeds of two arms, and the study."""
        store, study = self.make(), study_of("norms", "k1")
        session = store.open(study)
        for arm in study.arms:
            session.log_arm(arm, [record_of(arm, seed) for seed in study.seeds[:2]])
        session.close("FINISHED")
        return store, study


def norm_arm(name: str, *, baseline: bool = False) -> ArmRecord:
    """Return an arm at a level of `norm`."""
    facts = {"dataset": "none", "fingerprint": "f00d", "majority_rate": 0.1, "vouches": []}
    return ArmRecord(
        f"{name:0<12}", f"norm={name}", {"norm": name, "lr": 0.1}, {"norm": name, "lr": 0.1}, facts, baseline
    )


def study_of(
    name: str, key: str, arms: tuple[str, ...] = ("none", "batch"), seeds: tuple[int, ...] = (0, 1, 5)
) -> StudyRecord:
    """Return the record of a study over these arms."""
    definition = {"title": name, "factors": {"norm": list(arms), "lr": [0.1]}}
    records = tuple(norm_arm(arm, baseline=arm == "none") for arm in arms)
    return StudyRecord(name, key, definition, records, seeds, f"ablate run {name}", "A note.", {"parts": []})


def record_of(arm: ArmRecord, seed: int, **changed: Any) -> SeedRecord:
    """Return a seed run of an arm, with what is changed of its result."""
    steps = np.array([0, 10, 20], np.int64)
    result = RunResult(
        seed=seed,
        outcome=Outcome.CENSORED,
        metrics={METRIC: metric_value(arm, seed), "ttt/steps": 12.0 + seed},
        curves={"train/loss": Curve(steps, np.array([2.0, 1.0 + seed, math.nan]))},
        test_correct=np.array([True, False, seed % 2 == 0]),
        seconds=0.5 + seed,
        arrays={"counts": np.arange(seed + 1)},
        reads=("norm",),
    )
    return SeedRecord(f"{arm.id}-{seed}", replace(result, **changed))


def metric_value(arm: ArmRecord, seed: int) -> float:
    """Return what a run has as `METRIC`."""
    return 0.25 + 0.125 * seed + (0.0625 if arm.baseline else 0.0)


def tried_study() -> tuple[StudyRecord, dict[str, list[SeedRecord]]]:
    """Return a study whose one arm chooses among two trials, and the runs of these, by arm id.

    The first trial is better in seed 0; the second in seed 1, by the score for ties; in seed 5 it is missing.
    """
    trial_arms = tuple(
        replace(norm_arm(name), levels={"norm": "none", "lr": lr}) for name, lr in (("slow", 0.1), ("fast", 1.0))
    )
    study = study_of("tuned", "k1", arms=("none",))
    arm = replace(study.arms[0], facts={**study.arms[0].facts, "tuning": {"cell": "none"}})
    decides, ties = ({"name": name, "better": better} for name, better in (("score", "higher"), ("smooth", "lower")))
    trials = Trials(
        decides, ties, ({"lr": 0.1}, {"lr": 1.0}), trial_arms, {arm.id: tuple(one.id for one in trial_arms)}
    )
    scores = ({0: 0.9, 1: 0.7, 5: 0.3}, {0: 0.5, 1: 0.7})
    runs = {
        trial.id: [
            record_of(
                trial, seed, metrics={METRIC: metric_value(trial, seed), "score": score, "smooth": -float(number)}
            )
            for seed, score in scores[number].items()
        ]
        for number, trial in enumerate(trial_arms)
    }
    return replace(study, arms=(arm,), trials=trials), runs
