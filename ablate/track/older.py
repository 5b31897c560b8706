"""What stores of older releases do not say of their runs, and what may be inferred: less rather than more.

They hold no `vouches`, and wrote `censored` for every run of a function or of a file of which no outcome was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ablate.track.columns import metric_column
from ablate.track.record import ArmRecord
from ablate.train.metric import STEPS_TO_TARGET
from ablate.train.outcome import Outcome
from ablate.train.vouched import EVERYTHING


def known_facts(facts: Mapping[str, Any], program: str) -> dict[str, Any]:
    """Return an arm's facts; where they do not say what is vouched for, the NumPy core alone vouches for its runs."""
    if "vouches" in facts:
        return dict(facts)
    ours = program == "numpy" and not facts.get("imported")
    return {**facts, "vouches": sorted(EVERYTHING) if ours else []}


def retold(seeds: pd.DataFrame, arms: Sequence[ArmRecord]) -> pd.DataFrame:
    """Return the seeds table with `unknown` for the `censored` of older releases that nobody had told.

    Runs with steps to a target in any seed of their study had one; a run without a number there did not reach it.
    Imported runs of which no time was told had 0 seconds.
    """
    older = [arm for arm in arms if "vouches" not in arm.facts]
    imported = {arm.id for arm in older if arm.facts.get("imported")}
    silent = imported | {arm.id for arm in older if older_program(arm) == "function"}
    factors = {factor for arm in arms for factor in arm.levels}
    columns = [metric_column(name, factors) for name in STEPS_TO_TARGET]
    timed = any(name in seeds and seeds[name].notna().any() for name in columns)
    if not silent:
        return seeds
    guessed = seeds["arm_id"].isin(silent) & (seeds["outcome"] == Outcome.CENSORED.value) & (not timed)
    unmeasured = seeds["arm_id"].isin(imported) & (seeds["seconds"] == 0.0)
    return seeds.assign(
        outcome=seeds["outcome"].mask(guessed, Outcome.UNKNOWN.value), seconds=seeds["seconds"].mask(unmeasured)
    )


def older_program(arm: ArmRecord) -> str:
    """Return the name of the Program that made an arm's runs; empty where its configuration names none."""
    program = arm.config.get("program")
    return str(program.get("name", "")) if isinstance(program, dict) else ""
