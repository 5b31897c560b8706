"""Which arms a claim compares: `each` expanded, cells matched, every mistake found before anything is run."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ablate.claims.comparison import Comparison, Key, arm_key, arm_text, metrics_used
from ablate.claims.contract import ClaimKind
from ablate.claims.parts import BaseClaim, Level, Levels
from ablate.errors import UserError, unknown
from ablate.levels import among, level_name, level_names
from ablate.sweep.study import Study


def check_claims(
    study: Study, *, metrics: Collection[str] | None = None, arms: Sequence[Mapping[str, Level]] | None = None
) -> None:
    """Refuse a study whose claims cannot be judged by its design. Needs no runs: call it when planning.

    Parameters
    ----------
    study
        The study.
    metrics
        Names of the metrics its runs will log, where that is known.
    arms
        The arms of the design, factor -> level; the full factorial of the factors by default.

    Raises
    ------
    UserError
        Two claims with one id; an unknown factor, level or metric; sides that name different factors or are the same
        arm; `where` or `each` over a factor the sides fix; no cell in which both sides are run.
    """
    expand(study, arms=arms)
    for claim in study.claims:
        if claim.metric == "outcome" and claim.reads_values:
            raise UserError(
                f"claim {claim.id}: `outcome` is how a run ended, not a number; expected a metric, or `kind: "
                "proportion` with `of: runs`"
            )
    if metrics is not None:
        for claim in study.claims:
            for metric in metrics_used(claim):
                if metric not in metrics and (field := _by_default(claim, metric)):
                    raise UserError(
                        f"claim {claim.id}: `{field}` is {metric} where the claim names none, and no run has it; name "
                        f"one of {', '.join(sorted(metrics))}"
                    )
                if metric not in metrics:
                    raise UserError(f"claim {claim.id}: {unknown('metric', metric, metrics)}")


def _by_default(claim: ClaimKind, metric: str) -> str:
    """Return the part of a claim that is a metric which nobody wrote; empty where somebody did."""
    fields = ("metric", "ties_by")
    return next((f for f in fields if f not in claim.model_fields_set and getattr(claim, f, None) == metric), "")


def expand(study: Study, *, arms: Sequence[Mapping[str, Level]] | None = None) -> list[Comparison]:
    """Return the comparisons of all claims, in the order of the file; raises what `check_claims` raises."""
    ids = [claim.id for claim in study.claims]
    for claim_id in ids:
        if ids.count(claim_id) > 1:
            raise UserError(f"claim {claim_id}: the id is used {ids.count(claim_id)} times; give each claim its own.")
    run = None if arms is None else {arm_key(arm, study.factors) for arm in arms}
    names = study.names()
    return [
        replace(comparison, names=names) for claim in study.claims for comparison in _expand_claim(study, claim, run)
    ]


def _expand_claim(study: Study, claim: ClaimKind, run: set[Key] | None) -> list[Comparison]:
    _check_sides(study, claim)
    for name, factors in (("where", list(claim.where)), ("each", claim.each)):
        for factor in factors:
            if factor not in study.factors:
                raise UserError(f"claim {claim.id}, `{name}`: {unknown('factor', factor, study.factors)}")
            if factor in claim.own_factors and not (name == "where" and claim.restricts(factor)):
                raise UserError(f"claim {claim.id}, `{name}`: {factor} is fixed by `arm` and `against` already.")
    for factor, levels in claim.where.items():
        if not levels:
            raise UserError(f"claim {claim.id}, `where`: {factor} has no levels, which leaves no cell to compare in.")
        for level in levels:
            _check_level(study, claim, "where", factor, level)
    if len(set(claim.each)) < len(claim.each):
        raise UserError(f"claim {claim.id}, `each`: a factor is named twice: {', '.join(claim.each)}.")
    where: dict[str, tuple[Level, ...]] = {factor: tuple(levels) for factor, levels in claim.where.items()}
    each = [where.get(factor, tuple(study.factors[factor])) for factor in claim.each]
    comparisons = []
    for chosen in itertools.product(*each):
        fixed = dict(zip(claim.each, chosen, strict=True))
        name = f"{claim.id}[{arm_text(fixed, exact=True).replace(', ', ',')}]" if fixed else claim.id
        comparisons.append(
            _comparison(study, claim, name, {**where, **{f: (level,) for f, level in fixed.items()}}, run)
        )
    return comparisons


def _check_sides(study: Study, claim: ClaimKind) -> None:
    claim.check_sides(study.factors)
    for side, levels in claim.named_sides().items():
        for factor, level in levels.items():
            if factor not in study.factors:
                raise UserError(f"claim {claim.id}, `{side}`: {unknown('factor', factor, study.factors)}")
            _check_level(study, claim, side, factor, level)
    if claim.against:
        claim.check_pair("arm", "against")


def _check_level(study: Study, claim: BaseClaim, side: str, factor: str, level: Level) -> None:
    levels = study.factors[factor]
    if not among(level, levels):
        error = unknown(f"level of {factor}", level_name(level), level_names(levels).values())
        raise UserError(f"claim {claim.id}, `{side}`: {error}")


def _comparison(
    study: Study, claim: ClaimKind, name: str, where: dict[str, tuple[Level, ...]], run: set[Key] | None
) -> Comparison:
    others = [factor for factor in study.factors if factor not in claim.own_factors]
    levels = [where.get(factor, tuple(study.factors[factor])) for factor in others]
    cells: list[Levels] = [dict(zip(others, cell, strict=True)) for cell in itertools.product(*levels)]
    over = claim.over_levels(study.factors)
    comparison = Comparison(name, claim, where, tuple(cells), over)
    if run is not None:
        both = [cell for cell in cells if all(arm_key(s, study.factors) in run for s in comparison.arms(cell))]
        if not both:
            sides = " and ".join(arm_text(side) for side in (claim.arm, claim.against) if side) or "its arms"
            raise UserError(f"claim {name}: the design runs {sides} together in no cell it ranges over.")
        comparison = Comparison(name, claim, where, tuple(both), over)
    return comparison
