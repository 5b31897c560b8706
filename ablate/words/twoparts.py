"""An effect in two parts, in words: who does not train, what those that train differ by, and all of them together."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ablate.claims.kinds import KINDS
from ablate.claims.twoparts import Outlier, PartEffect, Share, TwoParts
from ablate.judge.verdict import Verdict
from ablate.lang import counted, msg, tr
from ablate.train.metric import FRACTION, PERCENT
from ablate.words.amounts import on_scale, percent, scale_in

Numbers = Mapping[str, Any]

_BOTH = msg(
    "In two parts ({level} intervals): {arm} and {against} failed, did not learn or are outliers, a difference of "
    "{apart} points, by {seeds}; the effect: {own}, and {every}."
)
_AMONG = msg(
    "In two parts ({level} intervals): {arm} and {against} failed, did not learn or are outliers, a difference of "
    "{apart} points, by {seeds}; the effect among runs that train: {own}."
)
MOST_OUTLIERS = 4  # named in a sentence; the rest are in verdicts.json


def is_gain(v: Verdict) -> bool:
    """Tell whether the effect is how far a metric falls of which less is better: a gain, not the arms' difference."""
    return v.scale == "difference" and v.predicts == "lower" and KINDS[v.kind].sides == 2


def says_nothing(v: Verdict) -> bool:
    """Tell whether an interval leaves nothing out: it covers every difference that two values of the metric can have.

    One by which nothing can be decided says nothing as soon as it goes beyond what is possible. The values that are
    possible are those that the metric declares: its `bounds`, or those of its unit.
    """
    low, high = v.meaning.limits
    span = high - low
    if v.decided or v.scale != "difference" or KINDS[v.kind].sides != 2 or not math.isfinite(span) or v.effect is None:
        return False
    below, above = (v.interval_low or 0.0) <= -span, (v.interval_high or 0.0) >= span
    return below or above if v.so_far else below and above


def without_interval(text: str) -> str:
    """Return an effect as it is written, without the interval in brackets.

    >>> without_interval("+28 [−3028, +3083] pp")
    '+28 pp'
    """
    return re.sub(r" \[[^\]]*\]", "", text)


def two_part_text(v: Verdict, effect: float, low: float, high: float) -> str:
    """Write an effect and its interval on the scale of a verdict's, see `amounts.on_scale`."""
    symbol = tr("gain") if is_gain(v) else KINDS[v.kind].symbol
    return on_scale(v.scale, [effect, low, high], unit=v.unit, symbol=symbol, delta=v.delta)


def two_parts(v: Verdict, *, beside: bool = False) -> str:
    """Say in two parts what an effect is made of, where some run did not train; else nothing.

    `beside`: it stands beside the verdict's sentence, whose effect and interval need not be said again.
    """
    parts = v.parts
    if parts is None:
        return ""
    trained = tr("no pair in which all train")
    if parts.trained.pairs == 1:
        trained = tr("{effect} in the only pair in which all train", effect=_part(v, parts.trained))
    elif parts.trained.pairs:
        trained = tr(
            "{effect} in the {n} pairs in which all train", effect=_part(v, parts.trained), n=parts.trained.pairs
        )
    usual = (parts.usual.effect, parts.usual.low, parts.usual.high)
    known = beside and not _bounded(parts) and usual == (v.effect, v.interval_low, v.interval_high)
    return tr(
        _AMONG if known else _BOTH,
        level=percent(parts.level),
        arm=_share(parts.arm, v.arm_text),
        against=_share(parts.against, v.against_text),
        apart="{} [{}, {}]".format(*(f"{100 * value:+.0f}".replace("-", "−") for value in parts.apart)),
        seeds=counted(parts.trained.pairs + parts.left_out, "seed"),
        own=trained,
        every=_over_all(v, parts),
    ) + _outliers(v)


