"""What a claim says, in the words of its levels; and what a verdict on it speaks of."""

from __future__ import annotations

import math

from ablate.stats.claims import Comparison, level_text, where_text
from ablate.stats.contrast import Evidence
from ablate.stats.metric import amount
from ablate.stats.proportions import failures_at_most
from ablate.sweep.claims import (
    EffectClaim,
    EquivalenceClaim,
    ExactClaim,
    ExchangeClaim,
    InteractionClaim,
    ProportionClaim,
    TimeClaim,
    TrendClaim,
    WinClaim,
)  # fmt: skip


def statement(comparison: Comparison, predicts: str) -> str:
    """Return the claim as a clause that can follow "whether" or "that"."""
    claim, metric = comparison.claim, comparison.claim.metric
    arm, against = level_text(claim.arm) or "every arm", level_text(claim.against)
    at = f" at {where_text(comparison.where)}" if comparison.where else ""
    if isinstance(claim, EquivalenceClaim):
        return f"{arm} and {against} differ on {metric} by less than {amount(claim.within, metric)}{at}"
    if isinstance(claim, InteractionClaim):
        more = f" by more than {amount(claim.by_at_least, metric)}" if claim.by_at_least else ""
        moderated = f"at {level_text(claim.at)} than at {level_text(claim.than_at)}"
        return f"{arm} gains more over {against} on {metric} {moderated}{more}{at}"
    if isinstance(claim, TrendClaim):
        low, high = claim.region
        bound = f"between {low:g} and {high:g}" if math.isfinite(low) and math.isfinite(high) else (
            f"above {low:g}" if math.isfinite(low) else f"below {high:g}"
        )  # fmt: skip
        logs = "log " if claim.log_log else ""
        return f"the slope of {logs}{metric} over {logs}{claim.over} of {arm}{at} is {bound}"
    if isinstance(claim, TimeClaim):
        return f"{arm} reaches the target at least {claim.ratio:g} times as fast as {against}{at}"
    if isinstance(claim, WinClaim):
        return f"{arm} beats {against} on {metric} in more than {100 * claim.more_than:g} % of seeds{at}"
    if isinstance(claim, ProportionClaim) and claim.of == "cells":
        more = f" by more than {amount(claim.by_at_least, metric)}" if claim.by_at_least else ""
        verb = "raises" if predicts == "higher" else "lowers"
        count = f"at least {int(claim.at_least or 0)} of {len(comparison.cells)} cells"
        return f"{arm} {verb} {metric}{more} against {against} in {count}{at}"
    if isinstance(claim, ProportionClaim):
        share_bound, word = (claim.at_least, "least") if claim.at_least is not None else (claim.at_most, "most")
        share = f"at {word} {100 * (share_bound or 0.0):g} %"
        return f"{share} of the runs of {arm}{at} end {' or '.join(claim.outcomes)}"
    if isinstance(claim, ExactClaim):
        low, high = claim.bounds
        bound = (
            f"{low:.9g}" if low == high
            else f"at least {low:.9g}" if math.isinf(high)
            else f"at most {high:.9g}" if math.isinf(low)
            else f"within [{low:.9g}, {high:.9g}]"
        )  # fmt: skip
        return f"{metric} is {bound} in every run of {arm}{at}"
    if isinstance(claim, ExchangeClaim):
        return f"n examples with {arm} are worth more than {claim.ratio:g} n with {against}{at}"
    verb = "raises" if predicts == "higher" else "lowers"
    more = f" by more than {amount(claim.by_at_least, metric)}" if claim.by_at_least else ""
    return f"{arm} {verb} {metric}{more} against {against}{at}"


def speaks_of(comparison: Comparison, evidence: Evidence, fill_rule: str) -> str:
    """Say which runs the effect is an effect of: a failure that was not seen is not excluded, only bounded."""
    claim = comparison.claim
    if isinstance(claim, ProportionClaim | ExactClaim | WinClaim) or not fill_rule:
        return ""
    reaching = isinstance(claim, TimeClaim)  # what is filled there is a target not reached
    fail = "missed the target" if reaching else "failed"
    unseen = []
    for name, (failed, runs) in ((level_text(claim.arm), evidence.filled_arm),
                                 (level_text(claim.against), evidence.filled_against)):  # fmt: skip
        seeds = len(evidence.differences)
        if runs and not failed and seeds:
            unseen.append(
                f"{name or 'the arm'} (none of {runs} {fail}; up to {100 * failures_at_most(0, seeds):.2g} % may)"
            )
    if not unseen:
        return f"All runs; those that {fail}, at the share seen."
    ended = "reach the target" if reaching else "train"
    return f"Runs that {ended}: {'; '.join(unseen)}. What was not seen there is not part of the effect."


def kind_label(comparison: Comparison, low: float, high: float) -> str:
    """Return how a claim was refuted, in a word or two; empty where the kind says it already."""
    claim = comparison.claim
    if isinstance(claim, EffectClaim | InteractionClaim):
        if high < -claim.by_at_least or claim.by_at_least == 0.0:
            return "reversed"
        return "negligible" if low > -claim.by_at_least else "too small"
    if isinstance(claim, TimeClaim | ExchangeClaim):
        return "reversed" if high < 0 else "too small"
    if isinstance(claim, ExactClaim):
        return "counterexample"
    return "different" if isinstance(claim, EquivalenceClaim) else ""
