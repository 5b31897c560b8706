"""What each kind of claim says, in the words of its levels: a clause that can follow "whether" or "that".

A kind has one function here, under its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ablate.claims.comparison import Comparison, level_text, where_text
from ablate.lang import msg, tr
from ablate.words.amounts import amount, decades


@dataclass(frozen=True)
class Parts:
    """What a clause is made of.

    Attributes
    ----------
    claim
        The claim, of the kind the clause is for.
    said
        `arm, against, metric, at` (the cells), `more` (than δ), in words.
    predicts, unit
        Direction and unit of the metric.
    cells
        How many are compared.
    """

    claim: Any
    said: dict[str, Any]
    predicts: str
    unit: str
    comparison: Comparison


CLAUSES: dict[str, Callable[[Parts], str]] = {}
"""Kind -> its clause."""


def clause(kind: str) -> Callable[[Callable[[Parts], str]], Callable[[Parts], str]]:
    """Register the clause of a kind."""

    def register(make: Callable[[Parts], str]) -> Callable[[Parts], str]:
        CLAUSES[kind] = make
        return make

    return register


def statement(comparison: Comparison, predicts: str, unit: str) -> str:
    """Return the claim as a clause that can follow "whether" or "that"."""
    claim, names = comparison.claim, comparison.names
    delta = getattr(claim, "by_at_least", 0.0)
    said: dict[str, Any] = {
        "arm": level_text(claim.arm, names) or tr("every arm"),
        "against": level_text(claim.against, names),
        "metric": claim.metric,
        "at": tr(" at {where}", where=where_text(comparison.where, names)) if comparison.where else "",
        "more": tr(" by more than {delta}", delta=amount(delta, unit)) if delta else "",
    }
    return CLAUSES[claim.kind](Parts(claim, said, predicts, unit, comparison))


@clause("effect")
def _effect(p: Parts) -> str:
    if p.predicts == "higher":
        return tr("{arm} raises {metric}{more} against {against}{at}", **p.said)
    return tr("{arm} lowers {metric}{more} against {against}{at}", **p.said)


@clause("equivalence")
def _equivalence(p: Parts) -> str:
    within = amount(p.claim.within, p.unit)
    return tr("{arm} and {against} differ on {metric} by less than {within}{at}", within=within, **p.said)


@clause("interaction")
def _interaction(p: Parts) -> str:
    here, there = (level_text(at, p.comparison.names) for at in (p.claim.at, p.claim.than_at))
    return tr("{arm} gains more over {against} on {metric} at {here} than at {there}{more}{at}",
              here=here, there=there, **p.said)  # fmt: skip


@clause("trend")
def _trend(p: Parts) -> str:
    said = p.said | {"over": p.claim.over, "bound": _between(*p.claim.region)}
    if p.claim.log_log:
        return tr("the slope of log {metric} over log {over} of {arm}{at} is {bound}", **said)
    return tr("the slope of {metric} over {over} of {arm}{at} is {bound}", **said)


@clause("time_to_target")
def _time_to_target(p: Parts) -> str:
    return tr("{arm} reaches the target at least {ratio:g} times as fast as {against}{at}",
              ratio=p.claim.ratio, **p.said)  # fmt: skip


@clause("win_probability")
def _win_probability(p: Parts) -> str:
    return tr("{arm} beats {against} on {metric} in more than {share:g} % of seeds{at}",
              share=100 * p.claim.more_than, **p.said)  # fmt: skip


@clause("proportion")
def _proportion(p: Parts) -> str:
    claim = p.claim
    if claim.of == "cells":
        said = p.said | {"n": int(claim.at_least or 0), "cells": len(p.comparison.cells)}
        if p.predicts == "higher":
            return tr("{arm} raises {metric}{more} against {against} in at least {n} of {cells} cells{at}", **said)
        return tr("{arm} lowers {metric}{more} against {against} in at least {n} of {cells} cells{at}", **said)
    said = p.said | {"outcomes": tr(" or ").join(tr(one) for one in claim.outcomes)}
    if claim.at_least is not None:
        return tr("at least {share:g} % of the runs of {arm}{at} end {outcomes}",
                  share=100 * claim.at_least, **said)  # fmt: skip
    return tr("at most {share:g} % of the runs of {arm}{at} end {outcomes}",
              share=100 * (claim.at_most or 0.0), **said)  # fmt: skip


@clause("exact")
def _exact(p: Parts) -> str:
    low, high = p.claim.bounds
    return tr("{metric} is {bound} in every run of {arm}{at}", bound=_bound(low, high), **p.said)


@clause("exchange_rate")
def _exchange_rate(p: Parts) -> str:
    return tr("n examples with {arm} are worth more than {ratio:g} n with {against}{at}",
              ratio=p.claim.ratio, **p.said)  # fmt: skip


@clause("basin_width")
def _basin_width(p: Parts) -> str:
    claim = p.claim
    said = p.said | {"over": claim.over, "within": claim.within}
    said["more"] = tr(" by more than {delta}", delta=decades(claim.by_at_least)) if claim.by_at_least else ""
    return tr("{arm} learns within {within:g} times its own best time over a wider range of {over} than "
              "{against}{more}{at}", **said)  # fmt: skip


_MISSED = {"basin_width": msg("not good (target missed)")}  # a run that failed is outside the basin, whatever its value


def missed_rule(kind: str) -> str:
    """Return what a failed run counts as where the kind of claim says so, not the metric; else empty."""
    return tr(_MISSED[kind]) if kind in _MISSED else ""


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


def basin_note(comparison: Comparison, details: Mapping[str, Any]) -> str:
    """Say how wide each side is, whether the levels run end it, and what that makes of the effect."""
    claim: Any = comparison.claim
    if not details:
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


NOTES: dict[str, Callable[[Comparison, Mapping[str, Any]], str]] = {"basin_width": basin_note}
"""Kind -> what an effect of it is an effect of, where that is not a matter of failures."""