def _over_all(v: Verdict, parts: TwoParts) -> str:
    if not parts.usual.pairs:
        return tr("no mean over all runs, because some have no value")
    every = tr("{effect} over all runs", effect=_part(v, parts.usual))
    if not (bound := _bounded(parts)):
        return every
    return tr("{text}, and {bounded} by the bound for any distribution", text=every, bounded=_ends(v, bound))


def _bounded(parts: TwoParts) -> PartEffect | None:
    """Return the bound for any distribution, where it says something."""
    bound = parts.bounded
    return None if bound is None or (math.isinf(bound.low) and math.isinf(bound.high)) else bound


def _share(share: Share, side: str) -> str:
    return tr(
        "{failed} of {runs} runs of {side} ({low:.0f} to {high:.0f} % of such runs)",
        failed=share.failed, runs=share.runs, side=side, low=100 * share.low, high=100 * share.high,
    )  # fmt: skip


def _part(v: Verdict, part: PartEffect) -> str:
    """Write a part's effect, with its interval where so many pairs can have one."""
    if math.isinf(part.low) and math.isinf(part.high):
        return without_interval(two_part_text(v, part.effect, part.effect, part.effect))
    return two_part_text(v, part.effect, part.low, part.high)


def _ends(v: Verdict, part: PartEffect) -> str:
    """Write an interval alone."""
    text = _part(v, part)
    return text[text.index("[") :]


def _outliers(v: Verdict) -> str:
    outliers = v.parts.outliers if v.parts is not None else ()
    if not outliers:
        return ""
    named = [_outlier(one, v.unit) for one in outliers[:MOST_OUTLIERS]]
    more = tr(" and {n} more", n=len(outliers) - MOST_OUTLIERS) if len(outliers) > MOST_OUTLIERS else ""
    return tr(
        " Outliers, which count as runs that did not train: {names}{more}.", names=tr("; ").join(named), more=more
    )


def _outlier(one: Outlier, unit: str) -> str:
    value, usual = (_value(number, unit) for number in (one.value, one.usual))
    return tr("{arm}, seed {seed}: {value} (median {usual})", arm=one.arm, seed=one.seed, value=value, usual=usual)


def _value(number: float, unit: str) -> str:
    """Write what a run measured: a share in per cent."""
    if unit in (FRACTION, PERCENT):
        return f"{number * scale_in(unit):.1f} %"
    return f"{number:.4g} {unit}".rstrip()


# --- why a verdict on all runs stays open


def bound_is_open(m: Numbers) -> str:
    """Say what the bound leaves open, and the effect among runs that train."""
    ends = on_scale(m["scale"], [m["low"], m["low"], m["high"]], unit=m["unit"])
    return tr(
        "Some runs of an arm failed and others did not, so the mean over all runs may depend on rare runs. The "
        "bound that holds for any distribution, {ends} at {level}, leaves open what the usual test would "
        "decide.{trained}",
        ends=ends[ends.index("[") :], level=percent(m["level"]), trained=_trained(m),
    )  # fmt: skip


def bound_is_missing(m: Numbers) -> str:
    """Say that no bound can be had, and the effect among runs that train."""
    return tr(
        "In an arm some runs failed and others did not, and {metric} has no range: nothing bounds what a rare run may "
        "do to a mean over all of them.{trained}",
        metric=m["metric"], trained=_trained(m),
    )  # fmt: skip


def _trained(m: Numbers) -> str:
    if not m["n"]:
        return tr(" There is no pair in which all runs train.")
    values = [m["effect"], m["trained_low"], m["trained_high"]]
    return tr(
        " Among runs that train ({n} of {of} pairs) it is {effect}.",
        n=m["n"], of=m["of"], effect=on_scale(m["scale"], values, unit=m["unit"]),
    )  # fmt: skip


def left_out_too_many(m: Numbers) -> str:
    """Say how many pairs are left out, and how many may be."""
    return tr(
        "{n} of {of} pairs are left out because a run in them did not train, and the claim allows for {most:.3g} "
        "%: the pairs that are left were selected by their results.",
        n=m["n"], of=m["of"], most=100 * m["most"],
    )  # fmt: skip
