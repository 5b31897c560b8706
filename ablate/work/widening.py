"""Grids that are widened by a step while a chosen value lies on the edge of one, for all arms alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ablate.errors import UserError
from ablate.sweep.grids import can_widen, next_value, trials, widened
from ablate.sweep.tune import MOST_TRIALS, Tune
from ablate.track.store import Store

if TYPE_CHECKING:
    import pandas as pd

SIDES = (-1, 1)

Fits = Callable[[Tune], bool]


def steps_of(declared: Tune, tune: Tune) -> dict[str, dict[int, int]]:
    """Return key -> side -> the number of values that were added to its grid; keys that were not widened left out."""
    found: dict[str, dict[int, int]] = {}
    for key, axis in tune.space.items():
        own = declared.space[key]
        if isinstance(axis, list) and isinstance(own, list) and len(axis) > len(own):
            first = axis.index(own[0])
            found[key] = {side: n for side, n in ((-1, first), (1, len(axis) - len(own) - first)) if n}
    return found


def kept_grids(declared: Tune, name: str, store: Store) -> Tune:
    """Return a tuning with its grids as wide as they were run before: what was widened once stays so.

    `name`: of the study that its trials are kept under.
    """
    tune = declared
    if not declared.extend or not can_widen(declared):
        return tune
    arms = store.arms(name)
    for key in declared.space:
        tried = {arm.levels[key] for arm in arms if key in arm.levels}
        for side in SIDES:
            for _ in range(declared.extend):
                grid = tune.space[key]
                if not isinstance(grid, list) or not _numbers(grid) or next_value(grid, side) not in tried:
                    break
                tune = widened(tune, {key: side})
    return tune


def wider_grids(declared: Tune, tune: Tune, runs: pd.DataFrame, fits: Fits) -> Tune | None:
    """Return a tuning whose grids go one step beyond the edges that arms chose; None where nothing is to be widened.

    Parameters
    ----------
    declared
        As the study has it: each end of a grid is widened `extend` times at most.
    runs
        The tuning runs (see `track.tuned`).
    fits
        Says whether every arm can be composed with a tuning: a probability has no value beyond 1.
    """
    from ablate.track.tuned import edges_of

    if not declared.extend or not can_widen(declared):
        return None
    steps, wide = steps_of(declared, tune), tune
    for key, sides in edges_of(runs).items():
        for side in sides:
            if steps.get(key, {}).get(side, 0) < declared.extend:
                more = widened(wide, {key: side})
                wide = more if len(trials(more)) <= MOST_TRIALS and fits(more) else wide
    return None if wide is tune else wide


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
