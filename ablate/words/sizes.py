"""For which δ runs would decide, in one line: of claims they leave open, and of comparisons without a δ."""

from __future__ import annotations

import math
from functools import reduce

from ablate.claims.kinds import KINDS
from ablate.judge.verdict import Sizes, Verdict
from ablate.lang import msg, tr
from ablate.words.amounts import amount, p_text, scale_in
from ablate.words.rulings import seen

_DIGITS = 3

_MORE = (
    msg("No difference is shown, however small δ is."),
    msg("A difference of more than δ is shown for every δ below {end}."),
)
_WORSE = (
    msg("It is not shown to be worse, however small δ is."),
    msg("It is shown to be worse by more than δ for every δ below {end}."),
)
_NO_MORE = (
    msg("More than δ in the direction of the claim is not excluded, however large δ is."),
    msg("More than δ in the direction of the claim is excluded for every δ above {end}."),
)
_NOT_WORSE = (
    msg("Worse by δ or more is not excluded, however large δ is."),
    msg("Worse by δ or more is excluded for every δ above {end}."),
)
_WITHIN = (
    msg("A difference of δ or more, in either direction, is not excluded, however large δ is."),
    msg("A difference of δ or more, in either direction, is excluded for every δ above {end}."),
)
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
    return reduce(lambda first, second: tr("{first} {second}", first=first, second=second), _sentences(v, v.sizes))


def too_few(v: Verdict) -> str:
    """Say that so few pairs, or runs of an arm, can show no difference, however large, and how many more can."""
    needed = v.pairs + v.sizes.more if v.sizes is not None and v.sizes.more else v.pairs_needed
    more = needed - v.pairs
    told = {"n": v.pairs, "p": p_text(1.0 - v.interval_level), "needed": needed, "more": more}
    if "unpaired" in v.details:
        one = msg("{n} runs of an arm are too few to decide anything, for any δ: {needed} of each are needed (1 more).")
        many = msg(
            "{n} runs of an arm are too few to decide anything, for any δ: {needed} of each are needed ({more} more)."
        )
        alone = msg(
            "1 run of an arm is too few to decide anything, for any δ: {needed} of each are needed ({more} more)."
        )
        return tr(alone if v.pairs == 1 else one if more == 1 else many, **told)
    one = msg(
        "{n} pairs are too few to decide anything at level {p}, for any δ: {needed} pairs are needed (1 more seed)."
    )
    many = msg(
        "{n} pairs are too few to decide anything at level {p}, for any δ: {needed} pairs are needed "
        "({more} more seeds)."
    )
    alone = msg(
        "1 pair is too few to decide anything at level {p}, for any δ: {needed} pairs are needed ({more} more seeds)."
    )
    return tr(alone if v.pairs == 1 else one if more == 1 else many, **told)


def _sentences(v: Verdict, sizes: Sizes) -> list[str]:
    if v.region_low < 0.0 and math.isinf(v.region_high):  # not worse by more than a margin
        return [_above(_NOT_WORSE, sizes.not_worse, v.unit), _below(_WORSE, sizes.worse, v.unit)]
    either = KINDS[v.kind].two_sided or seen(v)
    shown = sizes.better if sizes.better is not None or not either else sizes.worse
    # What is shown beside the others may be too little to be shown whatever they show.
    sentences = [_below(_MORE, shown, v.unit)] if shown is not None or not v.decided else []
    if not either and sizes.not_better < sizes.within:
        sentences.append(_above(_NO_MORE, sizes.not_better, v.unit))
    return [*sentences, _above(_WITHIN, sizes.within, v.unit)]


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
