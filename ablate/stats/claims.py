"""Which arms a claim compares: `each` expanded, cells matched, every mistake found before anything is run."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ablate.errors import UserError, unknown
from ablate.levels import EXACT, NO_NAMES, Names, among, level_name, level_names, levels_text
from ablate.levels import level_key as levels_key
from ablate.sweep.claim_parts import BaseClaim, Level, Levels
from ablate.sweep.claims import AnyClaim, InteractionClaim, ProportionClaim, WinClaim
from ablate.sweep.claims_over import OverClaim
from ablate.sweep.study import Study

Key = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Comparison:
    """One claim after `each`: two arms in every matched cell.

    Attributes
    ----------
    id
        The claim's id, with the levels of `each`: ``bn-faster[init.std=0.1]``.
    where
        Factor -> the levels it ranges over, `each` included.
    cells
        The levels of the other factors, one entry per matched cell; one empty entry where there are none.
    over
        Of a trend, an exchange rate or the width of a basin: the levels of the factor that varies, ascending.
    names
        How each level of the study is written, so that no two look alike.
    """

    id: str
    claim: AnyClaim
    where: dict[str, tuple[Level, ...]]
    cells: tuple[Levels, ...]
    over: tuple[Level, ...] = ()
    names: Names = field(default_factory=dict)

    def arms(self, cell: Levels) -> tuple[Levels, ...]:
        """Return the full levels of every side in one cell.

        (arm, against) for a comparison; for an interaction the same pair at `at`, then at `than_at`; for a trend the
        arm at every level of `over`; for an exchange rate and a basin that, then the same for `against`; else the arm
        alone.
        """
        claim = self.claim
        arm, against = {**cell, **claim.arm}, {**cell, **claim.against}
        if isinstance(claim, InteractionClaim):
            return tuple({**side, **at} for at in (claim.at, claim.than_at) for side in (arm, against))
        if isinstance(claim, OverClaim):
            sides = (arm, against) if claim.against else (arm,)
            return tuple({**side, claim.over: level} for side in sides for level in self.over)
        return (arm, against) if claim.against else (arm,)


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
        if claim.metric == "outcome" and not (isinstance(claim, ProportionClaim) and claim.of == "runs"):
            raise UserError(
                f"claim {claim.id}: `outcome` is how a run ended, not a number; expected a metric, or `kind: "
                "proportion` with `of: runs`"
            )
    if metrics is not None:
        for claim in study.claims:
            for metric in metrics_used(claim):
                if metric not in metrics:
                    raise UserError(f"claim {claim.id}: {unknown('metric', metric, metrics)}")


def metrics_used(claim: AnyClaim, *, gates: bool = True) -> list[str]:
    """Return the metrics a claim and its gates read; `outcome`, which every run has, is none."""
    used = [claim.metric] if claim.metric != "outcome" else []
    used += [claim.ties_by] if isinstance(claim, WinClaim) else []
    if not gates:
        return used
    return used + [gate.metric for gate in claim.gates if gate.kind == "manipulation_check"]


def expand(study: Study, *, arms: Sequence[Mapping[str, Level]] | None = None) -> list[Comparison]:
    """Return the comparisons of all claims, in the order of the file; raises what `check_claims` raises."""
    ids = [claim.id for claim in study.claims]
    for claim_id in ids:
        if ids.count(claim_id) > 1:
            raise UserError(f"claim {claim_id}: the id is used {ids.count(claim_id)} times; give each claim its own.")
    run = None if arms is None else {level_key(arm, study.factors) for arm in arms}
    names = study.names()
    return [
        replace(comparison, names=names) for claim in study.claims for comparison in _expand_claim(study, claim, run)
    ]


def level_key(levels: Mapping[str, Level], factors: Collection[str]) -> Key:
    """Return a hashable key of an arm by which levels read back from a table equal those of the study file.

    1 and 1.0 are one level, None and NaN (how a table holds None) too; True and 1 are two.
    """
    return tuple((factor, levels_key(levels.get(factor))) for factor in factors)


def level_text(levels: Mapping[str, Level], names: Names = NO_NAMES, *, exact: bool = False) -> str:
    """Write levels the way the command line takes them, numbers to six significant digits.

    Parameters
    ----------
    names
        How the study's levels are told apart (`Comparison.names`).
    exact
        Keep every digit: for ids, which must stay apart.

    >>> level_text({"norm": "batch", "init.std": 0.541169527})
    'norm=batch, init.std=0.54117'
    """
    if exact:
        return ", ".join(f"{factor}={level_name(level, EXACT)}" for factor, level in levels.items())
    return levels_text(levels, names)


def where_text(where: Mapping[str, Sequence[Level]], names: Names = NO_NAMES) -> str:
    """Write the levels a claim ranges over: ``init.std=0.1|1.0``."""
    told = {f: [names.get(f, {}).get(level) or level_name(level) for level in levels] for f, levels in where.items()}
    return ", ".join(f"{factor}={'|'.join(texts)}" for factor, texts in told.items())


def _expand_claim(study: Study, claim: AnyClaim, run: set[Key] | None) -> list[Comparison]:
    _check_sides(study, claim)
    for name, factors in (("where", list(claim.where)), ("each", claim.each)):
        for factor in factors:
            if factor not in study.factors:
                raise UserError(f"claim {claim.id}, `{name}`: {unknown('factor', factor, study.factors)}")
            if factor in claim.own_factors and not (name == "where" and factor == getattr(claim, "over", None)):
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
    found = []
    for chosen in itertools.product(*each):
        own = dict(zip(claim.each, chosen, strict=True))
        name = f"{claim.id}[{level_text(own, exact=True).replace(', ', ',')}]" if own else claim.id
        found.append(_comparison(study, claim, name, {**where, **{f: (level,) for f, level in own.items()}}, run))
    return found


def _check_sides(study: Study, claim: AnyClaim) -> None:
    sides = [("arm", claim.arm), ("against", claim.against)]
    if isinstance(claim, InteractionClaim):
        sides += [("at", claim.at), ("than_at", claim.than_at)]
        _check_pair(claim, claim.at, claim.than_at, ("at", "than_at"))
        if both := [factor for factor in claim.at if factor in claim.arm]:
            raise UserError(f"claim {claim.id}, `at`: {both[0]} is fixed by `arm` and `against` already.")
    if isinstance(claim, OverClaim):
        _check_over(study, claim)
    for side, levels in sides:
        for factor, level in levels.items():
            if factor not in study.factors:
                raise UserError(f"claim {claim.id}, `{side}`: {unknown('factor', factor, study.factors)}")
            _check_level(study, claim, side, factor, level)
    if claim.against:
        _check_pair(claim, claim.arm, claim.against, ("arm", "against"))


def _check_pair(claim: AnyClaim, left: Levels, right: Levels, names: tuple[str, str]) -> None:
    one, other = (f"`{name}`" for name in names)
    if left.keys() != right.keys():
        odd = ", ".join(sorted(left.keys() ^ right.keys()))
        raise UserError(f"claim {claim.id}: {one} and {other} must name the same factors, {odd} is on one side only.")
    if level_key(left, left) == level_key(right, left):
        raise UserError(f"claim {claim.id}: {one} and {other} are the same arm, {level_text(left)}.")


def _check_over(study: Study, claim: OverClaim) -> None:
    if claim.over not in study.factors:
        raise UserError(f"claim {claim.id}, `over`: {unknown('factor', claim.over, study.factors)}")
    levels = _over_levels(study, claim)
    numbers = [level for level in levels if isinstance(level, int | float) and not isinstance(level, bool)]
    if len(numbers) < len(levels) or len(levels) < 2:
        raise UserError(f"claim {claim.id}, `over`: {claim.over} must have at least two numeric levels.")
    if claim.over_is_logged and min(numbers) <= 0:
        raise UserError(f"claim {claim.id}, `over`: the levels of {claim.over} are logged, so they must be > 0.")


def _over_levels(study: Study, claim: BaseClaim) -> tuple[Level, ...]:
    if not isinstance(claim, OverClaim):
        return ()
    levels = claim.where.get(claim.over, study.factors[claim.over])
    return tuple(sorted(levels, key=lambda level: float(level) if isinstance(level, int | float) else 0.0))


def _check_level(study: Study, claim: BaseClaim, side: str, factor: str, level: Level) -> None:
    known = study.factors[factor]
    if not among(level, known):
        error = unknown(f"level of {factor}", level_name(level), level_names(known).values())
        raise UserError(f"claim {claim.id}, `{side}`: {error}")


def _comparison(
    study: Study, claim: AnyClaim, name: str, where: dict[str, tuple[Level, ...]], run: set[Key] | None
) -> Comparison:
    others = [factor for factor in study.factors if factor not in claim.own_factors]
    levels = [where.get(factor, tuple(study.factors[factor])) for factor in others]
    cells: list[Levels] = [dict(zip(others, cell, strict=True)) for cell in itertools.product(*levels)]
    over = _over_levels(study, claim)
    comparison = Comparison(name, claim, where, tuple(cells), over)
    if run is not None:
        both = [cell for cell in cells if all(level_key(s, study.factors) in run for s in comparison.arms(cell))]
        if not both:
            sides = " and ".join(level_text(side) for side in (claim.arm, claim.against) if side) or "its arms"
            raise UserError(f"claim {name}: the design runs {sides} together in no cell it ranges over.")
        comparison = Comparison(name, claim, where, tuple(both), over)
    return comparison
