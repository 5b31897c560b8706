"""One comparison that the user states: which runs are its sides, whether they share seeds, and the claim it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ablate.claims.parts import Level, Levels
from ablate.errors import UserError
from ablate.lang import msg
from ablate.levels import Names, levels_text
from ablate.sources.contract import Done, RunTable
from ablate.sweep.found.asked import Asked, Stated
from ablate.sweep.found.baseline import level_meant
from ablate.sweep.found.compared import plain_id
from ablate.sweep.found.roles import Roles, find_column
from ablate.sweep.found.rows import Key, Run, key_of


def with_factors(asked: Asked) -> Asked:
    """Return what is asked with the columns of the stated comparison among the factors."""
    if asked.stated is None:
        return asked
    own = [*asked.stated.arm, *asked.stated.each]
    return replace(asked, factors=tuple(dict.fromkeys([*asked.factors, *own])))


@dataclass(frozen=True)
class Sides:
    """The two sides of a stated comparison, by the names that factors have in the study."""

    arm: Levels
    against: Levels
    each: tuple[str, ...]


def sides_of(stated: Stated, table: RunTable, roles: Roles, runs: Sequence[Run]) -> Sides:
    """Return the sides of a stated comparison.

    Raises
    ------
    UserError
        A column has no such level, or the two sides are the same arm.
    """

    def name_of(column: str) -> str:
        place = find_column(table, column, "--factor")
        return next(name for name, own in roles.factors.items() if own == place)

    def levels(texts: Mapping[str, str], side: str) -> Levels:
        names = {name_of(column): text for column, text in texts.items()}
        return {
            name: level_meant(f"level of {name} for `{side}`", text, [run.levels[name] for run in runs])
            for name, text in names.items()
        }

    sides = Sides(levels(stated.arm, "arm"), levels(stated.against, "against"), tuple(map(name_of, stated.each)))
    if key_of(sides.arm) == key_of(sides.against):
        raise UserError(f"{table.where}: `arm` and `against` are the same arm, {levels_text(sides.arm, {})}")
    return sides


def of_sides(where: str, sides: Sides, runs: Sequence[Run]) -> tuple[Sides, list[Run], list[Done]]:
    """Return the runs of the two sides, how many were of neither, and the sides by what they differ in.

    Raises
    ------
    UserError
        A side has no runs.
    """
    held = {key_of({name: run.levels[name] for name in sides.arm}) for run in runs}
    for levels in (sides.arm, sides.against):
        if key_of(levels) not in held:
            raise UserError(f"{where}: no run has all of {levels_text(levels, {})}")
    both = (key_of(sides.arm), key_of(sides.against))
    kept = [run for run in runs if key_of({name: run.levels[name] for name in sides.arm}) in both]
    differ = [name for name in sides.arm if key_of({"": sides.arm[name]}) != key_of({"": sides.against[name]})]
    each = tuple(name for name in sides.each if len({key_of({"": run.levels[name]}) for run in kept}) > 1)
    own = Sides({name: sides.arm[name] for name in differ}, {name: sides.against[name] for name in differ}, each)
    others = len(runs) - len(kept)
    return own, kept, [Done(msg("runs of neither side: passed over"), others)] if others else []


def claims_of(
    sides: Sides, runs: Sequence[Run], levels: Mapping[str, Sequence[Level]], *, names: Names, asked: Asked,
    metrics: Sequence[str], unpaired: bool,
) -> tuple[list[dict[str, Any]], list[Done], bool]:  # fmt: skip
    """Return a claim for every metric, what was done with cells, and whether it is of pairs.

    Pairs are made where some cell of both sides shares seeds. Levels of `each` that one side alone has are told.

    Raises
    ------
    UserError
        The sides were run together nowhere.
    """
    assert asked.stated is not None
    cells = _cells(sides, runs, levels)
    if not cells:
        others = ", ".join(name for name in levels if name not in sides.arm)
        raise UserError(
            f"no runs of {levels_text(sides.arm, names)} and {levels_text(sides.against, names)} agree in "
            f"{others or 'everything else'}: there is nothing to compare; pass over a column with leave-out"
        )
    done = []
    where: dict[str, list[Level]] = {}
    for factor in sides.each:
        held = {key_of({"": cell[factor]}) for cell, _ in cells}
        where[factor] = [level for level in levels[factor] if key_of({"": level}) in held]
        lone = [level for level in levels[factor] if key_of({"": level}) not in held]
        if lone:
            texts = ", ".join(names[factor][level] for level in lone)
            done.append(Done(msg("levels that one side alone has: not compared"), len(lone), f"{factor}={texts}"))
    paired = not unpaired and any(shared for _, shared in cells)
    claims = [
        _claim(sides, runs, names=names, asked=asked, metric=metric, where=where, paired=paired) for metric in metrics
    ]
    return claims, done, paired


def _cells(sides: Sides, runs: Sequence[Run], levels: Mapping[str, Sequence[Level]]) -> list[tuple[Levels, set[int]]]:
    """Return the cells of the other factors in which both sides have results, and the seeds they share there."""
    others = [name for name in levels if name not in sides.arm]
    held: dict[Key, tuple[Levels, dict[Key, set[int]]]] = {}
    for run in runs:
        if run.has_result and run.seed is not None:
            cell = {name: run.levels[name] for name in others}
            side = key_of({name: run.levels[name] for name in sides.arm})
            held.setdefault(key_of(cell), (cell, {}))[1].setdefault(side, set()).add(run.seed)
    arm, against = key_of(sides.arm), key_of(sides.against)
    return [(cell, own[arm] & own[against]) for cell, own in held.values() if arm in own and against in own]


def _claim(
    sides: Sides, runs: Sequence[Run], *, names: Names, asked: Asked, metric: str,
    where: Mapping[str, Sequence[Level]], paired: bool,
) -> dict[str, Any]:  # fmt: skip
    """Return the comparison as a claim of a study file."""
    assert asked.stated is not None
    arm, against, margin = levels_text(sides.arm, names), levels_text(sides.against, names), asked.stated.margin
    if margin is not None:
        kind = "noninferiority" if paired else "noninferiority_unpaired"
        says = f"{arm} is not worse than {against} by more than {margin:g}"
    elif asked.by_at_least is not None and paired:
        kind, says = "effect", f"{arm} is better than {against} by more than {asked.by_at_least:g}"
    else:
        kind, says = "difference" if paired else "difference_unpaired", f"How {arm} compares with {against}"
    several = len(asked.metrics) > 1
    claim: dict[str, Any] = {
        "id": plain_id(f"{arm} vs {against}" + (f" on {metric}" if several else "")), "kind": kind,
        "says": asked.stated.says or says, "metric": metric, "arm": sides.arm, "against": sides.against,
    }  # fmt: skip
    if where:
        claim |= {"where": {name: list(held) for name, held in where.items()}, "each": list(where)}
    if margin is not None:
        claim["margin"] = margin
        # A change that changes nothing is what is hoped for here, not a sign that nobody reads the setting; but
        # seeds that do not differ are copies of one run, whatever is asked of them.
        if _seeds_differ(runs, metric):
            claim["may_be_identical"] = True
    elif asked.by_at_least is not None:
        claim["by_at_least"] = asked.by_at_least
    return claim


def _seeds_differ(runs: Sequence[Run], metric: str) -> bool:
    """Tell whether the seeds of some arm differ on a metric."""
    values: dict[Key, set[float]] = {}
    for run in runs:
        if metric in run.values:
            values.setdefault(key_of(run.levels), set()).add(run.values[metric])
    return any(len(own) > 1 for own in values.values())
