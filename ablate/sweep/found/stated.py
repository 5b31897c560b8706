"""One comparison that the user states: which runs are its sides, whether they share seeds, and the claim it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ablate.claims.parts import Level, Levels
from ablate.errors import UserError
from ablate.lang import msg
from ablate.levels import Names, among, levels_text
from ablate.sources.contract import Done, RunTable
from ablate.sweep.found.asked import Asked, Stated
from ablate.sweep.found.baseline import level_meant
from ablate.sweep.found.compared import plain_id
from ablate.sweep.found.roles import Roles, find_column
from ablate.sweep.found.rows import Key, Run, level_cell_key


def with_factors(asked: Asked) -> Asked:
    """Return what is asked with the columns of the stated comparison among the factors."""
    if asked.stated is None:
        return asked
    stated = [*asked.stated.arm, *asked.stated.each]
    return replace(asked, factors=tuple(dict.fromkeys([*asked.factors, *stated])))


@dataclass(frozen=True)
class StatedSides:
    """The two sides of a stated comparison, by the names that factors have in the study."""

    arm: Levels
    against: Levels
    each: tuple[str, ...]

    def is_arm(self, run: Run) -> bool | None:
        """Tell whether a run is of the arm, or else of what it is compared with; None of neither."""
        side = level_cell_key({name: run.levels[name] for name in self.arm})
        if side == level_cell_key(self.arm):
            return True
        return False if side == level_cell_key(self.against) else None


def stated_sides(stated: Stated, table: RunTable, roles: Roles, runs: Sequence[Run]) -> StatedSides:
    """Return the sides of a stated comparison.

    Raises
    ------
    UserError
        A column has no such level, or the two sides are the same arm.
    """

    def name_of(column: str) -> str:
        place = find_column(table, column, "--factor")
        return next(name for name, at in roles.factors.items() if at == place)

    def levels(texts: Mapping[str, str], side: str) -> Levels:
        names = {name_of(column): text for column, text in texts.items()}
        return {
            name: level_meant(f"level of {name} for `{side}`", text, [run.levels[name] for run in runs])
            for name, text in names.items()
        }

    sides = StatedSides(levels(stated.arm, "arm"), levels(stated.against, "against"), tuple(map(name_of, stated.each)))
    if level_cell_key(sides.arm) == level_cell_key(sides.against):
        raise UserError(f"{table.where}: `arm` and `against` are the same arm, {levels_text(sides.arm, {})}")
    return sides


def of_sides(where: str, sides: StatedSides, runs: Sequence[Run]) -> tuple[StatedSides, list[Run], list[Done]]:
    """Return the runs of the two sides, how many were of neither, and the sides by what they differ in.

    Raises
    ------
    UserError
        A side has no runs.
    """
    run_sides = {level_cell_key({name: run.levels[name] for name in sides.arm}) for run in runs}
    for levels in (sides.arm, sides.against):
        if level_cell_key(levels) not in run_sides:
            raise UserError(f"{where}: no run has all of {levels_text(levels, {})}")
    both = (level_cell_key(sides.arm), level_cell_key(sides.against))
    kept = [run for run in runs if level_cell_key({name: run.levels[name] for name in sides.arm}) in both]
    differ = [
        name for name in sides.arm if level_cell_key({"": sides.arm[name]}) != level_cell_key({"": sides.against[name]})
    ]
    each = tuple(name for name in sides.each if len({level_cell_key({"": run.levels[name]}) for run in kept}) > 1)
    narrowed = StatedSides(
        {name: sides.arm[name] for name in differ}, {name: sides.against[name] for name in differ}, each
    )
    others = len(runs) - len(kept)
    return narrowed, kept, [Done(msg("runs of neither side: ignored"), others)] if others else []


def claims_of(
    sides: StatedSides, runs: Sequence[Run], levels: Mapping[str, Sequence[Level]], *, names: Names, asked: Asked,
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
            f"{others or 'everything else'}: there is nothing to compare; ignore a column with leave-out"
        )
    done = []
    where: dict[str, list[Level]] = {}
    for factor in sides.each:
        in_cells = {level_cell_key({"": cell[factor]}) for cell, _ in cells}
        where[factor] = [level for level in levels[factor] if level_cell_key({"": level}) in in_cells]
        lone = [level for level in levels[factor] if level_cell_key({"": level}) not in in_cells]
        if lone:
            texts = ", ".join(names[factor][level] for level in lone)
            done.append(Done(msg("levels that one side alone has: not compared"), len(lone), f"{factor}={texts}"))
    done += _alone(sides, runs, names, [cell for cell, _ in cells], where)
    paired = not unpaired and any(shared for _, shared in cells)
    claims = [
        _claim(sides, runs, names=names, asked=asked, metric=metric, where=where, paired=paired) for metric in metrics
    ]
    return claims, done, paired


def _alone(
    sides: StatedSides, runs: Sequence[Run], names: Names, cells: Sequence[Levels], where: Mapping[str, Sequence[Level]]
) -> list[Done]:
    """Return of how many runs the other side has none at the same levels, beside levels of `each` that are told."""
    compared = {level_cell_key(cell) for cell in cells}
    count, places = 0, dict[str, None]()
    for run in runs:
        cell = {name: level for name, level in run.levels.items() if name not in sides.arm}
        told = any(not among(cell[factor], levels) for factor, levels in where.items())
        if run.has_result and not told and level_cell_key(cell) not in compared:
            count += 1
            places[levels_text({name: level for name, level in cell.items() if name not in where}, names)] = None
    which = "; ".join([*list(places)[:4], *(["…"] if len(places) > 4 else [])])
    return [Done(msg("runs where one side alone was run: not compared"), count, which)] if count else []


def _cells(
    sides: StatedSides, runs: Sequence[Run], levels: Mapping[str, Sequence[Level]]
) -> list[tuple[Levels, set[int]]]:
    """Return the cells of the other factors in which both sides have results, and the seeds they share there."""
    others = [name for name in levels if name not in sides.arm]
    by_cell: dict[Key, tuple[Levels, dict[Key, set[int]]]] = {}
    for run in runs:
        if run.has_result and run.seed is not None:
            cell = {name: run.levels[name] for name in others}
            side = level_cell_key({name: run.levels[name] for name in sides.arm})
            by_cell.setdefault(level_cell_key(cell), (cell, {}))[1].setdefault(side, set()).add(run.seed)
    arm, against = level_cell_key(sides.arm), level_cell_key(sides.against)
    return [
        (cell, by_side[arm] & by_side[against])
        for cell, by_side in by_cell.values()
        if arm in by_side and against in by_side
    ]


def _claim(
    sides: StatedSides, runs: Sequence[Run], *, names: Names, asked: Asked, metric: str,
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
        claim |= {"where": {name: list(levels) for name, levels in where.items()}, "each": list(where)}
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
            values.setdefault(level_cell_key(run.levels), set()).add(run.values[metric])
    return any(len(distinct) > 1 for distinct in values.values())
