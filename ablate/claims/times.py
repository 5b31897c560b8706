"""What stands beside a claim on the time to a target: restricted means, and the shares that reached it."""

from __future__ import annotations

import numpy as np

from ablate.claims.contrast import Sides
from ablate.claims.measured import Endpoint
from ablate.stats.proportions import clopper_pearson


def times_of(sides: Sides, endpoint: Endpoint) -> dict[str, object]:
    """Return the restricted means and the shares that reached the target, with 95 % Clopper–Pearson intervals."""
    details: dict[str, object] = {}
    for side, name in ((0, "arm"), (1, "against")):
        columns = sides.columns[:, side]
        used = endpoint.ran[:, columns]
        reached = int((used & ~endpoint.filled[:, columns]).sum())
        value = endpoint.value[:, columns][used]
        details[name] = {
            "reached": reached,
            "runs": int(used.sum()),
            "rate": clopper_pearson(reached, int(used.sum())) if used.any() else None,
            "restricted_mean": float(value.mean()) if value.size and np.isfinite(value).all() else None,
        }
    return details
