"""The verdict rule: each claim's effect against its region, at the level Holm leaves it.

Every kind of claim states a region of effects it is right about (above δ; within ±δ; a share of at least r) and hands
over the smallest level at which its interval lies entirely inside or outside (see `estimate`). Holm runs over every
claim of the study that is tested at all by sampling, run or not (a claim without runs has p = 1: planning it still
costs the others, so results cannot improve by leaving runs out). At the claim's own step of Holm,

    supported  <=>  adjusted p <= α and effect inside   <=>  interval lies inside the region
    refuted    <=>  adjusted p <= α and effect outside  <=>  interval lies outside it

and everything else is inconclusive. A claim whose gates fail is inconclusive whatever its interval says, and so is one
whose interval rests on what a budget hides (see `capped`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ablate.claims.anytime import Batches
from ablate.claims.comparison import arm_text, metrics_used, where_text
from ablate.claims.estimate import Estimate
from ablate.claims.measured import Endpoint
from ablate.claims.reason import Reason, because
from ablate.errors import UserError, must
from ablate.judge.alike import why_not_tested
from ablate.judge.arms import Arms
from ablate.judge.beside import with_extras
from ablate.judge.collapses import with_collapses
from ablate.judge.confounded import confounded_gates
from ablate.judge.copied import copy_gate, may_hold_back
from ablate.judge.endpoint import at_other_targets, endpoint
from ablate.judge.evidence import Collected, collect
from ablate.judge.expand import expand
from ablate.judge.gates import gated, tuning_edge
from ablate.judge.interval import more_seeds, placed
from ablate.judge.jointly import joint_intervals
from ablate.judge.obstacles import held_back, untested
from ablate.judge.scope import scope_of, terms_of
from ablate.judge.verdict import Ruling, Verdict
from ablate.stats.mean import Method
from ablate.stats.multiplicity import ROUNDING, holm, holm_levels
from ablate.stats.student import better_share, standardised
from ablate.sweep.metrics import as_declared
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

_NONE: Mapping[str, Verdict] = MappingProxyType({})


@dataclass(frozen=True)
class _Case:
    """One comparison on its way to a verdict; `p` and `adjusted` are None where nothing was tested."""

    collected: Collected
    estimate: Estimate | None
    family: int
    step: float
    p: float | None
    adjusted: float | None
    batches: Batches | None = None

    @property
    def level(self) -> float:
        """Confidence level of the interval."""
        return 1.0 - self.step

    @property
    def differences(self) -> list[float]:
        return list(self.collected.evidence.differences.values())


def judge(
    study: Study,
    tables: StudyTables,
    *,
    alpha: float = 0.05,
    extras: bool = True,
    batches: Batches | None = None,
    settled: Mapping[str, Verdict] = _NONE,
) -> list[Verdict]:
    """Judge every claim of a study by its logged runs, in the order of the file.

    All runs are used, once; for a study with looks see `looks.judge_look`, and `anytime.follow`.

    Parameters
    ----------
    study
        The study; its claims and δ are taken as they stand.
    tables
        Its runs, read back.
    alpha
        Chance of even one wrong `supported` or `refuted` among all claims.
    extras
        Fill in `sensitivity`, `detectable`, `sizes` and `joint` too, half of the time; simulations leave them out.
    batches
        The looks so far of a study that may stop at any time: its claims are judged by tests that allow for it.
    settled
        Claims that were decided at an earlier look, by id: they stand as they are, and count among the others.

    Raises
    ------
    UserError
        A claim the design or the logged metrics cannot answer (see `check_claims`), or runs of another study.
    """
    if not 0.0 < alpha < 1.0:
        raise must("alpha", "lie between 0 and 1", alpha)
    strange = [factor for factor in study.factors if factor not in tables.factors]
    if strange:
        raise UserError(f"the runs know no factor {', '.join(strange)}: they belong to another version of the study.")
    tables = with_collapses(as_declared(tables, study))
    arms = Arms(study, tables)
    comparisons = expand(study, arms=arms.rows)
    endpoints = _endpoints(study, tables)
    left = [c for c in comparisons if c.id not in settled]
    collected = [
        collect(c, tables, endpoints, arms.column, alpha=alpha, alike=why_not_tested(c, arms), batches=batches)
        for c in left
    ]
    sampled = [f.comparison.claim.sampled for f in collected]
    tested = [
        sample and f.testable and not f.evidence.undefined and f.evidence.count >= f.least
        for f, sample in zip(collected, sampled, strict=True)
    ]
    p = [
        f.estimate.p if test and f.estimate is not None and f.estimate.p is not None else 1.0
        for f, test, sample in zip(collected, tested, sampled, strict=True)
        if sample
    ]
    p += [v.p if v.p is not None else 1.0 for v in settled.values() if v.p_adjusted is not None]
    adjusted, levels = iter(holm(p).tolist()), iter(holm_levels(p, alpha=alpha).tolist())
    verdicts = []
    for f, test, sample in zip(collected, tested, sampled, strict=True):
        adjust, step = (next(adjusted), next(levels)) if sample else (None, alpha)
        raw = f.estimate.p if test and f.estimate else None
        case = _Case(f, f.estimate, len(p), step, raw, adjust if test else None, batches)
        verdict = _exact(case) if not sample else _ruled(case, alpha) if test else _untested(case)
        together = 1.0 - alpha / max(len(p), 1)
        verdicts.append(with_extras(verdict, f, once=batches is None, together=together) if extras else verdict)
    if extras:
        joint = joint_intervals(collected, comparisons, alpha=alpha, once=batches is None)
        verdicts = [dataclasses.replace(v, joint=joint.get(v.claim_id)) for v in verdicts]
    copy_asked = study.tune is not None and study.tune.per == "seed" and study.tune.copy_baseline
    checks = {id(f.comparison): confounded_gates(f.comparison, tables, arms.by_key) for f in collected}
    for f in collected:
        edge = tuning_edge(f.comparison, tables, arms.by_key)
        copy = copy_gate(f, tables, arms.by_key, asked=copy_asked, alpha=alpha)
        checks[id(f.comparison)] += [gate for gate in (edge, copy) if gate is not None]
    verdicts = [  # the copy may hold a verdict back at one δ and not at another
        dataclasses.replace(v, sizes=None)
        if v.sizes is not None and may_hold_back(f.comparison, tables, arms.by_key, asked=copy_asked)
        else v
        for v, f in zip(verdicts, collected, strict=True)
    ]
    every = [*verdicts, *settled.values()]
    ruled = {
        v.claim_id: gated(v, f, every, tables, checks.get(id(f.comparison), []))
        for v, f in zip(verdicts, collected, strict=True)
    }
    return [settled.get(c.id) or ruled[c.id] for c in comparisons]


def _endpoints(study: Study, tables: StudyTables) -> dict[str, Endpoint]:
    endpoints: dict[str, Endpoint] = {}
    for claim in study.claims:
        for metric in (*metrics_used(claim), *at_other_targets(claim.metric, tables)):
            if metric not in endpoints:
                try:
                    endpoints[metric] = endpoint(tables, metric)
                except UserError as error:
                    raise UserError(f"claim {claim.id}: {error}") from None
    return endpoints


def _ruled(case: _Case, alpha: float) -> Verdict:
    estimate, evidence, claim = case.estimate, case.collected.evidence, case.collected.comparison.claim
    assert estimate is not None
    assert case.adjusted is not None
    decided = case.adjusted <= alpha * (1 + ROUNDING)
    low, high = estimate.interval(case.level)
    inside = case.collected.region[0] < estimate.effect < case.collected.region[1]
    outcome: Ruling = "inconclusive" if not decided else "supported" if inside else "refuted"
    against = held_back(case.collected, level=case.level, outcome=outcome)
    if against is not None:
        return _verdict(case, ("inconclusive", ""), *against)
    label = claim.label(low, high) if outcome == "refuted" else ""
    left_out = case.collected.left_out
    advice, lost = None, evidence.planned_pairs - evidence.count - left_out
    if outcome == "inconclusive":
        advice = claim.advice() or (
            because("name_the_population")
            if claim.needs_bound and case.collected.mixed
            else because("more_seeds_at_any_time")
            if case.batches is not None
            else more_seeds(estimate, case.collected.region, level=case.level)
        )
    elif lost > 0:
        advice = because("run_the_rest", n=lost, planned=evidence.planned_pairs)
    reason = placed(claim, estimate, (outcome, label), level=case.level, unit=case.collected.meaning.unit)
    return _verdict(case, (outcome, label), reason, advice)


def _untested(case: _Case) -> Verdict:
    return _verdict(case, ("not_tested", ""), *untested(case.collected, level=case.level))


def _exact(case: _Case) -> Verdict:
    """Rule on a property: a counterexample refutes; support needs every planned run."""
    evidence, estimate = case.collected.evidence, case.estimate
    if estimate is None:
        return _verdict(case, ("not_tested", ""), because("no_run"), because("run_it"))
    counter, runs = estimate.details["counterexamples"], estimate.details["runs"]
    planned = evidence.planned_pairs * len(case.collected.comparison.cells)
    low, _ = estimate.interval(case.level)
    if counter:
        return _verdict(case, ("refuted", "counterexample"), because("counterexamples", n=counter, runs=runs))
    if runs < planned:
        reason = because("held_so_far", runs=runs, missing=planned - runs, planned=planned)
        return _verdict(case, ("inconclusive", ""), reason, because("run_the_rest_of_it"))
    return _verdict(case, ("supported", ""), because("no_counterexample", runs=runs, rate=100 * (1 - low)))


def _verdict(case: _Case, ruled: tuple[Ruling, str], reason: Reason, advice: Reason | None = None) -> Verdict:
    collected, estimate = case.collected, case.estimate
    comparison, evidence = collected.comparison, collected.evidence
    claim, names = comparison.claim, comparison.names
    n, differences = evidence.count, case.differences
    means = estimate is not None and bool(estimate.numbers) and estimate.scale != "share"
    low, high = estimate.interval(case.level) if estimate else (None, None)
    return Verdict(
        claim_id=comparison.id,
        says=claim.says,
        metric=claim.metric,
        outcome=ruled[0],
        label=ruled[1],
        effect=estimate.effect if estimate else None,
        interval_low=low,
        interval_high=high,
        interval_level=case.level,
        method=estimate.method_at(case.level) if estimate else Method("none"),
        delta=claim.delta,
        predicts=evidence.predicts,
        p=case.p,
        p_adjusted=case.adjusted,
        p_zero=estimate.p_zero if estimate and case.p is not None else None,
        family=case.family,
        pairs=n,
        planned_pairs=evidence.planned_pairs,
        seeds=tuple(evidence.differences),
        filled={"arm": evidence.filled_arm, "against": evidence.filled_against},
        fill=collected.rule,
        d_z=standardised(differences) if means else None,
        better_share=better_share(differences) if means else None,
        arm_text=arm_text(claim.arm, names),
        against_text=arm_text(claim.against, names),
        where_text=where_text(comparison.where, names),
        reason=reason,
        advice=advice,
        differences=evidence.differences,
        per_cell=evidence.per_cell,
        kind=claim.kind,
        scale=estimate.scale if estimate else "difference",
        terms=terms_of(comparison),
        region_low=collected.region[0],
        region_high=collected.region[1],
        ungated=ruled[0],
        bounds=_bounds(collected),
        scope=scope_of(collected),
        details=collected.details,
        unit=collected.meaning.unit,
        meaning=collected.meaning,
        silent=collected.silent,
        population=claim.speaks_of,
    )


def _bounds(collected: Collected) -> tuple[float, float] | None:
    means = [b[b == b].mean() for b in collected.bounds.values() if (b == b).any()]  # noqa: PLR0124  # NaN
    return (float(min(means)), float(max(means))) if means else None
