"""What the noise floor of a study's baseline says of each of its claims: what can be seen, how many seeds it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.claims.capped import counts_steps
from ablate.claims.contract import ClaimKind
from ablate.claims.measured import Endpoint
from ablate.judge.endpoint import endpoint
from ablate.stats.noise import NoiseFloor, aa_differences, blocks_needed, noise_floor
from ablate.sweep.metrics import metrics_in
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

FIRST = 1_000_000
"""Seeds of A/A runs start here, a million for every copy: no study's own seeds reach so far."""


@dataclass(frozen=True)
class ClaimNoise:
    """One claim against the noise floor.

    Attributes
    ----------
    floor
        None for a kind that is not a mean of differences.
    gap
        Distance from the truth to the end of the claim's region that is to be seen: δ itself, that is, a true effect
        of 2δ (of 0 for an equivalence). In the metric's unit, or log units of steps.
    seeds
        Seeds to plan for it at 80 % power; inf where δ is 0 or out of reach.
    unit
        Of the claim's metric.
    """

    claim: ClaimKind
    floor: NoiseFloor | None
    gap: float
    seeds: float
    unit: str = ""


def copy_seeds(seeds: int, copies: int) -> list[int]:
    """Return the seeds of every copy, one after the other: disjoint from each other and from any study's.

    >>> copy_seeds(2, 2)
    [1000000, 1000001, 2000000, 2000001]
    """
    return [FIRST * copy + seed for copy in range(1, copies + 1) for seed in range(seeds)]


def identical_values(tables: StudyTables, metric: str) -> NDArray[np.float64]:
    """Return a metric of identical arms, float (seeds, copies), failures filled as in every analysis."""
    ended = endpoint(tables, metric)
    return _by_copy(ended, ended.value)


def _silent_pairs(tables: StudyTables, metric: str) -> NDArray[np.bool_]:
    """Return which A/A pairs say nothing: that two runs ran out of the same budget is not agreement."""
    ended = endpoint(tables, metric)
    missed = _by_copy(ended, (ended.filled & counts_steps(ended)).astype(np.float64))
    return np.asarray(aa_differences(missed) == 0.0) & (_firsts(missed) > 0)


def _firsts(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first of each pair that `aa_differences` subtracts."""
    return np.asarray(values[:, 0 : values.shape[1] // 2 * 2 : 2].ravel())


def _by_copy(ended: Endpoint, values: NDArray[np.float64]) -> NDArray[np.float64]:
    copies = np.array(ended.seeds) // FIRST
    columns = [values[copies == copy, 0] for copy in np.unique(copies)]
    least = min(len(column) for column in columns)
    return np.stack([column[:least] for column in columns], axis=1)


def claim_noise(study: Study, tables: StudyTables, *, seeds: int, family: int, alpha: float = 0.05) -> list[ClaimNoise]:
    """Return what the noise floor says of every claim, in the order of the file.

    One cell is counted: a claim that averages over several cells is less noisy, how much depends on how alike the
    cells are. Arms of a study share their seed's streams, identical arms here do not: real pairs are at most as noisy
    where sharing streams makes runs alike.

    Parameters
    ----------
    tables
        Of the A/A runs.
    seeds
        Seeds the study plans.
    family
        Claims that share α.
    """
    rows = []
    for claim in study.claims:
        plan = claim.noise_plan()
        if plan is None:
            rows.append(ClaimNoise(claim, None, math.nan, math.nan))
            continue
        values = identical_values(tables, claim.metric)
        d = aa_differences(np.log(values) if plan.logged else values)
        d = d[np.isfinite(d) & ~_silent_pairs(tables, claim.metric)] * plan.factor
        if len(d) < 3:
            rows.append(ClaimNoise(claim, None, math.nan, math.nan))
            continue
        floor = noise_floor(d, seeds=seeds, claims=family, alpha=alpha)
        unit = metrics_in(tables).of(claim.metric).unit
        needed = blocks_needed(plan.gap, floor.sd, alpha=floor.level, both=claim.two_sided)
        rows.append(ClaimNoise(claim, floor, plan.gap, needed, unit))
    return rows
