"""Runs that learned and lost it again: told of runs whose end was written down before that was an outcome.

A run has `collapsed` where its score ends at the majority rate + 3 standard errors or below after it had been above.
Of a stored run three things tell it: that it `reached` its target or was `censored` (it was above once; what never was
is `stalled`), its final score on the part of the data that the target is about, and the number of examples there. Where
one of them is not stored (imported results, own functions), it cannot be known, and the outcome stands as it was told.

A metric without such a level has its outliers: see `outlying`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.track.record import StudyTables
from ablate.train.metric import Metric
from ablate.train.outcome import Outcome, stall_threshold

TOLD = "told_outcomes"
"""Where `StudyTables.study` keeps the outcomes that were replaced: arm -> seed -> outcome."""

ROBUST_SDS = 8.0  # of 1.4826 times the median distance to the median; no normal run, one lognormal (σ = ½) in 3,000
SHARE = 0.2  # of a score in [0, 1]: 20 percentage points
PART = 0.5  # of the median, where the metric is not a share
FEWEST = 6  # runs of an arm, of which most tell what is usual

_ONCE_ABOVE = (Outcome.REACHED.value, Outcome.CENSORED.value)


def with_collapses(tables: StudyTables) -> StudyTables:
    """Return the tables with `collapsed` as the outcome of stored runs that did; what was told is kept in `study`."""
    if TOLD in tables.study:
        return tables
    collapsed = _collapsed(tables)
    if not collapsed.any():
        return replace(tables, study={**tables.study, TOLD: {}})
    told: dict[str, dict[int, str]] = {}
    for arm, seed, outcome in tables.seeds.loc[collapsed, ["arm_id", "seed", "outcome"]].itertuples(index=False):
        told.setdefault(str(arm), {})[int(seed)] = str(outcome)
    seeds = tables.seeds.assign(outcome=tables.seeds["outcome"].astype(str).mask(collapsed, Outcome.COLLAPSED.value))
    return replace(tables, study={**tables.study, TOLD: told}, seeds=seeds)


def outcome_told(tables: StudyTables, arm: str, seed: int, outcome: Any) -> Any:
    """Return the outcome of a run as it was written down when it ended."""
    return tables.study.get(TOLD, {}).get(arm, {}).get(seed, outcome)


def _collapsed(tables: StudyTables) -> NDArray[np.bool_]:
    fixed = (tables.study.get("definition") or {}).get("fixed") or {}
    split = str(fixed.get("target_split", "validation"))
    score = tables.logged(f"final/{split}_accuracy")
    if score is None or "majority_rate" not in tables.seeds:
        return np.zeros(len(tables.seeds), dtype=np.bool_)
    sizes = [tables.facts.get(str(arm), {}).get(f"{split}_size") for arm in tables.seeds["arm_id"]]
    rates = pd.to_numeric(tables.seeds["majority_rate"]).to_numpy(dtype=np.float64, na_value=np.nan)
    limits = [
        stall_threshold(rate, int(size)) if size and np.isfinite(rate) else -np.inf
        for rate, size in zip(rates, sizes, strict=True)
    ]
    final = pd.to_numeric(score).to_numpy(dtype=np.float64, na_value=np.nan)
    above = tables.seeds["outcome"].astype(str).isin(_ONCE_ABOVE).to_numpy()
    return np.asarray(above & (final <= np.array(limits)), dtype=np.bool_)


def outlying(declared: Metric, value: NDArray[np.float64], filled: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which runs lie so far on the worse side of their arm that they are not of its kind, bool (seeds, arms).

    By more than `ROBUST_SDS` robust standard deviations below the median of its arm, and by more than `SHARE` (of a
    share) or `PART` of the median's size. They keep their value, and are counted as runs that failed. Only where the
    metric says which way is better, is a result (no time, no count of steps to a target, no mean over the run), and an
    arm has `FEWEST` values.

    Parameters
    ----------
    declared
        What the metric means.
    value
        Of every run, NaN where it has none, float64 (seeds, arms).
    filled
        Values that are not the runs' own, bool (seeds, arms).
    """
    outliers = np.zeros(value.shape, dtype=np.bool_)
    if declared.better is None or declared.is_time or declared.over_the_run:
        return outliers
    sign = 1.0 if declared.better == "higher" else -1.0
    unfilled = np.where(filled, np.nan, value)
    for column in range(value.shape[1]):
        x = unfilled[:, column]
        finite = x[np.isfinite(x)]
        if len(finite) < FEWEST:
            continue
        median = float(np.median(finite))
        spread = 1.4826 * float(np.median(np.abs(finite - median)))
        amount = SHARE * declared.whole if declared.is_share else PART * abs(median)
        outliers[:, column] = sign * (median - x) > max(ROBUST_SDS * spread, amount)
    return outliers
