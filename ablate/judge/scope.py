"""What a claim states, and which runs its effect is an effect of: in numbers and names."""

from __future__ import annotations

from typing import Any

from ablate.claims.comparison import Comparison, arm_text
from ablate.claims.contrast import Evidence
from ablate.claims.reason import Reason, because
from ablate.judge.evidence import Collected
from ablate.stats.proportions import failures_at_most


def terms_of(comparison: Comparison) -> dict[str, Any]:
    """Return what a claim states beside what every verdict holds: the fields of its kind.

    Levels are texts; `cells` are those that are compared.
    """
    claim, names = comparison.claim, comparison.names
    sides = {name: levels for name, levels in claim.named_sides().items() if name not in ("arm", "against")}
    places = {name: arm_text(levels, names) for name, levels in sides.items()}
    return {**claim.terms(), **places, "cells": len(comparison.cells)}


def scope_of(collected: Collected) -> Reason | None:
    """Return what the effect is an effect of: a failure that was not seen is not excluded, only bounded.

    None where it needs no saying.
    """
    claim, split = collected.comparison.claim, collected.split
    if claim.speaks_of == "trained" and split is not None and split.left_out:
        return because("pairs_that_train", n=len(split.trained), of=split.pairs)
    if claim.needs_bound and split is not None and collected.mixed and split.share == 1.0:
        return because("all_runs_bounded")
    scope = claim.scope(collected.comparison, collected.details)
    if claim.scale == "share" or collected.rule is None or not collected.endings_known or claim.failed_counts_as:
        return scope
    failures = _failures(collected.comparison, collected.evidence)
    return failures if scope is None else because("and_also", first=scope, second=failures)


def _failures(comparison: Comparison, evidence: Evidence) -> Reason:
    claim = comparison.claim
    seeds = evidence.count
    seen = [
        {
            "side": arm_text(levels, comparison.names),
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
