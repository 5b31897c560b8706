"""Seed runs one by one, as a store keeps them: who made each, when, with what, and all that came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ablate.levels import restored_levels
from ablate.track.earlier_runs import FINGERPRINT, READS, USED
from ablate.track.ledger import ARITHMETIC_TAG, CODE_TAG, Child
from ablate.track.long_tags import joined_tag
from ablate.track.names import KEYS_TAG, metric_name
from ablate.track.record import ArmRecord, Level, Origin, SeedRecord, StudyRecord
from ablate.track.values import split_values
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult
from ablate.values import from_json


@dataclass(frozen=True)
class StoredRun:
    """One seed run that counts, in short: what tags say of it.

    Attributes
    ----------
    error
        Last line of a crashed run's traceback; else empty.
    code
        Version of the code that made it, `1.2.0 <commit>`; empty where the run does not say.
    fingerprint
        What it was made by beside its configuration; empty where runs were stored before they carried it.
    started, ended
        Seconds since 1970.
    files
        The folder or address of its files; empty where it has none.
    arithmetic
        What computed it (see `RunResult.arithmetic`).
    """

    run_id: str
    arm_id: str
    arm: str
    levels: dict[str, Level]
    seed: int
    outcome: str
    identity: str
    error: str = ""
    code: str = ""
    fingerprint: str = ""
    started: float = 0.0
    ended: float = 0.0
    files: str = ""
    arithmetic: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """Who made it, and when: what a copy in another store keeps."""
        return Origin(code=self.code, fingerprint=self.fingerprint, ended=self.ended)


@dataclass(frozen=True)
class LoggedRun:
    """One seed run that counts, with everything that a store keeps of it.

    Attributes
    ----------
    arm
        With the configuration that it ran with; its facts are those of the plan, where the plan has the arm.
    record
        As it can be logged again: in this store or in another.
    """

    run: StoredRun
    arm: ArmRecord
    record: SeedRecord


def stored_run(child: Child, tags: Mapping[str, str], started: int, files: str) -> StoredRun:
    """Return a seed run in short, from its tags; `started` in milliseconds since 1970, `files` where its files are."""
    return StoredRun(
        run_id=child.run_id,
        arm_id=child.arm_id,
        arm=tags.get("ablate.arm", ""),
        levels=restored_levels(_mapping(joined_tag(tags, "ablate.levels"))),
        seed=child.seed or 0,
        outcome=child.outcome,
        identity=child.identity,
        error=tags.get("ablate.error", ""),
        code=tags.get(CODE_TAG, ""),
        fingerprint=tags.get(FINGERPRINT, ""),
        started=started / 1_000,
        ended=child.ended / 1_000,
        files=files,
        arithmetic={str(key): str(value) for key, value in _mapping(tags.get(ARITHMETIC_TAG)).items()},
    )


@dataclass(frozen=True)
class Beside:
    """What lies in files beside seed runs, by run id, and where; arrays and correctness by arm and seed."""

    files: Mapping[str, str]
    configs: Mapping[str, dict[str, Any]]
    errors: Mapping[str, str]
    arrays: Mapping[str, Mapping[int, Any]]
    correctness: Mapping[str, Mapping[int, Any]]


def logged_runs(
    children: Sequence[Child],
    *,
    tags: Mapping[str, Mapping[str, str]],
    started: Mapping[str, int],
    rows: Sequence[tuple[str, str, int, float]],
    curves_of: Mapping[str, frozenset[str]],
    record: StudyRecord,
    beside: Beside,
) -> list[LoggedRun]:
    """Put seed runs together from what a store keeps of them.

    Parameters
    ----------
    tags
        Run id -> all tags.
    rows
        (run id, metric key, step, value).
    curves_of
        Run id -> the metric keys that are curves.
    record
        The plan, which knows the facts of its arms.
    """
    by_id = {child.run_id: child for child in children}
    keyed = {run_id for run_id in by_id if KEYS_TAG in tags[run_id]}
    values = split_values(rows, by_id, curves_of, keyed)
    curves: dict[str, dict[str, Curve]] = {}
    for (run_id, metric), points in values.curves.groupby(["run_id", "metric"], sort=False):
        steps, numbers = points["step"].to_numpy(np.int64), points["value"].to_numpy(np.float64)
        curves.setdefault(str(run_id), {})[str(metric)] = Curve(steps, numbers)
    planned = planned_arms(record)
    logged = []
    for run_id, child in by_id.items():
        own_tags, run = tags[run_id], stored_run(child, tags[run_id], started.get(run_id, 0), beside.files[run_id])
        named = {metric_name(key) if run_id in keyed else key for key in curves_of.get(run_id, ())}
        nothing = Curve(np.zeros(0, np.int64), np.zeros(0))  # a curve of which no value was finite
        first = own_tags.get("ablate.first_nonfinite_step", "")
        result = RunResult(
            seed=run.seed,
            outcome=Outcome(run.outcome),
            metrics=dict(values.scalars[run_id]),
            curves={name: curves.get(run_id, {}).get(name, nothing) for name in sorted(named)},
            first_nonfinite_step=int(first) if first.isdecimal() else None,
            test_correct=beside.correctness.get(run.arm_id, {}).get(run.seed),
            seconds=values.seconds.get(run_id, float("nan")),
            error=beside.errors.get(run_id) or run.error or None,
            arrays=dict(beside.arrays.get(run.arm_id, {}).get(run.seed, {})),
            reads=tuple(from_json(own_tags[READS])) if READS in own_tags else None,
            used=_mapping(own_tags.get(USED)),
            arithmetic=run.arithmetic,
        )
        arm = planned.get(run.arm_id)
        facts = arm.facts if arm is not None else {"fingerprint": run.fingerprint}
        config = beside.configs.get(run_id) or (arm.config if arm is not None else {})
        baseline = own_tags.get("ablate.baseline") == "true"
        own_arm = ArmRecord(run.arm_id, run.arm, run.levels, config, facts, baseline)
        logged.append(LoggedRun(run, own_arm, SeedRecord(run.identity, result, run.origin)))
    return logged


def planned_arms(record: StudyRecord) -> dict[str, ArmRecord]:
    """Return arm id -> arm, over all that a plan keeps runs under: its arms, their trials, the copy's too."""
    arms = {arm.id: arm for arm in (*record.arms, *record.run_arms)}
    if record.trials is not None and record.trials.copy is not None:
        arms.setdefault(record.trials.copy.id, record.trials.copy)
    return arms


def _mapping(text: str | None) -> dict[str, Any]:
    """Return what a tag holds; nothing where there is none, or somebody damaged it."""
    try:
        parsed = from_json(text or "{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
