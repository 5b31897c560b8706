"""What each kind of claim says, in the words of its levels: a clause that can follow "whether" or "that".

A kind has one function here, under its name. It takes the verdict on such a claim: the sides, the metric, δ, and
`terms`, what the claim states beside that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ablate.claims.reason import AS_WRITTEN
from ablate.judge.verdict import Verdict
from ablate.lang import tr
from ablate.words.amounts import amount, decades

Clause = Callable[[Verdict, dict[str, Any]], str]

CLAUSES: dict[str, Clause] = {}
"""Kind -> its clause, of a verdict and what clauses say in the same words: `arm, against, metric, at, more`."""


def clause(kind: str) -> Callable[[Clause], Clause]:
    """Register the clause of a kind."""

    def register(make: Clause) -> Clause:
        CLAUSES[kind] = make
        return make

    return register


def statement(v: Verdict) -> str:
    """Return the claim of a verdict as a clause that can follow "whether" or "that"."""
    if AS_WRITTEN in v.terms:
        return tr(v.terms[AS_WRITTEN])
    delta = v.terms.get("by_at_least") or 0.0
    said: dict[str, Any] = {
        "arm": v.arm_text or tr("every arm"),
        "against": v.against_text,
        "metric": v.metric_name,
        "at": tr(" at {where}", where=v.where_text) if v.where_text else "",
        "more": tr(" by more than {delta}", delta=amount(delta, v.unit)) if delta else "",
    }
    return CLAUSES[v.kind](v, said)


@clause("effect")
def _effect(v: Verdict, said: dict[str, Any]) -> str:
    if v.predicts == "higher":
        return tr("{arm} raises {metric}{more} against {against}{at}", **said)
    return tr("{arm} lowers {metric}{more} against {against}{at}", **said)


@clause("difference")
def _difference(v: Verdict, said: dict[str, Any]) -> str:
    if v.terms["by_at_least"]:
        return _effect(v, said)
    return tr("{arm} and {against} differ on {metric}{at}", **said)


@clause("difference_unpaired")
def _difference_unpaired(v: Verdict, said: dict[str, Any]) -> str:
    return _difference(v, said)


@clause("equivalence")
def _equivalence(v: Verdict, said: dict[str, Any]) -> str:
    within = amount(v.terms["within"], v.unit)
    return tr("{arm} and {against} differ on {metric} by less than {within}{at}", within=within, **said)


@clause("interaction")
def _interaction(v: Verdict, said: dict[str, Any]) -> str:
    return tr("{arm} gains more over {against} on {metric} at {here} than at {there}{more}{at}",
              here=v.terms["at"], there=v.terms["than_at"], **said)  # fmt: skip


@clause("trend")
def _trend(v: Verdict, said: dict[str, Any]) -> str:
    said = said | {"over": v.terms["over"], "bound": _between(v.terms["low"], v.terms["high"])}
    if v.terms["log_log"]:
        return tr("the slope of log {metric} over log {over} of {arm}{at} is {bound}", **said)
    return tr("the slope of {metric} over {over} of {arm}{at} is {bound}", **said)


@clause("time_to_target")
def _time_to_target(v: Verdict, said: dict[str, Any]) -> str:
    return tr("{arm} reaches the target at least {ratio:g} times as fast as {against}{at}",
              ratio=v.terms["ratio"], **said)  # fmt: skip


@clause("win_probability")
def _win_probability(v: Verdict, said: dict[str, Any]) -> str:
    return tr("{arm} beats {against} on {metric} in more than {share:g} % of seeds{at}",
              share=100 * v.terms["more_than"], **said)  # fmt: skip


@clause("proportion")
def _proportion(v: Verdict, said: dict[str, Any]) -> str:
    at_least, at_most = v.terms["at_least"], v.terms["at_most"]
    if v.terms["of"] == "cells":
        said = said | {"n": int(at_least or 0), "cells": v.terms["cells"]}
        if v.predicts == "higher":
            return tr("{arm} raises {metric}{more} against {against} in at least {n} of {cells} cells{at}", **said)
        return tr("{arm} lowers {metric}{more} against {against} in at least {n} of {cells} cells{at}", **said)
    said = said | {"outcomes": tr(" or ").join(tr(one) for one in v.terms["outcomes"])}
    if at_least is not None:
        return tr("at least {share:g} % of the runs of {arm}{at} end {outcomes}",
                  share=100 * at_least, **said)  # fmt: skip
    return tr("at most {share:g} % of the runs of {arm}{at} end {outcomes}",
              share=100 * (at_most or 0.0), **said)  # fmt: skip


@clause("exact")
def _exact(v: Verdict, said: dict[str, Any]) -> str:
    low, high = v.terms["low"], v.terms["high"]
    return tr("{metric} is {bound} in every run of {arm}{at}", bound=_bound(low, high), **said)


@clause("exchange_rate")
def _exchange_rate(v: Verdict, said: dict[str, Any]) -> str:
    ratio, over = v.terms["ratio"], v.terms["over"]
    if over == "dataset.train_size":
        return tr("n examples with {arm} are worth more than {ratio:g} n with {against}{at}", ratio=ratio, **said)
    return tr("{over} = n with {arm} is worth more than {over} = {ratio:g} n with {against}{at}",
              ratio=ratio, over=over, **said)  # fmt: skip


@clause("basin_width")
def _basin_width(v: Verdict, said: dict[str, Any]) -> str:
    delta = v.terms["by_at_least"]
    said = said | {"over": v.terms["over"], "within": v.terms["within"]}
    said["more"] = tr(" by more than {delta}", delta=decades(delta)) if delta else ""
    return tr("{arm} learns within {within:g} times its own best time over a wider range of {over} than "
              "{against}{more}{at}", **said)  # fmt: skip


@clause("variance_ratio")
def _variance_ratio(v: Verdict, said: dict[str, Any]) -> str:
    if v.terms["ratio"] == 1.0:
        return tr("{metric} varies less over seeds with {arm} than with {against}{at}", **said)
    return tr("{metric} varies more than {ratio:g} times less over seeds with {arm} than with {against}{at}",
              ratio=v.terms["ratio"], **said)  # fmt: skip


@clause("noninferiority")
def _noninferiority(v: Verdict, said: dict[str, Any]) -> str:
    margin = amount(v.terms["margin"], v.unit)
    return tr("{arm} is not worse than {against} on {metric} by more than {margin}{at}", margin=margin, **said)


@clause("noninferiority_unpaired")
def _noninferiority_unpaired(v: Verdict, said: dict[str, Any]) -> str:
    return _noninferiority(v, said)


@clause("over_datasets")
def _over_datasets(v: Verdict, said: dict[str, Any]) -> str:
    if v.terms["about"] == "new":
        if v.predicts == "higher":
            return tr("{arm} raises {metric}{more} against {against}{at} on a new data set like these", **said)
        return tr("{arm} lowers {metric}{more} against {against}{at} on a new data set like these", **said)
    if v.predicts == "higher":
        return tr("{arm} raises {metric}{more} against {against}{at} on average over these data sets", **said)
    return tr("{arm} lowers {metric}{more} against {against}{at} on average over these data sets", **said)


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
