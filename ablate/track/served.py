"""Runs that serve two arms: where tuning chose the fixed values, the tuned arm has the fixed arm's runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import pandas as pd

from ablate.track.record import StudyRecord

T = TypeVar("T")


def served_arms(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return arm id -> id of the arm whose runs are its own too, from the facts of the arms."""
    return {arm: str(known["same_as"]) for arm, known in facts.items() if known.get("same_as")}


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


def serve_arms(held: Mapping[str, T], facts: Mapping[str, Mapping[str, Any]]) -> dict[str, T]:
    """Return what is held by arm (arrays, say), the arms that are served included."""
    return {**held, **{arm: held[source] for arm, source in served_arms(facts).items() if source in held}}


def tuning_table(record: StudyRecord) -> pd.DataFrame | None:
    """Return the tuning runs a study rests on as a table (see `judge.tuned`); None where nothing was tuned."""
    if not record.tuning:
        return None
    scores = [-math.inf if row["score"] is None else float(row["score"]) for row in record.tuning]
    return pd.DataFrame(list(record.tuning)).assign(score=scores)
