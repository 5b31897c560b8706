"""From a comparison and the tables to an estimate, by the kind of the claim."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ablate.lang import tr
from ablate.stats.alike import Alike
from ablate.stats.basins import basin_details, other_basins
from ablate.stats.claims import Comparison, Key, level_text, metrics_used
from ablate.stats.contrast import Evidence, Sides, evidence_of, sides_of
from ablate.stats.endpoint import Endpoint, ended_as
from ablate.stats.estimate import (
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
from ablate.stats.exchange import exchange_bootstrap, exchange_rate
from ablate.stats.proportions import clopper_pearson
from ablate.stats.sensitivity import imputed
from ablate.stats.wins import win_scores
from ablate.sweep.claim_parts import Region
from ablate.sweep.claims import ExactClaim, ProportionClaim, TimeClaim, WinClaim
from ablate.sweep.claims_over import BasinClaim, ExchangeClaim
from ablate.sweep.metrics import metrics_in
from ablate.track.record import StudyTables
from ablate.train.metric import OTHER_TARGETS


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
        For claims about steps to a target: the seeds' contrasts at each of `OTHER_TARGETS`, where runs logged them;
        for widths of basins also those of `OTHER_BASINS`.
    """

    comparison: Comparison
    evidence: Evidence
    region: Region
    estimate: Estimate | None
    least: int
    bounds: dict[str, NDArray[np.float64]]
    rule: str
    unit: str
    elsewhere: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    alike: Alike | None = None

    @property
    def testable(self) -> bool:
        """Whether there is an estimate, of arms that can differ."""
        return self.estimate is not None and self.alike is None


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
    region, bounds, rule = claim.region, {}, ""
    least = least_seeds(comparison, alpha)
    if isinstance(claim, ProportionClaim) and claim.of == "runs":
        evidence, estimate = _runs(claim, sides, tables)
        return Collected(comparison, evidence, region, estimate, least, {}, "", "", alike=alike)
    endpoint = endpoints[metrics[0]]
    rule = endpoint.rule_of(sides.columns)
    evidence = evidence_of(comparison, sides, endpoint)
    d = list(evidence.differences.values())
    estimate = None
    if isinstance(claim, WinClaim):
        ties = meanings.direction(claim.ties_by, where=f"claim {claim.id}, `ties_by`")
        seeds, scores = win_scores(
            endpoint, endpoints[claim.ties_by], sides.columns, predicts=sides.predicts, ties_predict=ties
        )
        means = scores.mean(axis=1)
        estimate = win_estimate(means, region) if seeds else None
        cells = [level_text(cell, comparison.names) for cell in comparison.cells]
        by_cell = dict(zip(cells, scores.mean(axis=0).tolist(), strict=True))
        evidence = dataclasses.replace(
            evidence, differences=dict(zip(seeds, means.tolist(), strict=True)), undefined=0, per_cell=by_cell
        )
    elif isinstance(claim, ExactClaim):
        values = sides.values(endpoint)[:, :, 0]
        known = np.isfinite(values)
        estimate = exact_estimate(values[known], claim.bounds) if known.any() else None
    elif not d or evidence.undefined:
        pass
    elif isinstance(claim, ProportionClaim):
        gaps = sides.contrast(sides.values(endpoint))
        gaps = gaps[np.isfinite(gaps).all(axis=1)]
        needed = int(claim.at_least or 1)
        region = ((needed - 0.5) / gaps.shape[1], math.inf)
        estimate = cells_estimate(gaps, needed, claim.by_at_least)
    elif isinstance(claim, ExchangeClaim):
        evidence, estimate = _exchange(comparison, sides, endpoint, evidence)
    else:
        estimate = mean_estimate(d, region, scale=scale_of(claim))
        if isinstance(claim, TimeClaim):
            estimate = dataclasses.replace(estimate, details=_times(sides, endpoint))
        elif isinstance(claim, BasinClaim):
            estimate = dataclasses.replace(estimate, details=basin_details(sides, endpoint))
    if isinstance(claim, BasinClaim):  # a run that failed is outside the basin, whatever value it would have had
        rule = tr("not good (target missed)")
    elif not isinstance(claim, WinClaim | ExactClaim | ExchangeClaim | ProportionClaim):
        bounds = imputed(sides, endpoint)
    unit, elsewhere = endpoint.declared.unit, _elsewhere(comparison, sides, endpoints)
    return Collected(comparison, evidence, region, estimate, least, bounds, rule, unit, elsewhere, alike)


