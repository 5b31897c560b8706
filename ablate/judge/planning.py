"""What is refused before anything is run: claims that cannot be decided, and claims that contradict each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.claims.comparison import Comparison, arm_key
from ablate.claims.kinds import KINDS
from ablate.claims.parts import Level
from ablate.errors import UserError, plural, unknown
from ablate.judge.comparable import check_comparable
from ablate.judge.expand import check_claims, expand
from ablate.judge.gates import check_gates
from ablate.judge.looks import family_size
from ablate.stats.looks import look_levels
from ablate.sweep.figures import HeatMap
from ablate.sweep.looks import AnyTime
from ablate.sweep.metrics import Metrics
from ablate.sweep.study import FAIRNESS, Study

Arms = Sequence[Mapping[str, Level]]


@dataclass(frozen=True)
class SeedsNeeded:
    """Fewest seeds with which a claim can be decided, at the level Holm may leave it; `exploratory`: nobody made it."""

    claim_id: str
    seeds: int
    exploratory: bool = False


def seeds_needed(study: Study, *, arms: Arms | None = None, alpha: float = 0.05) -> list[SeedsNeeded]:
    """Return for every claim the fewest seeds its test can ever decide with, at α over the number of claims.

    With looks, at the level of the last one.
    """
    if not study.claims:
        return []
    family = family_size(study, arms=arms)
    level = look_levels(study.fixed_looks, alpha=alpha, family=family)[-1] if study.fixed_looks else alpha
    return [
        SeedsNeeded(
            c.id,
            (c.claim.least_seeds if study.any_time is None else c.claim.least_at_any_time)(
                level / family, len(c.cells)
            ),
            c.claim.exploratory,
        )
        for c in expand(study, arms=arms)
    ]


def beyond_support(study: Study, n_seeds: int, *, arms: Arms | None = None, alpha: float = 0.05) -> list[SeedsNeeded]:
    """Return the claims that `n_seeds` could refute and not support, whatever they show, and how many could.

    At α over the number of claims: where others are decided first, Holm may leave a claim more. Empty for a study
    that may stop at any time.
    """
    if not study.claims or study.any_time is not None:
        return []
    family = family_size(study, arms=arms)
    level = look_levels(study.fixed_looks, alpha=alpha, family=family)[-1] if study.fixed_looks else alpha
    needs = [
        SeedsNeeded(c.id, c.claim.least_to_support(level / family, len(c.cells)))
        for c in expand(study, arms=arms) if not c.claim.exploratory
    ]  # fmt: skip
    return [need for need in needs if need.seeds > n_seeds]


def check_seeds(study: Study, n_seeds: int, *, arms: Arms | None = None, alpha: float = 0.05) -> None:
    """Refuse a plan with fewer seeds than a claim needs to be decidable at all; not for exploratory comparisons.

    Raises
    ------
    UserError
        Naming the claim that needs most, and the number.
    """
    needs = seeds_needed(study, arms=arms, alpha=alpha)
    short = [need for need in needs if need.seeds > n_seeds and not need.exploratory]
    if short:
        worst = max(short, key=lambda need: need.seeds)
        others = f" ({plural(len(short), 'claim')} need more than {n_seeds})" if len(short) > 1 else ""
        family = family_size(study, arms=arms)
        raise UserError(
            f"claim {worst.claim_id}: {plural(n_seeds, 'seed')} cannot decide it whatever they show; with "
            f"{plural(family, 'claim')} in the study its test needs {worst.seeds}{others}. Plan at least "
            f"{worst.seeds} seeds, or fewer "
            "claims."
        )


def blind_looks(study: Study, *, arms: Arms | None = None, alpha: float = 0.05) -> list[int]:
    """Return the looks (seeds) at which no claim could be decided yet: early levels are strict."""
    if not study.fixed_looks or not study.claims:
        return []
    family = family_size(study, arms=arms)
    levels = look_levels(study.fixed_looks, alpha=alpha, family=family)
    comparisons = expand(study, arms=arms)
    return [
        count
        for count, level in zip(study.fixed_looks, levels, strict=True)
        if all(c.claim.least_seeds(level / family, len(c.cells)) > count for c in comparisons)
    ]


def check_metrics(study: Study, metrics: Metrics) -> None:
    """Refuse a study of whose metrics the direction is needed and declared nowhere.

    Raises
    ------
    UserError
        A claim or a rule for ties needs to know which way is better; a width of a basin is measured in
        something that does not count to a target.
    """
    for claim in study.claims:
        claim.check_metrics(metrics)


def check_contradictions(study: Study, metrics: Metrics | None = None, *, arms: Arms | None = None) -> None:
    """Refuse two claims of which one is wrong whatever the runs show.

    Raises
    ------
    UserError
        Two directed claims on the same metric and cells that predict opposite signs, or a directed claim and an
        equivalence with a margin no larger than its δ.
    """
    metrics = metrics or Metrics(study.metrics)
    comparisons = expand(study, arms=arms)
    for i, one in enumerate(comparisons):
        for other in comparisons[i + 1 :]:
            if _same_cells(study, one, other) and _contradict(one, other, metrics):
                raise UserError(
                    f"claims {one.id} and {other.id} contradict each other: they compare the same arms on "
                    f"{one.claim.metric} in the same cells and cannot both hold. Keep the one you predict; the "
                    "verdict can refute it."
                )


def check_study(
    study: Study,
    *,
    arms: Arms,
    facts: Sequence[Mapping[str, Any]],
    logged: Collection[str],
    n_seeds: int,
    metrics: Metrics | None = None,
    ran: bool = False,
) -> None:
    """Check everything that can be known of a study before it is judged: `plan`, `run` and `import` refuse the same.

    Parameters
    ----------
    arms, facts
        The levels of every arm, and what is known of it.
    logged
        Names of the metrics that the runs log.
    n_seeds
        How many seeds the claims are planned for.
    metrics
        What they mean; by default what the study declares.
    ran
        The runs are there already: too few of them are not an error then, but a claim that is not tested.

    Raises
    ------
    UserError
        The first mistake.
    """
    check_claims(study, metrics=logged, arms=arms)
    check_figures(study, logged)
    check_plan(study, n_seeds, metrics, arms=arms, ran=ran)
    check_comparable(study, arms, facts, ran=ran)


def check_plan(
    study: Study,
    n_seeds: int,
    metrics: Metrics | None = None,
    *,
    arms: Arms | None = None,
    alpha: float = 0.05,
    ran: bool = False,
) -> None:
    """Check gates, metrics, contradictions, forecasts, looks and seeds; needs no runs.

    `ran`: they are there already, and nobody can add to them.
    """
    metrics = metrics or Metrics(study.metrics)
    check_gates(study)
    check_metrics(study, metrics)
    check_speed(study, metrics)
    check_contradictions(study, metrics, arms=arms)
    check_forecasts(study, arms=arms)
    if study.any_time is not None:
        check_any_time(study, study.any_time, n_seeds)
    if study.fixed_looks and study.fixed_looks[-1] != n_seeds:
        advice = (
            "Take `looks` out: the runs are all there, and nobody looked before"
            if ran
            else "`ablate extend` adds seeds beyond a plan that was run"
        )
        raise UserError(
            "`looks`: the last look must be at the last seed, got looks at "
            f"{', '.join(map(str, study.fixed_looks))} and {plural(n_seeds, 'seed')}. {advice}."
        )
    if not ran:
        check_seeds(study, n_seeds, arms=arms, alpha=alpha)


def check_any_time(study: Study, looks: AnyTime, n_seeds: int) -> None:
    """Refuse looks at any time for kinds of claims that have no such test, and numbers of seeds that end between looks.

    Raises
    ------
    UserError
        Naming the claim and the kinds that can; or the nearest numbers of seeds.
    """
    for claim in study.claims:
        if not claim.anytime:
            kinds = ", ".join(sorted(name for name, kind in KINDS.items() if kind.anytime))
            raise UserError(
                f"claim {claim.id}: a claim of kind {claim.kind} cannot be judged at any time, because what each seed "
                f"adds to it depends on all the others. Expected one of the kinds {kinds}; or plan its looks one by "
                "one, as in `looks: [10, 20, 30]`, or none"
            )
    over = (n_seeds - looks.first) % looks.every
    if n_seeds < looks.first or over:
        below = max(n_seeds - over, looks.first)
        choice = f"{below}" if n_seeds < looks.first else f"{below} or {below + looks.every}"
        raise UserError(
            f"`seeds`: with looks at any time the last seed must end a batch: {looks.first} seeds, then {looks.every} "
            f"at a time; got {n_seeds}, the nearest is {choice}"
        )


def check_figures(study: Study, logged: Collection[str]) -> None:
    """Refuse a map of a metric that no run logs, or over what is not a factor."""
    for number, figure in enumerate(study.figures):
        if not isinstance(figure, HeatMap):
            continue
        if figure.metric not in ("outcome", *logged):
            raise UserError(f"figures.{number}.metric: {unknown('metric', figure.metric, ['outcome', *logged])}")
        for factor in (figure.x, figure.y):
            if factor not in study.factors:
                raise UserError(f"figures.{number}: {unknown('factor', factor, study.factors)}")


def check_speed(study: Study, metrics: Metrics) -> None:
    """Refuse a claim about speed of arms that are tuned, in every seed, for something else.

    An arm tuned to be accurate in the end may be slow by that alone: what it is judged by chooses its values.

    Raises
    ------
    UserError
        Names the claim, and the line to write.
    """
    tune = study.tune
    if tune is None or tune.per != "seed" or metrics.of(tune.metric).counts_to_target:
        return
    for claim in study.claims:
        fixed = study.fairness == "fixed" or claim.where.get(FAIRNESS) == ["fixed"]
        if claim.to_target and not fixed:
            raise UserError(
                f"claim {claim.id}: it judges {claim.metric}, and the study tunes on {tune.metric}: an arm may be slow "
                "because it was tuned for something else. Write "
                f"`tune: {{metric: {claim.metric}, ties: {tune.metric}}}`, or give the claims about speed a study of "
                "their own."
            )


def check_forecasts(study: Study, *, arms: Arms | None = None) -> None:
    """Refuse forecasts of claims that do not exist."""
    ids = {c.id for c in expand(study, arms=arms)} | {claim.id for claim in study.claims}
    for who, chances in study.forecasts.items():
        for claim in chances:
            if claim not in ids:
                raise UserError(f"forecasts of {who}: {unknown('claim', claim, ids)}")


def _same_cells(study: Study, one: Comparison, other: Comparison) -> bool:
    def key(comparison: Comparison) -> tuple[str, frozenset[object]]:
        factors = [f for f in study.factors if f not in comparison.claim.own_factors]
        return comparison.claim.metric, frozenset(arm_key(cell, factors) for cell in comparison.cells)

    return key(one) == key(other)


def _contradict(one: Comparison, other: Comparison, metrics: Metrics) -> bool:
    a, b = one.claim, other.claim
    sides = [(arm_key(c.arm, sorted(c.arm)), arm_key(c.against, sorted(c.against))) for c in (a, b)]
    swapped = sides[0] == sides[1][::-1]
    if one.over != other.over or not (swapped or sides[0] == sides[1]):
        return False
    return any(x.contradicts(y, swapped=swapped, meanings=metrics) for x, y in ((a, b), (b, a)))
