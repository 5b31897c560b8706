"""From a comparison and the tables to an estimate, by the kind of the claim."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.claims.basins import basin_details, other_basins
from ablate.claims.capped import Gaps, at_common_budget
from ablate.claims.comparison import Comparison, Key, level_text, metrics_used
from ablate.claims.contrast import Evidence, Sides, evidence_of, sides_of
from ablate.claims.curves import exchange_estimate
from ablate.claims.estimate import (
    Estimate,
    cells_estimate,
    exact_estimate,
    mean_estimate,
    mean_least,
    scale_of,
    share_estimate,
    share_least,
    win_estimate,
)  # fmt: skip
from ablate.claims.kinds import ExactClaim, ProportionClaim, TimeClaim, WinClaim
from ablate.claims.measured import Endpoint
from ablate.claims.over import BasinClaim, ExchangeClaim
from ablate.claims.parts import Region
from ablate.claims.times import times_of
from ablate.claims.wins import win_scores
from ablate.judge.alike import Alike
from ablate.judge.comparable import horizons
from ablate.judge.endpoint import ended_as
from ablate.judge.sensitivity import imputed
from ablate.lang import tr
from ablate.sweep.metrics import metrics_in
from ablate.track.record import StudyTables
from ablate.train.metric import OTHER_TARGETS, Better
from ablate.train.outcome import Outcome


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way of a test, as a code with the numbers its sentence needs (see `words.obstacles`)."""

    code: str
    count: int = 0
    of: int = 0
    text: str = ""


@dataclass(frozen=True)
class Collected:
    """What the judge needs of one comparison.

    Attributes
    ----------
    region
        The claim's region in the unit of the estimate.
    estimate
        None where there is nothing to estimate.
    least
        Fewest seeds with which the claim could be decided at the level of the study.
    bounds
        `imputed`, for claims about a mean.
    unit
        Of the claim's metric.
    alike
        Why it is not tested although there are runs: its arms cannot differ.
    elsewhere
        For claims about steps to a target: the contrasts at each of `OTHER_TARGETS`, where runs logged them; for widths
        of basins also those of `OTHER_BASINS`.
    counts_steps
        The claim's metric counts to a target.
    gaps
        The contrasts behind the estimate, of the seeds of `evidence`, and how far each is known.
    obstacle
        Why nothing can be tested, where something stands in the way beside runs without a value and too few seeds.
    """

    comparison: Comparison
    evidence: Evidence
    region: Region
    estimate: Estimate | None
    least: int
    bounds: dict[str, NDArray[np.float64]]
    rule: str
    unit: str
    elsewhere: dict[str, Gaps] = field(default_factory=dict)
    alike: Alike | None = None
    gaps: Gaps | None = None
    obstacle: Obstacle | None = None
    details: dict[str, Any] = field(default_factory=dict)
    counts_steps: bool = False

    @property
    def testable(self) -> bool:
        """Whether there is an estimate, of arms that can differ, and nothing stands in the way of a test."""
        return self.estimate is not None and self.alike is None and self.obstacle is None

    @property
    def silent(self) -> tuple[int, int] | None:
        """How many of the pairs say nothing, and of how many; None where all say something."""
        known = self.gaps.known if self.gaps is not None else None
        if known is None or not known.silent.any():
            return None
        return int(known.silent.sum()), known.silent.size


def least_seeds(comparison: Comparison, alpha: float) -> int:
    """Return the fewest seeds with which a comparison can be decided at level α, one way or the other."""
    claim = comparison.claim
    if isinstance(claim, ExactClaim):
        return 1
    if isinstance(claim, ProportionClaim) and claim.of == "cells":
        return max(1, math.ceil(math.log2(len(comparison.cells) / alpha) - 1e-9))  # one-sided 2^-n in every cell
    if isinstance(claim, ProportionClaim | WinClaim):
        return share_least(alpha, claim.region)
    return mean_least(alpha, claim.region)


