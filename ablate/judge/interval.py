"""Where the interval of a tested claim lies, as a reason; and how many more seeds would decide an open claim."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from ablate.claims.contract import ClaimKind
from ablate.claims.estimate import Estimate
from ablate.claims.parts import Region
from ablate.claims.reason import Reason, because
from ablate.judge.verdict import STUDENT, Verdict
from ablate.stats.mean import Method
from ablate.stats.power import MOST_PAIRS, estimated_at, pairs_to_decide
from ablate.stats.signflip import as_differences, least_pairs
from ablate.stats.student import t_interval

_PLACES = {"supported": "inside", "refuted": "outside"}
_LABELS = ("negligible", "reversed", "harmful")


def placed(claim: ClaimKind, estimate: Estimate, ruled: tuple[str, str], *, level: float, unit: str) -> Reason:
    """Return where the interval lies: of a directed claim relative to δ, of others relative to their region.

    Parameters
    ----------
    ruled
        Outcome and label.
    level, unit
        Of the interval; of the claim's metric.
    """
    outcome, label = ruled
    low, high = estimate.interval(level)
    if cannot_decide(estimate, level=level) and estimate.scale == "difference":
        low, high = t_interval(estimate.numbers, level=level)
        pairs = len(estimate.numbers)
        return because("too_few_to_decide", level=level, low=low, high=high, unit=unit, delta=claim.delta, pairs=pairs,
                       smallest=2.0 / 2.0**pairs)  # fmt: skip
    ends = {"level": level, "low": low, "high": high, "unit": unit}
    if not claim.directed:
        code = _PLACES.get(outcome, "crosses")
        return because(code, **ends, effect=estimate.effect, scale=estimate.scale, symbol=claim.symbol)
    said = {**ends, "delta": claim.delta}
    if outcome == "supported":
        return because("above", **said)
    if outcome == "refuted":
        return because(label if label in _LABELS else "below", **said)
    return because("holds_delta", **said)


def cannot_decide(estimate: Estimate, *, level: float) -> bool:
    """Tell whether an estimate by sign flips has so few pairs that no p of theirs is at most ``1 - level``."""
    return estimate.method.name == "sign-flip" and 0 < len(estimate.numbers) < least_pairs(level)


def student_so_far(verdict: Verdict, estimate: Estimate) -> Verdict:
    """Return a verdict with Student's t interval where so few pairs can decide nothing; nothing is decided by it."""
    level = verdict.interval_level
    if verdict.decided or len(estimate.numbers) < 2 or not cannot_decide(estimate, level=level):
        return verdict
    low, high = t_interval(estimate.numbers, level=level)
    return dataclasses.replace(verdict, interval_low=low, interval_high=high, method=Method(STUDENT))


def more_seeds(estimate: Estimate | None, region: Region, *, level: float) -> Reason:
    """Return how many more seeds would decide an open claim about a mean: both ends are to be excluded around it."""
    numbers = estimate.numbers if estimate else ()
    if not numbers or (estimate and estimate.scale == "share"):
        return because("more_seeds")
    mean = sum(numbers) / len(numbers)
    nearest, other = sorted(region, key=lambda end: abs(end - mean))
    inside = region[0] < mean < region[1]
    return pairs_needed(numbers, nearest, alpha=1.0 - level, other=other if inside else math.inf)


def pairs_needed(differences: Sequence[float], delta: float, *, alpha: float, other: float = math.inf) -> Reason:
    """Return how many more pairs would exclude δ, and an `other` value on the other side of the mean."""
    if estimated_at(differences, delta):
        return because("no_number_of_pairs")
    total = pairs_to_decide(differences, delta, alpha=alpha, other=other)
    if not math.isfinite(total):
        return because("more_pairs_than", n=MOST_PAIRS)
    return because("more_pairs", more=int(total) - len(as_differences(differences)), total=int(total))
