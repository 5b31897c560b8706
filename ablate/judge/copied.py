"""The A/A gate: a copy of the baseline that tunes for itself must be equivalent to it at a claim's δ.

The copy runs on seeds of its own, so that everything that is drawn is drawn anew. Its difference from the baseline is
at least as noisy as a difference between paired arms; a study whose noise hides whether an arm equals itself at δ can
hardly tell two arms apart at δ.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.claims.comparison import Comparison
from ablate.claims.reason import because
from ablate.judge.endpoint import endpoint
from ablate.judge.gates import GateResult, tuned_sides
from ablate.stats.equivalence import tost_p
from ablate.stats.mean import mean_interval
from ablate.track.record import StudyTables

COPY = "copy"
LEAST = 6
"""Seeds below which no sign-flip test of 5 % can show anything."""


def copy_gate(
    comparison: Comparison, tables: StudyTables, arm_ids: Mapping[Any, str], *, alpha: float
) -> GateResult | None:
    """Look whether the copy of the baseline is equivalent to it on the claim's metric and scale.

    None where there is no copy, where no arm of the claim is tuned, and for a claim that is not about a mean of
    differences or has no δ.
    """
    plan = comparison.claim.noise_plan()
    if tables.copy is None or plan is None or not plan.gap > 0 or not comparison.claim.sampled:
        return None
    if not tuned_sides(comparison, tables, arm_ids):
        return None
    metric = comparison.claim.metric
    differences = copy_differences(tables, metric, logged=plan.logged)
    said = {"metric": f"log {metric}" if plan.logged else metric, "n": len(differences), "delta": plan.gap}
    if len(differences) < LEAST:
        return GateResult(COPY, False, because("copy_too_few", **said, needed=LEAST))
    low, high = mean_interval(differences, level=1.0 - 2.0 * alpha)
    passed = tost_p(differences, within=plan.gap) <= alpha
    said |= {"effect": float(differences.mean()), "low": float(low), "high": float(high)}
    return GateResult(COPY, passed, because("copy_alike" if passed else "copy_apart", **said))


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
    found = endpoint(both, metric)
    order = [list(found.arm_ids).index(arm) for arm in (COPY, of)]
    values = np.log(found.value) if logged else found.value
    differences = values[:, order[0]] - values[:, order[1]]
    return np.asarray(differences[np.isfinite(differences)], dtype=np.float64)
