"""Runs of the store in memory, as the other stores tell theirs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ablate.identity import made_by
from ablate.track.ledger import Child
from ablate.track.record import ArmRecord, Origin, SeedRecord
from ablate.track.stored_run import LoggedRun, StoredRun
from ablate.track.values import Points, Values
from ablate.train.outcome import LARGEST, Outcome


def run_id(identity: str) -> str:
    """Return the id of a run in memory."""
    return identity[:32]


def logged_run(arm: ArmRecord, run: SeedRecord, ended: float) -> LoggedRun:
    """Return a seed run with all that is kept of it."""
    result, origin = run.result, run.origin or Origin("", made_by(arm.facts), ended)
    short = StoredRun(
        run_id=run_id(run.identity), arm_id=arm.id, arm=arm.label, levels=dict(arm.levels), seed=result.seed,
        outcome=str(result.outcome), identity=run.identity,
        error=result.error.strip().splitlines()[-1] if result.error else "", code=origin.code,
        fingerprint=origin.fingerprint, started=origin.ended - result.took, ended=origin.ended,
        arithmetic=dict(result.arithmetic),
    )  # fmt: skip
    return LoggedRun(short, arm, replace(run, origin=origin))


def child(arm: str, run: SeedRecord, ended: float) -> Child:
    """Return a seed run as a ledger knows it."""
    outcome = str(run.result.outcome)
    status = "FAILED" if run.result.outcome == Outcome.CRASHED else "FINISHED"
    return Child(
        run_id=run_id(run.identity), kind="seed", arm_id=arm, seed=run.result.seed, status=status, outcome=outcome,
        identity=run.identity, parent="", ended=int(1_000 * ended), artifact_uri="",
    )  # fmt: skip


def run_values(counted: Mapping[tuple[str, int], Child], runs: Mapping[tuple[str, int], SeedRecord]) -> Values:
    """Return the scalars, seconds and curves of runs."""
    scalars: dict[str, dict[str, float]] = {}
    seconds: dict[str, float] = {}
    points = Points()
    for at, child in counted.items():
        result = runs[at].result
        scalars[child.run_id] = {name: v for name, v in result.metrics.items() if abs(v) <= LARGEST}
        if not math.isnan(result.seconds):
            seconds[child.run_id] = result.seconds
        for metric, curve in result.curves.items():
            for step, value in zip(curve.steps.tolist(), curve.values.tolist(), strict=True):
                if abs(value) <= LARGEST:
                    points.runs.append(child)
                    points.metrics.append(metric)
                    points.steps.append(step)
                    points.held.append(value)
    return Values(scalars, seconds, points.table())
