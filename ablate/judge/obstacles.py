"""Why a claim is not tested, or held back although its interval would decide it, and what to do about it."""

from __future__ import annotations

from ablate.claims.capped import objection
from ablate.claims.reason import Reason, because
from ablate.judge.evidence import Collected
from ablate.judge.interval import more_seeds
from ablate.stats.effects import by_interval
from ablate.stats.student import t_interval

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
    "too_few_trained": "claim_the_failures",
    "left_out_too_many": "claim_the_failures",
    "bound_is_open": "name_the_population",
    "bound_is_missing": "name_the_population",
}
"""Code of what stands in the way -> that of what to do."""


def untested(collected: Collected, *, level: float) -> tuple[Reason, Reason]:
    """Return why nothing was tested, and what to do; `level` is that of an interval, if there were one."""
    if collected.alike is not None:
        return collected.alike.reason, collected.alike.advice
    evidence = collected.evidence
    if evidence.undefined and collected.counts_steps:
        return because("without_steps", n=evidence.undefined), because("give_the_budget")
    if evidence.undefined:
        claim, advice = collected.comparison.claim, "claim_an_accuracy"
        if collected.counts_as_chance:
            advice = "give_the_majority_rate"
        elif claim.exploratory:
            advice = "say_what_failures_count_as"
        return because("without_value", n=evidence.undefined, metric=claim.metric), because(advice)
    if collected.obstacle is not None:
        return collected.obstacle, because(NEXT[collected.obstacle.code])
    split = collected.split
    if split is not None and collected.comparison.claim.speaks_of == "trained" and split.left_out:
        few = because("too_few_trained", n=len(evidence.differences), of=split.pairs, needed=collected.least)
        return few, because(NEXT[few.code])
    if evidence.unpaired is not None:
        return _few_runs(collected), because("run_seeds", needed=collected.least)
    differences = list(evidence.differences.values())
    if collected.estimate is not None and collected.estimate.scale == "difference" and len(differences) > 1:
        low, high = t_interval(differences, level=level)
        so_far = because(
            "few_pairs_by_now", n=len(differences), planned=evidence.planned_pairs, needed=collected.least,
            effect=collected.estimate.effect, low=low, high=high, unit=collected.meaning.unit, level=level,
        )  # fmt: skip
        return so_far, more_seeds(collected.estimate, collected.region, level=level)
    few = because(
        "too_few_pairs",
        n=len(evidence.differences),
        planned=evidence.planned_pairs,
        needed=collected.least,
        by_signs=collected.comparison.claim.by_signs,
    )
    return few, because("run_seeds", needed=collected.least)


def _few_runs(collected: Collected) -> Reason:
    n = collected.evidence.count
    if collected.estimate is None:
        return because("too_few_runs", n=n, needed=collected.least)
    low, high = collected.estimate.interval(0.95)
    ends = {"effect": collected.estimate.effect, "low": low, "high": high, "unit": collected.meaning.unit}
    return because("few_runs_so_far", n=n, needed=collected.least, **ends)


def held_back(collected: Collected, *, level: float, outcome: str) -> tuple[Reason, Reason] | None:
    """Return why an interval that would decide a claim may not, and what to do; None where it may."""
    gaps = collected.gaps
    if outcome == "inconclusive":
        return None
    why = None
    if gaps is not None:
        why = objection(gaps.values, gaps.known, collected.region, level=level, outcome=outcome, least=collected.least)
    why = why or collected.reservation or _left_out(collected) or _by_the_bound(collected, level=level, outcome=outcome)
    return None if why is None else (why, because(NEXT[why.code]))


def _left_out(collected: Collected) -> Reason | None:
    """Return that a claim about runs that train leaves out more pairs than it may."""
    claim, split = collected.comparison.claim, collected.split
    most = claim.most_left_out()
    if split is None or most is None or split.left_out <= most * split.pairs * (1.0 + 1e-12):
        return None
    return because("left_out_too_many", n=split.left_out, of=split.pairs, most=most)


def _by_the_bound(collected: Collected, *, level: float, outcome: str) -> Reason | None:
    """Return that the bound of a mean over all runs does not say the same, with the effect among runs that train."""
    split, estimate = collected.split, collected.estimate
    if split is None or estimate is None or not collected.comparison.claim.needs_bound:
        return None
    bound = split.bound(estimate.scale)
    if bound is None:
        return None
    low, high = bound.interval(level)
    if by_interval(low, high, collected.region) == outcome:
        return None
    part = split.part(split.trained, estimate.scale, level)
    said = {
        "level": level,
        "unit": collected.meaning.unit,
        "scale": estimate.scale,
        "n": part.pairs,
        "of": split.pairs,
        "effect": part.effect if part.pairs else None,
        "trained_low": part.low,
        "trained_high": part.high,
    }
    if not bound.has_range:
        return because("bound_is_missing", **said, metric=collected.comparison.claim.metric)
    return because("bound_is_open", **said, low=low, high=high)
