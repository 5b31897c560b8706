"""For which δ runs would decide a claim that they leave open, or a comparison of which nobody said what matters."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from ablate.claims.comparison import Comparison
from ablate.claims.estimate import Estimate
from ablate.claims.parts import Region
from ablate.judge.evidence import Collected
from ablate.judge.obstacles import NEXT, held_back
from ablate.judge.verdict import Sizes, Verdict
from ablate.stats.signflip import least_pairs

_NEAR = 1e-6
"""Of the interval's width: how far beyond an end it is tried whether something else than the interval objects."""


def sizes_of(verdict: Verdict, collected: Collected, estimate: Estimate, *, together: float) -> Sizes | None:
    """Return for which δ the runs decide, by the interval at the level that Holm leaves the claim.

    A claim that is not decided keeps its level whatever its δ is: Holm stops there as long as its p is larger, and
    where it is smaller, every claim that was rejected still is. So the ends of its interval are the δ at which it
    would be decided. For one that is decided they are bounds: another δ may leave it a milder level.

    Where comparisons share one δ (every level against the baseline, every level of `each`), another δ changes all of
    them, and may leave any of them a stricter level. What is said of such ones holds at the strictest, α / claims, so
    whatever the others show; it is a bound as well.

    Parameters
    ----------
    together
        The level at which the intervals of all claims hold together.

    None where a δ would not help: something stands in the way of a test, or of a decision by the interval (a budget, a
    bound for what is rare, too many pairs that are left out).
    """
    claim, level = collected.comparison.claim, verdict.interval_level
    if not claim.sampled or estimate.scale != "difference" or not collected.testable or collected.evidence.undefined:
        return None
    if verdict.decided and (claim.delta or not claim.exploratory):
        return None
    needed = least_pairs(level) if estimate.method.name == "sign-flip" else collected.least
    if collected.evidence.count < needed:
        return Sizes(more=needed - collected.evidence.count)
    if verdict.outcome == "not_tested" or verdict.reason.code in NEXT:
        return None
    level = max(level, together) if shares_delta(collected.comparison) else level
    low, high = estimate.interval(level)
    sizes = Sizes.of(low, high)
    for region, outcome in _decisions(sizes, _NEAR * (high - low)):
        if held_back(dataclasses.replace(collected, region=region), level=level, outcome=outcome) is not None:
            return None
    return sizes


def shares_delta(comparison: Comparison) -> bool:
    """Tell whether a comparison has its δ together with others, so that none is changed alone."""
    return comparison.claim.exploratory or bool(comparison.claim.each)


def _decisions(sizes: Sizes, near: float) -> Iterator[tuple[Region, str]]:
    """Return what is decided at the δ nearest to the effect, as a region with the outcome for it."""
    if not math.isfinite(near):
        return
    if sizes.better is not None:
        yield (sizes.better - near, math.inf), "supported"
    if sizes.worse is not None:
        yield (near - sizes.worse, math.inf), "refuted"
    yield (sizes.not_better + near, math.inf), "refuted"
    yield (-sizes.not_worse - near, math.inf), "supported"
    yield (-sizes.within - near, sizes.within + near), "supported"


def also_if_failed(verdict: Verdict, comparison: Comparison, if_failed: dict[str, Any]) -> Sizes | None:
    """Return for which δ a verdict is what it would be, too, if runs that did not finish had failed.

    None where that is not known: of comparisons that share one δ `if_failed` has no interval at their common level.

    Parameters
    ----------
    if_failed
        ``details["lost"]``: `low` and `high` of the interval then, None where it has no end, and the `outcome`.
    """
    sizes, ends = verdict.sizes, (verdict.interval_low, verdict.interval_high)
    if sizes is None or sizes.more or None in ends:
        return sizes
    if if_failed["outcome"] == "not_tested" or (verdict.family > 1 and shares_delta(comparison)):
        return None
    low, high = if_failed["low"], if_failed["high"]
    least = -math.inf if low is None else min(low, ends[0] or 0.0)
    most = math.inf if high is None else max(high, ends[1] or 0.0)
    return Sizes.of(least, most)
