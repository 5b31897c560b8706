"""The evidence for one comparison: a difference per seed, oriented so that the claim predicts more than 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.stats.claims import Comparison, Key, level_key, level_text
from ablate.stats.endpoint import Endpoint
from ablate.stats.metric import Direction, direction_of


@dataclass(frozen=True)
class Evidence:
    """What the runs of one comparison hold.

    Attributes
    ----------
    predicts
        The direction the claim predicts for the metric; differences are positive where it is right.
    differences
        Seed -> arm minus against (sign turned for `lower`), averaged over the cells. A seed is there only where both
        sides have a value in every cell: a mean over other cells would be another quantity.
    planned_pairs
        Seeds planned for any of the arms.
    filled_arm, filled_against
        (k, n): k of the n runs on this side failed and count as the endpoint's fill.
    per_cell
        Cell -> mean oriented difference over the same seeds.
    undefined
        Runs that ended without any value for the metric: reason to refuse.
    """

    predicts: Direction
    differences: dict[int, float]
    planned_pairs: int
    filled_arm: tuple[int, int]
    filled_against: tuple[int, int]
    per_cell: dict[str, float]
    undefined: int


def evidence_of(
    comparison: Comparison, endpoint: Endpoint, arms: Mapping[Key, int], factors: tuple[str, ...]
) -> Evidence:
    """Collect the paired differences of a comparison.

    Parameters
    ----------
    comparison
        The claim and its matched cells.
    endpoint
        The claim's metric, (seeds, arms).
    arms
        `level_key` of an arm -> its column in the endpoint.
    factors
        The study's factors, in the order the keys were made with.
    """
    pairs = [comparison.arms(cell) for cell in comparison.cells]
    left = np.array([arms[level_key(arm, factors)] for arm, _ in pairs])
    right = np.array([arms[level_key(against, factors)] for _, against in pairs])
    predicts = comparison.claim.predicts or direction_of(comparison.claim.metric)
    sign = 1.0 if predicts == "higher" else -1.0
    gaps = sign * (endpoint.value[:, left] - endpoint.value[:, right])  # (seeds, cells)
    usable: NDArray[np.bool_] = np.asarray(np.isfinite(gaps).all(axis=1), dtype=np.bool_)
    means = gaps[usable].mean(axis=1)
    seeds = np.array(endpoint.seeds)
    planned = (endpoint.planned[:, left] | endpoint.planned[:, right]).any(axis=1)
    by_cell = gaps[usable].mean(axis=0) if usable.any() else np.full(len(pairs), np.nan)
    return Evidence(
        predicts=predicts,
        differences={int(seed): float(d) for seed, d in zip(seeds[usable], means, strict=True)},
        planned_pairs=int(planned.sum()),
        filled_arm=_filled(endpoint, usable, left),
        filled_against=_filled(endpoint, usable, right),
        per_cell={level_text(c, exact=True): float(d) for c, d in zip(comparison.cells, by_cell, strict=True)},
        undefined=int(endpoint.undefined[:, np.concatenate((left, right))].sum()),
    )


def _filled(endpoint: Endpoint, usable: NDArray[np.bool_], columns: NDArray[np.int64]) -> tuple[int, int]:
    used = endpoint.filled[usable][:, columns]
    return int(used.sum()), int(used.size)
