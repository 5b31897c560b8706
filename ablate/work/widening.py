"""Grids that are widened by a step while a chosen value lies on the edge of one, for all arms alike.

Arms may have spaces of their own (see `Tune.spaces`). A grid that all of them have, with the same values, is widened in
all, so that their numbers of trials stay equal. One that only some have would give these arms more trials than the
others: it is widened only where the study declares `unequal_trials`; else its edge stays one, and the gate holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.errors import UserError
from ablate.sweep.grids import can_widen, next_value, trials, widened
from ablate.sweep.tune import MOST_TRIALS, Tune
from ablate.track.store import Store

if TYPE_CHECKING:
    import pandas as pd

SIDES = (-1, 1)
NOBODY: Mapping[str, int] = {}
"""No arm has a space of its own."""

Fits = Callable[[Tune], bool]


@dataclass(frozen=True)
class GridOf:
    """A grid: its key, and the numbers of the spaces that have it with the same values (see `Tune.place`)."""

    key: str
    places: tuple[int, ...]


def grids_of(declared: Tune) -> list[GridOf]:
    """Return the grids of a tuning, each once.

    >>> own = {"where": {"dropout": "bernoulli"}, "space": {"lr": [0.1, 1.0], "p": [0.1, 0.5]}}
    >>> [(grid.key, grid.places) for grid in grids_of(Tune(space={"lr": [0.1, 1.0]}, spaces=[own]))]
    [('lr', (0, 1)), ('p', (1,))]
    """
    by_grid: dict[tuple[str, str], list[int]] = {}
    for place, space in enumerate(declared.every_space):
        for key, axis in space.items():
            if isinstance(axis, list):
                by_grid.setdefault((key, repr(axis)), []).append(place)
    return [GridOf(key, tuple(places)) for (key, _), places in by_grid.items()]


def keeps_equal(declared: Tune, grid: GridOf) -> bool:
    """Whether arms have as many trials as before, compared with each other, where a grid is widened."""
    return len(grid.places) == len(declared.every_space)


def steps_of(declared: Tune, tune: Tune) -> dict[int, dict[str, dict[int, int]]]:
    """Return number of a space -> key -> side -> values that were added to its grid; what was not widened left out."""
    added: dict[int, dict[str, dict[int, int]]] = {}
    for place, (before, now) in enumerate(zip(declared.every_space, tune.every_space, strict=True)):
        for key, axis in now.items():
            grid = before[key]
            if isinstance(axis, list) and isinstance(grid, list) and len(axis) > len(grid):
                first = axis.index(grid[0])
                steps = {side: n for side, n in ((-1, first), (1, len(axis) - len(grid) - first)) if n}
                added.setdefault(place, {})[key] = steps
    return added


def kept_grids(declared: Tune, name: str, store: Store) -> Tune:
    """Return a tuning with its grids as wide as they were run before: what was widened once stays so.

    `name`: of the study that its trials are kept under.
    """
    tune = declared
    if not declared.extend or not can_widen(declared):
        return tune
    arms = store.arms(name)
    for one in _widened_at_all(declared):
        key, first = one.key, one.places[0]
        there = [arm for arm in arms if key in arm.levels and set(declared.places(arm.levels)) & set(one.places)]
        tried = {arm.levels[key] for arm in there}
        for side in SIDES:
            for _ in range(declared.extend):
                grid = tune.every_space[first][key]
                if not isinstance(grid, list) or not _numbers(grid) or next_value(grid, side) not in tried:
                    break
                tune = widened(tune, key, side, one.places)
    return tune


def wider_grids(
    declared: Tune, tune: Tune, runs: pd.DataFrame, fits: Fits, *, places: Mapping[str, int] = NOBODY
) -> Tune | None:
    """Return a tuning whose grids go one step beyond the edges that arms chose; None where nothing is to be widened.

    Parameters
    ----------
    declared
        As the study has it: each end of a grid is widened `extend` times at most.
    runs
        The tuning runs (see `track.tuned`).
    fits
        Says whether every arm can be composed with a tuning: a probability has no value beyond 1.
    places
        Id of an arm -> the number of its space, where it is not 0.
    """
    if not declared.extend or not can_widen(declared):
        return None
    steps, wide = steps_of(declared, tune), tune
    for grid in _widened_at_all(declared):
        there = steps.get(grid.places[0], {}).get(grid.key, {})
        for side in _edges(grid, runs, places):
            if there.get(side, 0) < declared.extend:
                more = widened(wide, grid.key, side, grid.places)
                few = max(len(trials(one)) for one in more.each()) <= MOST_TRIALS
                wide = more if few and fits(more) else wide
    return None if wide is tune else wide


def edges_kept(declared: Tune, runs: pd.DataFrame, *, places: Mapping[str, int] = NOBODY) -> tuple[str, ...]:
    """Return the keys on whose edge a choice lies and stays, because only some arms have the grid."""
    if not declared.extend or not can_widen(declared):
        return ()
    extended = set(_widened_at_all(declared))
    kept = [grid.key for grid in grids_of(declared) if grid not in extended and _edges(grid, runs, places)]
    return tuple(dict.fromkeys(kept))


def _widened_at_all(declared: Tune) -> list[GridOf]:
    return [grid for grid in grids_of(declared) if declared.unequal_trials or keeps_equal(declared, grid)]


def _edges(grid: GridOf, runs: pd.DataFrame, places: Mapping[str, int]) -> list[int]:
    from ablate.track.tuned import edges_of

    edges = edges_of(runs)
    return sorted(
        {
            side
            for arm, by_key in edges.items()
            if places.get(arm, 0) in grid.places
            for side in by_key.get(grid.key, ())
        }
    )


def composes(plan: Callable[[Tune], object]) -> Fits:
    """Return what says whether a plan can be made with a tuning."""

    def fits(tune: Tune) -> bool:
        try:
            plan(tune)
        except UserError:
            return False
        return True

    return fits


def _numbers(grid: Sequence[object]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in grid)
