"""To which arms the runs without a result belong: a run that died early may not have said yet what was set.

A value that no run with a result has makes no arm of its own where the runs that hold it stand in the place of missing
ones: the failure would be nobody's, and the arm that fails would look as if it never had.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ablate.errors import UserError
from ablate.levels import NO_NAMES, levels_text
from ablate.sources.contract import RunTable
from ablate.sweep.found.rows import Run, level_cell_key
from ablate.train.outcome import FAILED

_Place = tuple[tuple[Any, ...], int | None]


def arms_apart(table: RunTable, runs: Sequence[Run], factors: Sequence[str], meant: Collection[str]) -> list[str]:
    """Return the factors of which runs that came to a result have several levels, and those that are meant.

    A column that they all have alike stays a factor where runs without a result have a value in it that makes them
    other runs than those that are there: an arm of which every run diverged. An empty cell makes none.

    Raises
    ------
    UserError
        A factor is empty in a run that failed, and of several arms it may be the missing run.
    """
    whole = [run for run in runs if _came_to_a_result(run)]
    if not whole:
        return list(factors)
    alone = {
        name: level_cell_key({"": whole[0].levels[name]})
        for name in factors
        if name not in meant and _same(whole, name)
    }
    alone = {name: level for name, level in alone.items() if not _same(runs, name)}
    while True:
        kept = [name for name in factors if name not in alone]
        differing = {name for run in runs if (odd := _odd(run, alone)) and not _fills(run, runs, kept) for name in odd}
        if not differing:
            break
        alone = {name: level for name, level in alone.items() if name not in differing}
    for run in runs:
        if run.outcome in FAILED:
            _check_arm(table, run, whole, runs, [name for name in kept if name not in meant])
    return kept


def _came_to_a_result(run: Run) -> bool:
    return run.has_result and run.outcome not in FAILED


def _same(runs: Sequence[Run], name: str) -> bool:
    return len({level_cell_key({"": run.levels[name]}) for run in runs}) == 1


def _odd(run: Run, alone: dict[str, Any]) -> list[str]:
    """Return the columns in which a run says something else than those with a result."""
    return [
        name for name, level in alone.items()
        if run.levels[name] is not None and level_cell_key({"": run.levels[name]}) != level
    ]  # fmt: skip


def _place(run: Run, factors: Sequence[str]) -> _Place:
    return level_cell_key({name: run.levels[name] for name in factors}), run.seed


def _fills(run: Run, runs: Sequence[Run], factors: Sequence[str]) -> bool:
    """Tell whether a run is the only one of its arm and seed, and other arms have that seed."""
    arm, seed = _place(run, factors)
    others = [_place(one, factors) for one in runs if one is not run and one.seed == seed]
    return seed is not None and bool(others) and all(one != arm for one, _ in others)


def _check_arm(table: RunTable, run: Run, whole: Sequence[Run], runs: Sequence[Run], factors: Sequence[str]) -> None:
    """Raise `UserError` where a failed run does not say which arm it is of, and may be the missing run of several."""
    empty = [
        name for name in factors
        if run.levels[name] is None and all(one.levels[name] is not None for one in whole)
    ]  # fmt: skip
    if not empty or run.seed is None:
        return
    said = [name for name in factors if name not in empty]
    there = {_place(one, factors) for one in runs}
    arms = {
        place[0]: {name: one.levels[name] for name in empty} for one in whole
        if (place := _place(one, factors)) and (place[0], run.seed) not in there
        and _place(one, said)[0] == _place(run, said)[0]
    }  # fmt: skip
    if arms:
        listed = " or ".join(levels_text(levels, NO_NAMES) for levels in list(arms.values())[:4])
        raise UserError(
            f"{table.at(run.line)}: the run failed, and {', '.join(empty)} is empty: it may be the run with seed "
            f"{run.seed} of {listed}. Write into the table what was set, or ignore {empty[0]} with --leave-out"
        )
