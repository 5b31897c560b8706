"""Why a claim was ruled on as it was: where its interval lies."""

from __future__ import annotations

from ablate.stats.metric import amount, amounts, unit_of
from ablate.stats.verdict import Verdict, p_text, percent, shown


def interval_says(verdict: Verdict) -> str:
    """Say where the interval of a tested claim lies."""
    metric = verdict.metric
    low, high = verdict.interval_low or 0.0, verdict.interval_high or 0.0
    if verdict.kind != "effect":
        place = {"supported": "lies inside", "refuted": "lies outside"}.get(verdict.outcome, "crosses the end of")
        found = shown(verdict, verdict.effect or 0.0, low, high)
        return f"The {percent(verdict.interval_level)} interval {place} what is claimed: {found}."
    ends = amounts([low, high], metric, width=high - low)
    interval = f"The {percent(verdict.interval_level)} interval [{ends[0]}, {ends[1]}]{unit_of(metric)}"
    delta = verdict.delta
    threshold = f"δ = {amount(delta, metric)}"
    if verdict.outcome == "supported":
        return f"{interval} lies above {threshold}."
    if verdict.label == "negligible":
        return f"{interval} lies within ±{threshold}."
    if verdict.label == "reversed":
        return f"{interval} lies below {'' if delta == 0 else '−'}{threshold}: the effect goes the other way."
    if verdict.outcome == "refuted":
        return f"{interval} lies below {threshold}."
    smallest = 2.0 / 2.0**verdict.pairs
    if smallest > 1.0 - verdict.interval_level:
        least = f"with {verdict.pairs} pairs the smallest possible p, {p_text(smallest)}"
        level = p_text(1.0 - verdict.interval_level)
        return f"{interval} holds {threshold}: {least}, is above the level {level} Holm leaves."
    return f"{interval} holds {threshold}."