def collect(
    comparison: Comparison,
    tables: StudyTables,
    endpoints: Mapping[str, Endpoint],
    arms: Mapping[Key, int],
    *,
    alpha: float,
    alike: Alike | None = None,
) -> Collected:
    """Collect the evidence of a comparison and estimate its effect; `alike` says why it is not to be tested."""
    claim = comparison.claim
    meanings = metrics_in(tables)
    sides = sides_of(comparison, arms, tuple(tables.factors), meanings)
    metrics = metrics_used(claim)
    region, bounds = claim.region, {}
    least = least_seeds(comparison, alpha)
    if isinstance(claim, ProportionClaim) and claim.of == "runs":
        evidence, estimate, obstacle = _runs(claim, sides, tables)
        details = estimate.details if estimate is not None else {}
        return Collected(
            comparison, evidence, region, estimate, least, {}, "", "", alike=alike, obstacle=obstacle, details=details
        )
    endpoint = at_common_budget(endpoints[metrics[0]], sides.columns)
    rule = endpoint.rule_of(sides.columns) if _endings_known(tables, endpoint, sides) else ""
    evidence = evidence_of(comparison, sides, endpoint)
    d = list(evidence.differences.values())
    gaps = Gaps.of(sides, endpoint)
    estimate = None
    obstacle = _obstacle(comparison, sides, endpoint, gaps, tables, least=least)
    if isinstance(claim, WinClaim):
        ties_by = endpoints[claim.ties_by]
        lengths = horizons(tables, ties_by, sides.columns)
        ties = meanings.direction(claim.ties_by, where=f"claim {claim.id}, `ties_by`")
        evidence, estimate, obstacle = _wins(comparison, sides, endpoint, (ties_by, ties), evidence, lengths=lengths)
    elif isinstance(claim, ExactClaim):
        values = _exact_values(sides, endpoint)
        known = np.isfinite(values)
        estimate = exact_estimate(values[known], claim.bounds) if known.any() else None
    elif not d or evidence.undefined or obstacle:
        pass
    elif isinstance(claim, ProportionClaim):
        needed = int(claim.at_least or 1)
        region = ((needed - 0.5) / gaps.values.shape[1], math.inf)
        estimate = cells_estimate(gaps.values, needed, claim.by_at_least, known=gaps.known)
    elif isinstance(claim, ExchangeClaim):
        evidence, estimate = exchange_estimate(comparison, sides, endpoint, evidence)
    else:
        estimate = mean_estimate(d, region, scale=scale_of(claim))
        if isinstance(claim, TimeClaim):
            estimate = dataclasses.replace(estimate, details=times_of(sides, endpoint))
        elif isinstance(claim, BasinClaim):
            estimate = dataclasses.replace(estimate, details=basin_details(sides, endpoint))
    details = estimate.details if estimate is not None else {}
    if isinstance(claim, BasinClaim) and obstacle is not None and d:
        details = basin_details(sides, endpoint)  # how often each side reached the target is worth telling all the same
    if obstacle is not None and obstacle.code == "silent":
        evidence = dataclasses.replace(evidence, differences=gaps.said())
    if isinstance(claim, BasinClaim):  # a run that failed is outside the basin, whatever value it would have had
        rule = tr("not good (target missed)")
    elif not isinstance(claim, WinClaim | ExactClaim | ExchangeClaim | ProportionClaim):
        bounds = imputed(sides, endpoint)
    judged_by_means = not isinstance(claim, WinClaim | ExactClaim | ExchangeClaim | ProportionClaim)
    unit, elsewhere = endpoint.declared.unit, _elsewhere(comparison, sides, endpoints)
    return Collected(
        comparison, evidence, region, estimate, least, bounds, rule, unit, elsewhere, alike,
        gaps if judged_by_means else None, obstacle, details, endpoint.declared.counts_to_target,
    )  # fmt: skip


def _endings_known(tables: StudyTables, endpoint: Endpoint, sides: Sides) -> bool:
    """Tell whether it is known of every run of a comparison that it failed or did not."""
    arms = {endpoint.arm_ids[column] for column in sides.columns.ravel()}
    own = tables.seeds[tables.seeds["arm_id"].astype(str).isin(arms)]
    return not (own["outcome"].astype(str) == Outcome.UNKNOWN.value).any()


