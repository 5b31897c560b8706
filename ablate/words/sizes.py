"""For which δ runs would decide, in one line: of claims they leave open, and of comparisons without a δ."""

from __future__ import annotations

import math

from ablate.claims.kinds import KINDS
from ablate.judge.verdict import Sizes, Verdict
from ablate.lang import msg, tr
from ablate.words.amounts import amount, p_text, scale_in
from ablate.words.rulings import seen

_DIGITS = 3

_MORE = (msg("more than δ for no δ"), msg("more than δ for every δ below {end}"))
_WORSE = (msg("worse by more than δ for no δ"), msg("worse by more than δ for every δ below {end}"))
_NO_MORE = (msg("no more than δ for no δ"), msg("no more than δ for every δ above {end}"))
_NOT_WORSE = (msg("worse by less than δ for no δ"), msg("worse by less than δ for every δ above {end}"))
_WITHIN = (msg("less than δ, either way, for no δ"), msg("less than δ, either way, for every δ above {end}"))
"""What is shown for no δ, and for those on one side of a number."""


def for_which_delta(v: Verdict) -> str:
    """Return for which δ the runs of a verdict would decide; empty where that is not known or the claim is decided.

    Numbers are rounded to the side on which what is said of them is true.
    """
    if v.sizes is None:
        return ""
    if v.sizes.more:
        return too_few(v)
    if v.sizes == Sizes():  # nothing holds whatever the other comparisons show
        return ""
    return tr("These runs show: {clauses}.", clauses=tr("; ").join(_clauses(v, v.sizes)))


def too_few(v: Verdict) -> str:
    """Say that so few pairs, or runs of an arm, can show no difference, however large, and how many more can."""
    needed = v.pairs + v.sizes.more if v.sizes is not None and v.sizes.more else v.pairs_needed
    more = needed - v.pairs
    told = {"n": v.pairs, "p": p_text(1.0 - v.interval_level), "needed": needed, "more": more}
    if "unpaired" in v.details:
        one = msg("{n} runs of an arm can show no difference and decide for no δ; 1 more run of each ({needed}) can.")
        many = msg(
            "{n} runs of an arm can show no difference and decide for no δ; {more} more runs of each ({needed}) can."
        )
        alone = msg(
            "1 run of an arm can show no difference and decide for no δ; {more} more runs of each ({needed}) can."
        )
        return tr(alone if v.pairs == 1 else one if more == 1 else many, **told)
    one = msg(
        "{n} pairs can show no difference, however large, and decide for no δ, at level {p}; 1 more seed ({needed}) "
        "can."
    )
    many = msg(
        "{n} pairs can show no difference, however large, and decide for no δ, at level {p}; {more} more seeds "
        "({needed}) can."
    )
    alone = msg(
        "1 pair can show no difference, however large, and decide for no δ, at level {p}; {more} more seeds ({needed}) "
        "can."
    )
    return tr(alone if v.pairs == 1 else one if more == 1 else many, **told)


def _clauses(v: Verdict, sizes: Sizes) -> list[str]:
    if v.region_low < 0.0 and math.isinf(v.region_high):  # not worse by more than a margin
        return [_above(_NOT_WORSE, sizes.not_worse, v.unit), _below(_WORSE, sizes.worse, v.unit)]
    either = KINDS[v.kind].two_sided or seen(v)
    shown = sizes.better if sizes.better is not None or not either else sizes.worse
    # What is shown beside the others may be too little to be shown whatever they show.
    clauses = [_below(_MORE, shown, v.unit)] if shown is not None or not v.decided else []
    if not either and sizes.not_better < sizes.within:
        clauses.append(_above(_NO_MORE, sizes.not_better, v.unit))
    return [*clauses, _above(_WITHIN, sizes.within, v.unit)]


def _below(texts: tuple[str, str], end: float | None, unit: str) -> str:
    none, some = texts
    return tr(none) if end is None else tr(some, end=_rounded(end, unit, up=False))


def _above(texts: tuple[str, str], end: float, unit: str) -> str:
    none, some = texts
    return tr(none) if math.isinf(end) else tr(some, end=_rounded(end, unit, up=True))


def _rounded(end: float, unit: str, *, up: bool) -> str:
    """Write a number with three digits, rounded up or down.

    >>> _rounded(0.034567, "fraction", up=True), _rounded(0.034567, "fraction", up=False), _rounded(0.0, "", up=True)
    ('3.46 pp', '3.45 pp', '0')
    """
    shown = end * scale_in(unit)
    if shown > 0.0:
        step = 10.0 ** (math.floor(math.log10(shown)) - _DIGITS + 1)
        steps = shown / step
        whole = math.ceil(steps * (1.0 - 1e-9)) if up else math.floor(steps * (1.0 + 1e-9))
        shown = whole * step
    return amount(shown / scale_in(unit), unit)
