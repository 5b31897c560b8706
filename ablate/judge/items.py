"""Test items are a sample, too: the paired differences of a claim, item by item, where runs keep what they got right.

Only where it is known that every seed was tested on the same items: a data set declares that (`Dataset.same_test`).
Where a metric is not exactly the share of items that were right, or a run failed and counts as something else, there
is none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.claims.contrast import Sides
from ablate.claims.measured import Endpoint
from ablate.data.base import same_test
from ablate.track.record import StudyTables
from ablate.train.vouched import Fact

CORRECT = "test_correct"
"""Name in `StudyTables.arrays` of which test items a run got right."""

_FACTS = ("dataset", "fingerprint", "test_size")
_SAME = 1e-6  # of a metric that is a share of items: runs log single precision


def item_contrasts(sides: Sides, endpoint: Endpoint, tables: StudyTables) -> NDArray[np.float64] | None:
    """Return a claim's contrasts item by item, averaged over its cells, as (seeds, items); None where not all is known.

    Parameters
    ----------
    sides
        Of a claim about a mean of differences of a metric.
    endpoint
        The metric; seeds in which a side has no value are left out, as the claim leaves them out.
    """
    arms = [endpoint.arm_ids[column] for column in sides.columns.ravel()]
    if sides.logged or not all(tables.arrays.get(arm) for arm in arms) or not _on_the_same_items(tables, arms):
        return None
    usable = np.asarray(np.isfinite(endpoint.value[:, sides.columns]).all(axis=(1, 2)), dtype=np.bool_)
    if not usable.any() or endpoint.filled[usable][:, sides.columns].any():
        return None
    seeds = [seed for seed, use in zip(endpoint.seeds, usable.tolist(), strict=True) if use]
    bits = [[tables.arrays[arm].get(seed, {}).get(CORRECT) for arm in arms] for seed in seeds]
    sizes = {None if one is None else len(one) for row in bits for one in row}
    if len(sizes) != 1 or None in sizes:
        return None
    right = np.array(bits, dtype=np.float64).reshape(len(seeds), *sides.columns.shape, -1)
    if not np.allclose(right.mean(axis=-1), endpoint.value[usable][:, sides.columns], rtol=0.0, atol=_SAME):
        return None
    return np.asarray(np.einsum("ncsi,s->nci", right, sides.weights).mean(axis=1))


def _on_the_same_items(tables: StudyTables, arms: list[str]) -> bool:
    """Tell whether all arms are known to be tested on the same items in every seed."""
    facts = [tables.facts.get(arm, {}) for arm in arms]
    alike = {tuple(str(arm_facts.get(name)) for name in _FACTS) for arm_facts in facts}
    vouched = all(Fact.DATA in arm_facts.get("vouches", ()) for arm_facts in facts)
    return vouched and len(alike) == 1 and same_test(str(facts[0].get("dataset")))
