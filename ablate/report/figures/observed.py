"""What the lens figures share: arrays of all seeds of an arm, and what an arm is called."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import Failure
from ablate.lang import counted, tr
from ablate.report.arms import arm_levels, varying
from ablate.report.level_texts import level_titles, short_levels
from ablate.track.record import StudyTables


def over_seeds(tables: StudyTables, name: str) -> dict[str, NDArray[Any]]:
    """Return an array of every arm that stored it, (seeds, …), in design order.

    Raises
    ------
    Failure
        The seeds of an arm stored arrays of different shapes.
    """
    stacked: dict[str, NDArray[Any]] = {}
    for arm in tables.planned["arm_id"].astype(str):
        per_seed = [arrays[name] for _, arrays in sorted(tables.arrays.get(arm, {}).items()) if name in arrays]
        if len({array.shape for array in per_seed}) > 1:
            raise Failure(f"the runs of arm {arm} stored arrays {name!r} of different shapes; no figure can join them")
        if per_seed:
            stacked[arm] = np.stack(per_seed)
    return stacked


def observed_titles(tables: StudyTables, *, separator: str = ", ") -> dict[str, str]:
    """Return, for each arm, its levels of the factors that vary; its label where nothing does."""
    texts: dict[str, Any] = {}
    factors = varying(tables)
    for arm, levels in arm_levels(tables).items():
        texts[arm] = level_titles({f: short_levels([levels[f]])[levels[f]] for f in factors})
    labels = dict(zip(tables.planned["arm_id"].astype(str), tables.planned["arm"].astype(str), strict=True))
    return {arm: separator.join(parts) or labels[arm] for arm, parts in texts.items()}


def not_drawn(arms: int, shown: int) -> str:
    """Return a sentence on the arms a figure has no room for; empty where there are none."""
    return tr(" {arms} not drawn.", arms=counted(arms - shown, "further arm")) if arms > shown else ""


def middle(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return median, lowest and highest over the first axis (seeds), ignoring NaN; NaN where nothing is known.

    >>> [end.tolist() for end in middle(np.array([[1.0, np.nan], [3.0, np.nan], [8.0, np.nan]]))]
    [[3.0, nan], [1.0, nan], [8.0, nan]]
    """
    finite = np.isfinite(values)
    some = finite.any(axis=0)
    center, low, high = (np.full(values.shape[1:], np.nan) for _ in range(3))
    if some.any():
        kept = np.where(finite, values, np.nan)[:, some]
        center[some] = np.nanmedian(kept, axis=0)
        low[some], high[some] = np.nanmin(kept, axis=0), np.nanmax(kept, axis=0)
    return center, low, high
