"""What a claim says, in the words of its levels; and what a verdict on it speaks of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ablate.claims.comparison import Comparison, level_text, where_text
from ablate.claims.contrast import Evidence
from ablate.claims.kinds import (
    EffectClaim,
    EquivalenceClaim,
    ExactClaim,
    InteractionClaim,
    ProportionClaim,
    TimeClaim,
    WinClaim,
)  # fmt: skip
from ablate.claims.over import BasinClaim, ExchangeClaim, TrendClaim
from ablate.lang import msg, tr
from ablate.stats.proportions import failures_at_most
from ablate.words.amounts import amount, decades


def statement(comparison: Comparison, predicts: str, unit: str) -> str:
    """Return the claim as a clause that can follow "whether" or "that"."""
    claim, metric, names = comparison.claim, comparison.claim.metric, comparison.names
    delta = getattr(claim, "by_at_least", 0.0)
    said: dict[str, object] = {
        "arm": level_text(claim.arm, names) or tr("every arm"),
        "against": level_text(claim.against, names),
        "metric": metric,
        "at": tr(" at {where}", where=where_text(comparison.where, names)) if comparison.where else "",
        "more": tr(" by more than {delta}", delta=amount(delta, unit)) if delta else "",
    }
    if isinstance(claim, EquivalenceClaim):
        within = amount(claim.within, unit)
        return tr("{arm} and {against} differ on {metric} by less than {within}{at}", within=within, **said)
    if isinstance(claim, InteractionClaim):
        here, there = level_text(claim.at, names), level_text(claim.than_at, names)
        return tr("{arm} gains more over {against} on {metric} at {here} than at {there}{more}{at}",
                  here=here, there=there, **said)  # fmt: skip
    if isinstance(claim, TrendClaim):
        said |= {"over": claim.over, "bound": _between(*claim.region)}
        if claim.log_log:
            return tr("the slope of log {metric} over log {over} of {arm}{at} is {bound}", **said)
        return tr("the slope of {metric} over {over} of {arm}{at} is {bound}", **said)
    if isinstance(claim, TimeClaim):
        return tr("{arm} reaches the target at least {ratio:g} times as fast as {against}{at}",
                  ratio=claim.ratio, **said)  # fmt: skip
    if isinstance(claim, WinClaim):
        return tr("{arm} beats {against} on {metric} in more than {share:g} % of seeds{at}",
                  share=100 * claim.more_than, **said)  # fmt: skip
    if isinstance(claim, ProportionClaim) and claim.of == "cells":
        said |= {"n": int(claim.at_least or 0), "cells": len(comparison.cells)}
        if predicts == "higher":
            return tr("{arm} raises {metric}{more} against {against} in at least {n} of {cells} cells{at}", **said)
        return tr("{arm} lowers {metric}{more} against {against} in at least {n} of {cells} cells{at}", **said)
    if isinstance(claim, ProportionClaim):
        said |= {"outcomes": tr(" or ").join(tr(one) for one in claim.outcomes)}
        if claim.at_least is not None:
            return tr("at least {share:g} % of the runs of {arm}{at} end {outcomes}",
                      share=100 * claim.at_least, **said)  # fmt: skip
        return tr("at most {share:g} % of the runs of {arm}{at} end {outcomes}",
                  share=100 * (claim.at_most or 0.0), **said)  # fmt: skip
    if isinstance(claim, ExactClaim):
        low, high = claim.bounds
        return tr("{metric} is {bound} in every run of {arm}{at}", bound=_bound(low, high), **said)
    if isinstance(claim, ExchangeClaim):
        return tr("n examples with {arm} are worth more than {ratio:g} n with {against}{at}",
                  ratio=claim.ratio, **said)  # fmt: skip
    if isinstance(claim, BasinClaim):
        said |= {"over": claim.over, "within": claim.within}
        said["more"] = tr(" by more than {delta}", delta=decades(delta)) if delta else ""
        return tr("{arm} learns within {within:g} times its own best time over a wider range of {over} than "
                  "{against}{more}{at}", **said)  # fmt: skip
    if predicts == "higher":
        return tr("{arm} raises {metric}{more} against {against}{at}", **said)
    return tr("{arm} lowers {metric}{more} against {against}{at}", **said)


def _bound(low: float, high: float) -> str:
    if low == high:
        return f"{low:.9g}"
    if math.isinf(high):
        return tr("at least {low:.9g}", low=low)
    if math.isinf(low):
        return tr("at most {high:.9g}", high=high)
    return tr("within [{low:.9g}, {high:.9g}]", low=low, high=high)


def _between(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return tr("between {low:g} and {high:g}", low=low, high=high)
    return tr("above {low:g}", low=low) if math.isfinite(low) else tr("below {high:g}", high=high)


def speaks_of(comparison: Comparison, evidence: Evidence, fill_rule: str, details: Mapping[str, Any]) -> str:
    """Say what the effect is an effect of: a failure that was not seen is not excluded, only bounded.

    Of the width of a basin: whether the levels run cut it off.
    """
    claim = comparison.claim
    if isinstance(claim, BasinClaim):
        return basin_note(comparison, details)
    if isinstance(claim, ProportionClaim | ExactClaim | WinClaim) or not fill_rule:
        return ""
    reaching = isinstance(claim, TimeClaim)  # what is filled there is a target not reached
    none = msg("{side} (none of {runs} missed the target; up to {rate:.2g} % may)") if reaching else (
        msg("{side} (none of {runs} failed; up to {rate:.2g} % may)"))  # fmt: skip
    seen = []
    for name, (failed, runs) in ((level_text(claim.arm, comparison.names), evidence.filled_arm),
                                 (level_text(claim.against, comparison.names), evidence.filled_against)):  # fmt: skip
        seeds = len(evidence.differences)
        if runs and not failed and seeds:
            seen.append(tr(none, side=name or tr("the arm"), runs=runs, rate=100 * failures_at_most(0, seeds)))
    sides = tr("; ").join(seen)
    if reaching:
        return (
            tr("Runs that reach the target: {sides}. What was not seen there is not part of the effect.", sides=sides)
            if seen
            else tr("All runs; those that missed the target, at the share seen.")
        )
    return (
        tr("Runs that train: {sides}. What was not seen there is not part of the effect.", sides=sides)
        if seen
        else tr("All runs; those that failed, at the share seen.")
    )


def effect_label(low: float, high: float, delta: float) -> str:
    """Return what the interval of a refuted effect shows.

    >>> [effect_label(low, high, 0.01) for low, high in ((-0.03, -0.02), (-0.03, -0.009), (-0.002, 0.001))]
    ['reversed', 'harmful', 'negligible']
    >>> effect_label(-0.02, 0.005, 0.01), effect_label(-0.02, -0.01, 0.0)
    ('too small', 'reversed')
    """
    if high < -delta or delta == 0.0:
        return "reversed"
    if low > -delta:
        return "negligible"
    return "harmful" if high < 0.0 else "too small"


def kind_label(comparison: Comparison, low: float, high: float) -> str:
    """Return how a claim was refuted, in a word or two; empty where the kind says it already.

    `reversed`: shown to go the other way by more than δ · `harmful`: shown to go the other way · `negligible`: shown to
    lie within ±δ · `too small`: shown to be smaller than δ, and no more.
    """
    claim = comparison.claim
    if isinstance(claim, EffectClaim | InteractionClaim | BasinClaim):
        return effect_label(low, high, claim.by_at_least)
    if isinstance(claim, TimeClaim | ExchangeClaim):
        return "reversed" if high < 0 else "too small"
    if isinstance(claim, ExactClaim):
        return "counterexample"
    return "different" if isinstance(claim, EquivalenceClaim) else ""


def basin_note(comparison: Comparison, details: Mapping[str, Any]) -> str:
    """Say how wide each side is, whether the levels run end it, and what that makes of the effect."""
    claim = comparison.claim
    if not isinstance(claim, BasinClaim) or not details:
        return ""
    what = tr("seeds") if len(comparison.cells) == 1 else tr("seeds × cells")
    low, high = (f"{details['levels'][end]:g}" for end in (0, -1))
    text = tr("Widths are within the levels run, {over} from {low} to {high}.", over=claim.over, low=low, high=high)
    cut = []
    arm, against = (level_text(levels, comparison.names) for levels in (claim.arm, claim.against))
    for side, name in (("arm", arm), ("against", against)):
        one = details[side]
        said = {"side": name, "decades": one["decades"], "of": one["of"], "what": what}
        if one["unreached"] == one["of"]:
            text += tr(" {side}: reached the target at no level in any of {of} {what}, so its width is 0.", **said)
            continue
        if one["at_smallest"] or one["at_largest"]:
            cut.append(side)
            text += tr(
                " {side}: at least {decades:.2f} decades on average, for it is still good at the smallest level in "
                "{smallest} and at the largest in {largest} of {of} {what}.",
                smallest=one["at_smallest"], largest=one["at_largest"], **said,
            )  # fmt: skip
        else:
            text += tr(" {side}: {decades:.2f} decades on average, ending within the levels run.", **said)
        if one["broken"]:
            text += tr(" In {n} of {of} {what} its good levels are not one stretch.", n=one["broken"], **said)
        if one["unreached"]:
            text += tr(" In {n} of {of} {what} it reached the target nowhere: width 0.", n=one["unreached"], **said)
    if cut == ["arm"]:
        text += tr(" So the effect is a lower bound, as long as the best level is among those run.")
    elif cut == ["against"]:
        text += tr(" So the effect is an upper bound, as long as the best level is among those run.")
    elif cut:
        text += tr(" So levels further out could move the effect either way.")
    return text
