"""The verdict rule: each claim's effect against its δ, at the level Holm leaves it.

The test is of "the effect is δ", two-sided, by exact sign flips of ``d - δ``; Holm runs over every claim of the study,
tested or not (an untested claim has p = 1: planning it still costs the others, so results cannot improve by leaving
runs out). The interval inverts the same test at the claim's Holm level, so that

    supported  <=>  adjusted p <= α and effect > δ  <=>  interval lies above δ
    refuted    <=>  adjusted p <= α and effect < δ  <=>  interval lies below δ

and everything else is inconclusive.
"""

from __future__ import annotations

from dataclasses import dataclass

from ablate.errors import UserError, must
from ablate.stats.claims import Comparison, expand, level_key, level_text, where_text
from ablate.stats.contrast import Evidence, evidence_of
from ablate.stats.endpoint import Endpoint, endpoint
from ablate.stats.metric import amount, amounts, unit_of
from ablate.stats.multiplicity import holm, holm_levels
from ablate.stats.paired import PairedEffect, paired_effect
from ablate.stats.power import more_pairs_text
from ablate.stats.signflip import DRAWS, EXACT_UP_TO, least_pairs, sign_flip_p
from ablate.stats.verdict import Ruling, Verdict, p_text, percent
from ablate.sweep.study import Study
from ablate.track.record import StudyTables


@dataclass(frozen=True)
class _Case:
    """One comparison on its way to a verdict; `p` and `adjusted` are None where nothing was tested."""

    comparison: Comparison
    evidence: Evidence
    fill_rule: str
    family: int
    step: float
    p: float | None
    adjusted: float | None

    @property
    def differences(self) -> list[float]:
        return list(self.evidence.differences.values())


def judge(study: Study, tables: StudyTables, *, alpha: float = 0.05) -> list[Verdict]:
    """Judge every claim of a study by its logged runs, in the order of the file.

    Parameters
    ----------
    study
        The study; its claims and δ are taken as they stand.
    tables
        Its runs, read back.
    alpha
        Chance of even one wrong `supported` or `refuted` among all claims.

    Raises
    ------
    UserError
        A claim the design or the logged metrics cannot answer (see `check_claims`), or runs of another study.
    """
    if not 0.0 < alpha < 1.0:
        raise must("alpha", "lie between 0 and 1", alpha)
    factors = tuple(study.factors)
    strange = [factor for factor in factors if factor not in tables.factors]
    if strange:
        raise UserError(f"the runs know no factor {', '.join(strange)}: they belong to another version of the study.")
    rows = [{f: row[f] for f in factors} for row in tables.planned.to_dict("records")]
    columns = {level_key(levels, factors): i for i, levels in enumerate(rows)}
    comparisons = expand(study, arms=rows)
    endpoints = _endpoints(comparisons, tables)
    evidence = [evidence_of(c, endpoints[c.claim.metric], columns, factors) for c in comparisons]
    needed = least_pairs(1.0 - alpha)
    tested = [not e.undefined and len(e.differences) >= needed for e in evidence]
    p = [
        sign_flip_p(list(e.differences.values()), null=c.claim.by_at_least) if test else 1.0
        for c, e, test in zip(comparisons, evidence, tested, strict=True)
    ]
    adjusted, levels = holm(p), holm_levels(p, alpha=alpha)
    cases = [
        _Case(
            comparison=comparison,
            evidence=evidence[i],
            fill_rule=endpoints[comparison.claim.metric].rule,
            family=len(comparisons),
            step=float(levels[i]),
            p=p[i] if tested[i] else None,
            adjusted=float(adjusted[i]) if tested[i] else None,
        )
        for i, comparison in enumerate(comparisons)
    ]
    return [
        _untested(case, needed) if case.adjusted is None else _ruled(case, case.adjusted <= alpha) for case in cases
    ]


def ruling(low: float, high: float, delta: float, *, decided: bool, effect: float) -> tuple[Ruling, str]:
    """Return the outcome and its label for an interval, given whether Holm rejects "the effect is δ".

    >>> ruling(0.006, 0.02, 0.005, decided=True, effect=0.01)
    ('supported', '')
    >>> ruling(-0.001, 0.002, 0.005, decided=True, effect=0.001)
    ('refuted', 'negligible')
    """
    if not decided:
        return "inconclusive", ""
    if effect > delta:
        return "supported", ""
    if high < -delta or delta == 0.0:
        return "refuted", "reversed"
    return "refuted", "negligible" if low > -delta else "too small"


