"""Why a claim was ruled on as it was: where its interval lies."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from ablate.judge.verdict import Verdict, p_text, percent, shown
from ablate.lang import msg, tr
from ablate.stats.mean import Method
from ablate.stats.power import MOST_PAIRS, estimated_at, pairs_to_decide
from ablate.stats.signflip import as_differences
from ablate.words.amounts import amount, amounts, difference_unit

METHODS = (msg("none"), msg("sign-flip"), msg("Clopper–Pearson"), msg("random spacings"), msg("partial conjunction"))

_PLACES = {
    "supported": msg("The {level} interval lies inside what is claimed: {found}."),
    "refuted": msg("The {level} interval lies outside what is claimed: {found}."),
}


def interval_says(verdict: Verdict) -> str:
    """Say where the interval of a tested claim lies."""
    unit = verdict.unit
    low, high = verdict.interval_low or 0.0, verdict.interval_high or 0.0
    if verdict.kind != "effect":
        place = _PLACES.get(verdict.outcome, msg("The {level} interval crosses the end of what is claimed: {found}."))
        found = shown(verdict, verdict.effect or 0.0, low, high)
        return tr(place, level=percent(verdict.interval_level), found=found)
    ends = amounts([low, high], unit, width=high - low)
    level, found = percent(verdict.interval_level), f"[{ends[0]}, {ends[1]}]{difference_unit(unit)}"
    interval = tr("The {level} interval {found}", level=level, found=found)
    delta = verdict.delta
    threshold = f"δ = {amount(delta, unit)}"
    if verdict.outcome == "supported":
        return tr("{interval} lies above {threshold}.", interval=interval, threshold=threshold)
    if verdict.label == "negligible":
        return tr("{interval} lies within ±{threshold}.", interval=interval, threshold=threshold)
    if verdict.label == "reversed":
        end = threshold if delta == 0 else f"−δ = {amount(-delta, unit)}"
        return tr("{interval} lies below {end}: the effect goes the other way.", interval=interval, end=end)
    if verdict.label == "harmful":
        return tr(
            "{interval} lies below 0: the effect goes the other way, but is not shown to be larger than {threshold}.",
            interval=interval,
            threshold=threshold,
        )
    if verdict.outcome == "refuted":
        return tr("{interval} lies below {threshold}.", interval=interval, threshold=threshold)
    smallest = 2.0 / 2.0**verdict.pairs
    if smallest > 1.0 - verdict.interval_level:
        return tr(
            "{interval} holds {threshold}: with {pairs} pairs the smallest possible p, {p}, is above the level {level} "
            "Holm leaves.",
            interval=interval,
            threshold=threshold,
            pairs=verdict.pairs,
            p=p_text(smallest),
            level=p_text(1.0 - verdict.interval_level),
        )
    return tr("{interval} holds {threshold}.", interval=interval, threshold=threshold)


def method_text(method: Method) -> str:
    """Name the method an interval was made by.

    >>> method_text(Method("sign-flip", widened=True))
    'sign-flip, widened for a long tail'
    """
    text = method.name
    if method.draws:
        text = tr("sign-flip over {draws:,} random patterns", draws=method.draws)
    return text if not method.widened else tr("{text}, widened for a long tail", text=tr(text))


def more_pairs_text(differences: ArrayLike, delta: float, *, alpha: float) -> str:
    """Say in a sentence how many more pairs would decide an open claim."""
    if estimated_at(differences, delta):
        return tr("No number of pairs would decide it: the effect is estimated at δ.")
    total = pairs_to_decide(differences, delta, alpha=alpha)
    if not math.isfinite(total):
        return tr(
            "More than {n:,} pairs would be needed: the effect is estimated too close to δ.",
            n=MOST_PAIRS,
        )
    more = int(total) - len(as_differences(differences))
    message = msg("About {more} more pairs ({total} in all) would decide it at 80 % power, if the effect is as seen.")
    if more == 1:
        message = msg("About 1 more pair ({total} in all) would decide it at 80 % power, if the effect is as seen.")
    return tr(message, more=more, total=int(total))
