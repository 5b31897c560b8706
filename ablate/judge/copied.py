"""The A/A gate: what a copy of the baseline that tunes for itself differs by must not be able to make a verdict.

The copy shares what every arm of a seed shares, its data, and draws weights, order and the like anew; where its Program
cannot keep the data, everything. Its true difference from the baseline is 0, so what is seen of one is what tuning and
draws alone make in this study.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.claims.comparison import Comparison
from ablate.claims.reason import because
from ablate.judge.endpoint import endpoint
from ablate.judge.evidence import Collected
from ablate.judge.gates import tuned_sides
from ablate.judge.verdict import GateResult
from ablate.stats.equivalence import tost_p
from ablate.stats.mean import mean_interval
from ablate.track.record import StudyTables

COPY = "copy"
LEAST = 6
"""Seeds below which no sign-flip test of 5 % can show anything."""


def copy_gate(
    collected: Collected, tables: StudyTables, arm_ids: Mapping[Any, str], *, asked: bool, alpha: float
) -> GateResult | None:
    """Look whether the copy of the baseline differs from it by so much that a verdict could rest on it.

    A claim passes where the copy is equivalent to the baseline at the claim's δ (TOST, on its metric and scale), or
    where the claim's effect lies farther from the end of its region than the copy differs at most (the ends of its
    interval at 1 − 2α): taken off the effect, that difference would leave the verdict what it is. None without
    a copy, where no arm of the claim is tuned, and for a claim that is not about a mean of differences or has no
    δ. A copy that the study asks for (`asked`) and that is not there, not run yet or lost with its file, is one of no
    seeds: the claim does not pass.
    """
    comparison = collected.comparison
    plan = comparison.claim.noise_plan()
    if plan is None or not plan.gap > 0 or not may_hold_back(comparison, tables, arm_ids, asked=asked):
        return None
    metric = comparison.claim.metric
    differences = copy_differences(tables, metric, logged=plan.logged)
    said = {
        "metric": f"log {metric}" if plan.logged else metric, "n": len(differences), "delta": plan.gap,
        "unit": "" if plan.logged else collected.meaning.unit,
    }  # fmt: skip
    if len(differences) < LEAST:
        return GateResult(COPY, False, because("copy_too_few", **said, needed=LEAST))
    low, high = mean_interval(differences, level=1.0 - 2.0 * alpha)
    passed = tost_p(differences, within=plan.gap) <= alpha
    said |= {"effect": float(differences.mean()), "low": float(low), "high": float(high)}
    if passed or collected.estimate is None:
        return GateResult(COPY, passed, because("copy_alike" if passed else "copy_apart", **said))
    most = plan.factor * max(abs(float(low)), abs(float(high)))
    apart = min(abs(collected.estimate.effect - end) for end in collected.region if math.isfinite(end))
    if apart <= most:
        return GateResult(COPY, False, because("copy_apart", **said))
    return GateResult(COPY, True, because("copy_small", **said, apart=apart, most=most))


def may_hold_back(comparison: Comparison, tables: StudyTables, arm_ids: Mapping[Any, str], *, asked: bool) -> bool:
    """Tell whether the copy of a baseline bears on a claim, at some δ."""
    none = tables.copy is None or tables.copy.empty
    if (none and not asked) or comparison.claim.noise_plan() is None or not comparison.claim.sampled:
        return False
    return bool(tuned_sides(comparison, tables, arm_ids))


def copy_differences(tables: StudyTables, metric: str, *, logged: bool = False) -> NDArray[np.float64]:
    """Return copy minus baseline by seed, failures filled as in every analysis; seeds without a value are left out."""
    copy = tables.copy
    if copy is None or copy.empty:
        return np.empty(0)
    of = str(copy["copy_of"].iloc[0])
    base = tables.seeds[(tables.seeds["arm_id"] == of) & tables.seeds["seed"].isin(copy["seed"])]
    planned = tables.planned[tables.planned["arm_id"] == of]
    both = dataclasses.replace(
        tables,
        planned=pd.concat([planned, planned.assign(arm_id=COPY, arm=COPY, baseline=False)], ignore_index=True),
        seeds=pd.concat([base, copy.assign(arm_id=COPY, arm=COPY)], ignore_index=True),
        facts={of: tables.facts.get(of, {}), COPY: tables.facts.get(of, {})},
        copy=None,
    )
    ended = endpoint(both, metric)
    order = [list(ended.arm_ids).index(arm) for arm in (COPY, of)]
    values = np.log(ended.value) if logged else ended.value
    differences = values[:, order[0]] - values[:, order[1]]
    return np.asarray(differences[np.isfinite(differences)], dtype=np.float64)
