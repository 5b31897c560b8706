"""Where the interval of a tested claim lies, as a reason; and how many more seeds would decide an open claim."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ablate.claims.contract import ClaimKind
from ablate.claims.estimate import Estimate
from ablate.claims.parts import Region
from ablate.claims.reason import Reason, because
from ablate.stats.power import MOST_PAIRS, estimated_at, pairs_to_decide
from ablate.stats.signflip import as_differences

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
    ends = {"level": level, "low": low, "high": high, "unit": unit}
    if not claim.directed:
        code = _PLACES.get(outcome, "crosses")
        return because(code, **ends, effect=estimate.effect, scale=estimate.scale, symbol=claim.symbol)
    said = {**ends, "delta": claim.delta}
    if outcome == "supported":
        return because("above", **said)
    if outcome == "refuted":
        return because(label if label in _LABELS else "below", **said)
    pairs = len(estimate.numbers)
    smallest = 2.0 / 2.0**pairs
    if pairs and smallest > 1.0 - level:
        return because("too_few_to_decide", **said, pairs=pairs, smallest=smallest)
    return because("holds_delta", **said)


def more_seeds(estimate: Estimate | None, region: Region, *, level: float) -> Reason:
    """Return how many more seeds would decide an open claim, for claims about a mean with one end to exclude."""
    numbers = estimate.numbers if estimate else ()
    if not numbers or (estimate and estimate.scale == "share"):
        return because("more_seeds")
    mean = sum(numbers) / len(numbers)
    nearest = min((end for end in region if math.isfinite(end)), key=lambda end: abs(end - mean))
    return more_pairs(numbers, nearest, alpha=1.0 - level)


def more_pairs(differences: Sequence[float], delta: float, *, alpha: float) -> Reason:
    """Return how many more pairs would exclude δ."""
    if estimated_at(differences, delta):
        return because("no_number_of_pairs")
    total = pairs_to_decide(differences, delta, alpha=alpha)
    if not math.isfinite(total):
        return because("more_pairs_than", n=MOST_PAIRS)
    return because("more_pairs", more=int(total) - len(as_differences(differences)), total=int(total))