def _endpoints(comparisons: list[Comparison], tables: StudyTables) -> dict[str, Endpoint]:
    found: dict[str, Endpoint] = {}
    for comparison in comparisons:
        metric = comparison.claim.metric
        if metric not in found:
            try:
                found[metric] = endpoint(tables, metric)
            except UserError as error:
                raise UserError(f"claim {comparison.claim.id}: {error}") from None
    return found


def _ruled(case: _Case, decided: bool) -> Verdict:
    delta, evidence = case.comparison.claim.by_at_least, case.evidence
    effect = paired_effect(case.differences, level=1.0 - case.step)
    outcome, label = ruling(effect.low, effect.high, delta, decided=decided, effect=effect.mean)
    next_step = ""
    if outcome == "inconclusive":
        next_step = more_pairs_text(case.differences, delta, alpha=case.step)
    elif effect.n < evidence.planned_pairs:
        lost = evidence.planned_pairs - effect.n
        next_step = f"{lost} of {evidence.planned_pairs} planned pairs are missing: run the rest."
    why = _why(case.comparison, effect, outcome, label)
    return _verdict(case, effect, (outcome, label), (why, next_step))


def _untested(case: _Case, needed: int) -> Verdict:
    evidence, metric, n = case.evidence, case.comparison.claim.metric, len(case.differences)
    effect = paired_effect(case.differences, level=1.0 - case.step) if n else None
    if evidence.undefined:
        runs = "1 run" if evidence.undefined == 1 else f"{evidence.undefined} runs"
        why = f"{runs} ended without a value for {metric}, and leaving them out would favour the arm that fails."
        next_step = "Put the claim on an accuracy, in which a failed run counts as chance, or find out why runs fail."
    else:
        have = f"Only {n} of {evidence.planned_pairs} planned pairs have been run" if n else "No pair has been run"
        why = f"{have}; an exact sign-flip test can decide from {needed} pairs on."
        next_step = f"Run at least {needed} seeds of both arms."
    return _verdict(case, effect, ("not_tested", ""), (why, next_step))


def _verdict(case: _Case, effect: PairedEffect | None, ruled: tuple[Ruling, str], words: tuple[str, str]) -> Verdict:
    claim, evidence = case.comparison.claim, case.evidence
    exact = len(evidence.differences) <= EXACT_UP_TO
    return Verdict(
        claim_id=case.comparison.id,
        says=claim.says,
        metric=claim.metric,
        outcome=ruled[0],
        label=ruled[1],
        effect=effect.mean if effect else None,
        interval_low=effect.low if effect else None,
        interval_high=effect.high if effect else None,
        interval_level=1.0 - case.step,
        interval_method="sign-flip" if exact else f"sign-flip over {DRAWS:,} random patterns",
        delta=claim.by_at_least,
        predicts=evidence.predicts,
        p=case.p,
        p_adjusted=case.adjusted,
        p_zero=effect.p if effect and case.p is not None else None,
        family=case.family,
        pairs=len(evidence.differences),
        planned_pairs=evidence.planned_pairs,
        seeds=tuple(evidence.differences),
        filled={"arm": evidence.filled_arm, "against": evidence.filled_against},
        fill_rule=case.fill_rule,
        d_z=effect.d_z if effect else None,
        better_share=effect.better if effect else None,
        arm_text=level_text(claim.arm),
        against_text=level_text(claim.against),
        where_text=where_text(case.comparison.where),
        why=words[0],
        next_step=words[1],
        differences=evidence.differences,
        per_cell=evidence.per_cell,
    )


def _why(comparison: Comparison, effect: PairedEffect, outcome: Ruling, label: str) -> str:
    metric, delta = comparison.claim.metric, comparison.claim.by_at_least
    low, high = amounts([effect.low, effect.high], metric, width=effect.high - effect.low)
    interval = f"The {percent(effect.level)} interval [{low}, {high}]{unit_of(metric)}"
    threshold = f"δ = {amount(delta, metric)}"
    if outcome == "supported":
        return f"{interval} lies above {threshold}."
    if label == "negligible":
        return f"{interval} lies within ±{threshold}."
    if label == "reversed":
        return f"{interval} lies below {'' if delta == 0 else '−'}{threshold}: the effect goes the other way."
    if outcome == "refuted":
        return f"{interval} lies below {threshold}."
    smallest = 2.0 / 2.0**effect.n
    if smallest > 1.0 - effect.level:
        least = f"with {effect.n} pairs the smallest possible p, {p_text(smallest)}"
        return f"{interval} holds {threshold}: {least}, is above the level {p_text(1.0 - effect.level)} Holm leaves."
    return f"{interval} holds {threshold}."
