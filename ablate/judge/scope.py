"""What a claim states, and which runs its effect is an effect of: in numbers and names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ablate.claims.comparison import Comparison, level_text
from ablate.claims.contrast import Evidence
from ablate.claims.reason import Reason, because
from ablate.stats.proportions import failures_at_most


def terms_of(comparison: Comparison) -> dict[str, Any]:
    """Return what a claim states beside what every verdict holds: the fields of its kind.

    Levels are texts; `cells` are those that are compared.
    """
    claim, names = comparison.claim, comparison.names
    own = {name: levels for name, levels in claim.named_sides().items() if name not in ("arm", "against")}
    places = {name: level_text(levels, names) for name, levels in own.items()}
    return {**claim.terms(), **places, "cells": len(comparison.cells)}


def scope_of(
    comparison: Comparison, evidence: Evidence, rule: Reason | None, details: Mapping[str, Any]
) -> Reason | None:
    """Return what the effect is an effect of: a failure that was not seen is not excluded, only bounded.

    None where it needs no saying.
    """
    claim = comparison.claim
    own = claim.scope(comparison, details)
    if claim.scale == "share" or rule is None or claim.failed_counts_as:
        return own
    failures = _failures(comparison, evidence)
    return failures if own is None else because("and_also", first=own, second=failures)


def _failures(comparison: Comparison, evidence: Evidence) -> Reason:
    claim = comparison.claim
    seeds = len(evidence.differences)
    seen = [
        {
            "side": level_text(levels, comparison.names),
            "runs": runs,
            "seeds": seeds,
            "rate": 100 * failures_at_most(0, seeds),
        }
        for levels, (failed, runs) in ((claim.arm, evidence.filled_arm), (claim.against, evidence.filled_against))
        if runs and not failed and seeds
    ]
    if not seen:
        return because("all_runs_missed" if claim.to_target else "all_runs_failed")
    return because("runs_that_reach" if claim.to_target else "runs_that_train", sides=tuple(seen))
