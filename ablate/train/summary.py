"""From curves to the scalars a run is judged by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.train.program import Curve


def area_under(curve: Curve) -> float:
    """Return the normalised area under a curve (AULC): its mean over the steps, by trapezoids.

    Between 0 and 1 for an accuracy; a single evaluation counts as it is.

    >>> area_under(Curve(np.array([0, 10, 30]), np.array([0.0, 1.0, 1.0])))
    0.8333333333333334
    """
    if len(curve.steps) == 1:
        return float(curve.values[0])
    return float(np.trapezoid(curve.values, curve.steps) / (curve.steps[-1] - curve.steps[0]))


def after(curve: Curve, step: int) -> Curve:
    """Return the part of a curve from `step` on.

    >>> after(Curve(np.array([0, 10, 30]), np.array([0.0, 1.0, 0.5])), 10).values.tolist()
    [1.0, 0.5]
    """
    kept = curve.steps >= step
    return Curve(curve.steps[kept], curve.values[kept])


def other_targets(target: float) -> dict[str, float]:
    """Return the targets beside the chosen one by which a claim about speed is looked at again.

    Five points of accuracy less, and five more, or half of what is missing to 1 where that is less.

    >>> {name: round(other, 4) for name, other in other_targets(0.8).items()}
    {'easier': 0.75, 'harder': 0.85}
    >>> round(other_targets(0.95)["harder"], 4)
    0.975
    """
    return {"easier": max(target - 0.05, 0.0), "harder": target + min(0.05, (1.0 - target) / 2.0)}


def first_reached(curve: Curve, target: float) -> int | None:
    """Return the steps done at the first of two consecutive evaluations at or above `target` (TTT), or None.

    >>> first_reached(Curve(np.array([0, 5, 10, 15]), np.array([0.9, 0.1, 0.9, 0.95])), 0.9)
    10
    """
    above: NDArray[np.bool_] = curve.values >= target  # False for NaN
    twice = above[:-1] & above[1:]
    return int(curve.steps[int(twice.argmax())]) if twice.any() else None