def _elsewhere(
    comparison: Comparison, sides: Sides, endpoints: Mapping[str, Endpoint]
) -> dict[str, NDArray[np.float64]]:
    """Return the seeds' contrasts at the other targets of a claim about steps, and with a basin measured otherwise."""
    claim = comparison.claim
    if isinstance(claim, WinClaim | ExactClaim | ExchangeClaim | ProportionClaim):
        return {}
    found = {}
    for name in OTHER_TARGETS:
        endpoint = endpoints.get(f"{claim.metric}_{name}")
        if endpoint is not None:
            evidence = evidence_of(comparison, sides, endpoint)
            found[name] = np.array(list(evidence.differences.values()))
    return found | other_basins(sides, endpoints[claim.metric])


def _runs(claim: ProportionClaim, sides: Sides, tables: StudyTables) -> tuple[Evidence, Estimate | None]:
    ended, ran = ended_as(tables, claim.outcomes)
    usable: NDArray[np.bool_] = np.asarray(ran[:, sides.columns].all(axis=(1, 2)))
    hit = np.asarray(ended[:, sides.columns].all(axis=(1, 2)))[usable]
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
    return evidence, share_estimate(int(hit.sum()), len(hit), claim.region) if len(hit) else None


def _times(sides: Sides, endpoint: Endpoint) -> dict[str, object]:
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


@dataclass(frozen=True)
class ExchangeCurves:
    """The learning curves an exchange rate is read off, averaged over the cells.

    Attributes
    ----------
    seeds
        Those with a value at every n on both sides.
    n
        float64 (levels,), ascending.
    arm, reference
        float64 (seeds, levels), turned so that higher is better.
    sign
        What they were multiplied by: +1 or -1.
    """

    seeds: tuple[int, ...]
    n: NDArray[np.float64]
    arm: NDArray[np.float64]
    reference: NDArray[np.float64]
    sign: float

    def bootstrap(self) -> NDArray[np.float64]:
        """Return log k(n) of 1,999 resamples of whole seeds, (resamples, levels - 1); the same ones every time."""
        return exchange_bootstrap(self.arm, self.reference, self.n, rng=np.random.default_rng(0xE8C))


def exchange_curves(comparison: Comparison, sides: Sides, endpoint: Endpoint) -> ExchangeCurves:
    """Return the learning curves of both sides of a claim about an exchange rate."""
    values = sides.values(endpoint)
    usable = np.isfinite(values).all(axis=(1, 2))
    sign = 1.0 if sides.predicts == "higher" else -1.0
    arm, reference = np.split(values[usable].mean(axis=1) * sign, 2, axis=1)
    n = np.array([float(str(level)) for level in comparison.over])
    return ExchangeCurves(tuple(int(seed) for seed in np.array(endpoint.seeds)[usable]), n, arm, reference, sign)


def _exchange(
    comparison: Comparison, sides: Sides, endpoint: Endpoint, evidence: Evidence
) -> tuple[Evidence, Estimate | None]:
    curves = exchange_curves(comparison, sides, endpoint)
    if len(curves.seeds) < 2:
        return evidence, None
    rate = exchange_rate(curves.arm, curves.reference, curves.n)
    drawn = curves.bootstrap().mean(axis=1)
    estimate = mean_estimate(rate.jackknife, comparison.claim.region, scale="log ratio")
    details = {
        "n": rate.n.tolist(),
        "k": rate.k.tolist(),
        "clipped": rate.clipped.tolist(),
        "bootstrap_95": [float(np.exp(end)) for end in np.quantile(drawn, [0.025, 0.975])],
    }
    pseudo = {s: float(v) for s, v in zip(curves.seeds, rate.jackknife, strict=True)}
    per_cell = {f"{comparison.claim.over}={m:g}": float(k) for m, k in zip(rate.n, np.log(rate.k), strict=True)}  # type: ignore[union-attr]
    return (
        dataclasses.replace(evidence, differences=pseudo, per_cell=per_cell),
        dataclasses.replace(estimate, details=details),
    )
