"""The design as the report needs it: levels without pandas' substitutes for None, factors that vary, the baseline."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ablate.lang import msg, tr
from ablate.report.level_texts import shortened
from ablate.track.record import Level, StudyTables

_BASELINE = msg("baseline")


def level(value: Any) -> Level:
    """Return a level as the plan typed it: numpy scalars as Python's, NaN (how pandas keeps a missing level) as None.

    >>> import numpy as np
    >>> level(np.float64(0.1)), level(float("nan")), level(np.bool_(True))
    (0.1, None, True)
    """
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value  # type: ignore[no-any-return]


def arm_levels(tables: StudyTables) -> dict[str, dict[str, Level]]:
    """Return factor -> level for every planned arm, by arm id, in design order."""
    factors = tables.factors
    ids = tables.planned["arm_id"].astype(str)
    return {arm: {f: level(row[f]) for f in factors} for arm, row in zip(ids, tables.levels(), strict=True)}


def factor_levels(tables: StudyTables) -> dict[str, list[Level]]:
    """Return the levels of every factor in the order the design meets them."""
    arms = arm_levels(tables).values()
    return {factor: list(dict.fromkeys(arm[factor] for arm in arms)) for factor in tables.factors}


def own_runs(tables: StudyTables) -> pd.DataFrame:
    """Return the rows of the seeds table whose runs are their arm's own: a run that serves two arms once."""
    served = [arm for arm, facts in tables.facts.items() if facts.get("same_as")]
    return tables.seeds[~tables.seeds["arm_id"].isin(served)]


def varying(tables: StudyTables) -> list[str]:
    """Return the factors with more than one level."""
    return [factor for factor, levels in factor_levels(tables).items() if len(levels) > 1]


def arm_title(label: str) -> str:
    """Return an arm's label as a reader meets it: the word `baseline` is translated, long levels are shortened."""
    return tr(label) if label == _BASELINE else shortened(label)


def arm_titles(tables: StudyTables) -> dict[str, str]:
    """Return the arms' titles by arm id, in design order."""
    labels = {str(arm): str(label) for arm, label in zip(tables.planned["arm_id"], tables.planned["arm"], strict=True)}
    titles = {arm: arm_title(label) for arm, label in labels.items()}
    return titles if len(set(titles.values())) == len(set(labels.values())) else labels


def baseline_arm(tables: StudyTables) -> str | None:
    """Return the arm id of the baseline: the first marked arm, else the first arm, None for an empty plan."""
    planned = tables.planned
    if planned.empty:
        return None
    marked = planned.loc[planned["baseline"].astype(bool), "arm_id"]
    return str(marked.iloc[0] if len(marked) else planned["arm_id"].iloc[0])
