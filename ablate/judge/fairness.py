"""Fixed against tuned: what a claim's effect is when every arm has the same values, and when each has its own."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np

from ablate.claims.capped import Gaps, at_common_budget
from ablate.claims.comparison import Comparison, arm_key, arm_text
from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import evidence_of, sides_of
from ablate.claims.estimate import Scale
from ablate.judge.comparable import horizons
from ablate.judge.endpoint import endpoint
from ablate.judge.expand import expand
from ablate.stats.mean import mean_interval
from ablate.sweep.metrics import metrics_in
from ablate.sweep.study import FAIRNESS, Study
from ablate.track.record import StudyTables

LEVEL = 0.95


@dataclass(frozen=True)
class Mean:
    """A mean over seeds and its own 95 % interval, by inverting the sign-flip test."""

    effect: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True)
class FixedTuned:
    """One comparison both ways.

    Attributes
    ----------
    id
        The claim's id, with the levels of `each` but fairness.
    scale
        `difference`, `log ratio`, `slope` or `decades`; oriented so that the claim predicts more.
    unit
        Of the metric.
    fixed, tuned, change
        The effect where every arm has the fixed values, where each has its tuned ones, and tuned minus fixed, paired
        by seed.
    """

    id: str
    says: str
    metric: str
    scale: Scale
    delta: float
    fixed: Mean
    tuned: Mean
    change: Mean
    unit: str = ""


def fixed_and_tuned(study: Study, tables: StudyTables) -> list[FixedTuned]:
    """Return every claim about a mean both ways, each once; empty for a study that is not run both ways.

    A claim that compares fixed with tuned arms itself, or that has a run without a value, is not among them.
    """
    if FAIRNESS not in study.factors:
        return []
    rows = tables.levels()
    columns = {arm_key(levels, study.factors): i for i, levels in enumerate(rows)}
    by_claim: dict[str, FixedTuned] = {}
    for claim in study.claims:
        if not claim.by_means or FAIRNESS in claim.own_factors:
            continue
        ways = [expand(_only(study, claim, level), arms=rows) for level in ("fixed", "tuned")]
        for fixed, tuned in zip(*ways, strict=True):
            key = _what(fixed)
            if key in by_claim:
                continue
            differences = [_differences(study, tables, one, columns) for one in (fixed, tuned)]
            pairs = sorted(differences[0].keys() & differences[1].keys())
            if not pairs:
                continue
            change = {seed: differences[1][seed] - differences[0][seed] for seed in pairs}
            one, other, gap = (_mean(values) for values in (*differences, change))
            unit = metrics_in(tables).of(claim.metric).unit
            by_claim[key] = FixedTuned(
                fixed.id, claim.says, claim.metric, claim.scale, claim.delta, one, other, gap, unit
            )
    return list(by_claim.values())


def _only(study: Study, claim: ClaimKind, level: str) -> Study:
    where = {**claim.where, FAIRNESS: [level]}
    one = claim.model_copy(update={"where": where, "each": [factor for factor in claim.each if factor != FAIRNESS]})
    return study.model_copy(update={"claims": [one]})


def _what(comparison: Comparison) -> str:
    """Return what is compared, by which two claims that differ in words or in δ only are told to be one."""
    claim = comparison.claim
    sides = claim.model_dump(exclude={"id", "says", "quote", "why_delta", "gates", "where", "each"}, mode="json")
    sides = {key: value for key, value in sides.items() if key not in ("kind", "by_at_least", "within", "ratio")}
    return json.dumps([sides, claim.scale, [arm_text(cell, exact=True) for cell in comparison.cells]])


def _differences(
    study: Study, tables: StudyTables, comparison: Comparison, columns: dict[tuple[tuple[str, object], ...], int]
) -> dict[int, float]:
    sides = sides_of(comparison, columns, tuple(study.factors), metrics_in(tables))
    ended = at_common_budget(endpoint(tables, comparison.claim.metric), sides.columns)
    evidence = evidence_of(comparison, sides, ended)
    if evidence.undefined or horizons(tables, ended, sides.columns) or not Gaps.of(sides, ended).said():
        return {}
    return evidence.differences


def _mean(differences: dict[int, float]) -> Mean:
    values = np.array(list(differences.values()))
    low, high = mean_interval(values, level=LEVEL) if len(values) > 1 else (-math.inf, math.inf)
    return Mean(float(values.mean()), low, high, len(values))