def _obstacle(
    comparison: Comparison, sides: Sides, endpoint: Endpoint, gaps: Gaps, tables: StudyTables, *, least: int
) -> Obstacle | None:
    claim = comparison.claim
    if isinstance(claim, ExactClaim):  # no side is compared with another
        return None
    lengths = horizons(tables, endpoint, sides.columns)
    if lengths:
        return Obstacle("horizon", text=lengths)
    missed = endpoint.filled[:, sides.columns]
    if isinstance(claim, ExchangeClaim) and endpoint.declared.counts_to_target and missed.any():
        return Obstacle("curve", int(missed.sum()), int(endpoint.ran[:, sides.columns].sum()))
    if gaps.known is not None and gaps.known.silent.any() and len(gaps.said()) < least:
        silent = gaps.known.silent
        return Obstacle("silent", int(silent.sum()), silent.size, endpoint.rule_of(sides.columns))
    return None


def _exact_values(sides: Sides, endpoint: Endpoint) -> NDArray[np.float64]:
    """Return the values of the runs that a property is looked at in, (seeds, cells).

    A run that did not reach its target took more steps than its budget: one more at the least.
    """
    missed = endpoint.filled & endpoint.declared.counts_to_target
    values = np.where(missed, endpoint.value + 1.0, endpoint.value)
    return np.asarray(values[:, sides.columns][:, :, 0])


def _wins(
    comparison: Comparison,
    sides: Sides,
    endpoint: Endpoint,
    ties: tuple[Endpoint, Better],
    evidence: Evidence,
    *,
    lengths: str,
) -> tuple[Evidence, Estimate | None, Obstacle | None]:
    """Score the pairs; `lengths` says over which different numbers of steps the sides' tie-breaks were averaged."""
    ties_by, predict = ties
    seeds, scores, open_pairs = win_scores(
        endpoint, None if lengths else ties_by, sides.columns, predicts=sides.predicts, ties_predict=predict
    )
    means = scores.mean(axis=1)
    by_cell = dict(zip(map(level_text, comparison.cells), scores.mean(axis=0).tolist(), strict=True))
    evidence = dataclasses.replace(
        evidence, differences=dict(zip(seeds, means.tolist(), strict=True)), undefined=0, per_cell=by_cell
    )
    if open_pairs.any():
        return evidence, None, Obstacle("ties", int(open_pairs.sum()), open_pairs.size, lengths)
    return evidence, win_estimate(means, comparison.claim.region) if seeds else None, None


def _elsewhere(comparison: Comparison, sides: Sides, endpoints: Mapping[str, Endpoint]) -> dict[str, Gaps]:
    """Return the contrasts at the other targets of a claim about steps, and with a basin measured otherwise."""
    claim = comparison.claim
    if isinstance(claim, WinClaim | ExactClaim | ExchangeClaim | ProportionClaim):
        return {}
    found = {}
    for name in OTHER_TARGETS:
        endpoint = endpoints.get(f"{claim.metric}_{name}")
        if endpoint is not None:
            found[name] = Gaps.of(sides, at_common_budget(endpoint, sides.columns))
    endpoint = at_common_budget(endpoints[claim.metric], sides.columns)
    return found | {name: Gaps.of(other, endpoint) for name, other in other_basins(sides).items()}


def _runs(
    claim: ProportionClaim, sides: Sides, tables: StudyTables
) -> tuple[Evidence, Estimate | None, Obstacle | None]:
    endings = ended_as(tables, claim.outcomes)
    usable: NDArray[np.bool_] = np.asarray(endings.ran[:, sides.columns].all(axis=(1, 2)))
    hit = np.asarray(endings.hit[:, sides.columns].all(axis=(1, 2)))[usable]
    seeds = np.unique(tables.seeds["seed"].to_numpy(dtype=np.int64))
    evidence = Evidence(
        predicts="higher" if claim.at_most is None else "lower",
        differences={int(s): float(h) for s, h in zip(seeds[usable], hit, strict=True)},
        planned_pairs=len(seeds),
        filled_arm=(0, int(usable.sum())),
        filled_against=(0, 0),
        per_cell={},
        undefined=0,
    )
    ran, known = endings.ran[:, sides.columns], endings.known[:, sides.columns]
    open_runs = ran & ~known
    if open_runs.any():
        code = "no target" if endings.untargeted[:, sides.columns][open_runs].all() else "outcome"
        none = dataclasses.replace(evidence, differences={}, filled_arm=(0, 0))
        return none, None, Obstacle(code, int(open_runs.sum()), int(ran.sum()))
    return evidence, share_estimate(int(hit.sum()), len(hit), claim.region) if len(hit) else None, None
