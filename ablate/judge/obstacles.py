"""Why a claim is not tested, or held back although its interval would decide it, and what to do about it."""

from __future__ import annotations

from ablate.claims.capped import objection
from ablate.claims.reason import Reason, because
from ablate.judge.evidence import Collected

NEXT = {
    "silent": "more_steps",
    "other_lengths": "same_steps",
    "both_failed": "claim_the_failures",
    "failing_is_better": "lower_failed_counts_as",
    "cut_curve": "more_steps",
    "cut_spread": "more_steps",
    "unreachable": "more_steps",
    "flat": "claim_what_tells_seeds_apart",
    "ties_by_length": "same_steps_or_ties",
    "ties_without_value": "same_steps_or_ties",
    "no_target": "give_a_target",
    "endings_unknown": "give_the_outcome",
    "cut_by_budget": "more_steps",
    "decided_by_silence": "more_steps",
    "mostly_missed": "claim_ranks_or_reach",
}
"""Code of what stands in the way -> that of what to do."""


def untested(found: Collected) -> tuple[Reason, Reason]:
    """Return why nothing was tested, and what to do."""
    if found.alike is not None:
        return found.alike.reason, found.alike.advice
    evidence = found.evidence
    if evidence.undefined and found.counts_steps:
        return because("without_steps", n=evidence.undefined), because("give_the_budget")
    if evidence.undefined:
        metric = found.comparison.claim.metric
        return because("without_value", n=evidence.undefined, metric=metric), because("claim_an_accuracy")
    if found.obstacle is not None:
        return found.obstacle, because(NEXT[found.obstacle.code])
    few = because(
        "too_few_pairs",
        n=len(evidence.differences),
        planned=evidence.planned_pairs,
        needed=found.least,
        by_signs=found.comparison.claim.by_signs,
    )
    return few, because("run_seeds", needed=found.least)


def held_back(found: Collected, *, level: float, outcome: str) -> tuple[Reason, Reason] | None:
    """Return why an interval that would decide a claim may not, and what to do; None where it may."""
    gaps = found.gaps
    if outcome == "inconclusive":
        return None
    why = None
    if gaps is not None:
        why = objection(gaps.values, gaps.known, found.region, level=level, outcome=outcome, least=found.least)
    why = why or found.reservation
    return None if why is None else (why, because(NEXT[why.code]))
