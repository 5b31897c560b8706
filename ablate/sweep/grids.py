"""Where tuned values are looked for: the trials of a grid or of random draws, and a grid that is widened by a step."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from ablate.claims.parts import Level, Levels
from ablate.levels import level_list
from ablate.streams import stream
from ablate.sweep.tune import Grid, Range, Tune, cell_key

if TYPE_CHECKING:
    from numpy.random import Generator


def trials(tune: Tune) -> list[Levels]:
    """Return the trials of the arms of `tune.space`, each once; a larger `tune.trials` only adds some at the end.

    Those of arms with another space are drawn anew: see `Tune.each`.

    >>> trials(Tune(space={"l2": [0.0, 0.1], "optimizer.lr": [0.1, 1.0]}))[1]
    {'l2': 0.0, 'optimizer.lr': 1.0}
    >>> few, more = (Tune(space={"l2": {"low": 1e-4, "high": 1.0, "log": True}}, trials=n) for n in (2, 5))
    >>> trials(few) == trials(more)[:2]
    True
    """
    grids = {key: axis for key, axis in tune.space.items() if not isinstance(axis, Range)}
    if len(grids) == len(tune.space):
        points = [dict(zip(grids, point, strict=True)) for point in itertools.product(*grids.values())]
        if tune.trials is None:
            return points
        return [points[i] for i in stream(0, "tune").permutation(len(points))[: tune.trials]]
    asked = tune.trials or 0
    by_cell: dict[str, Levels] = {}
    for number in range(100 * asked):
        rng = stream(number, "tune")
        drawn = {key: _draw(tune.space[key], rng) for key in sorted(tune.space)}
        by_cell.setdefault(cell_key(drawn), {key: drawn[key] for key in tune.space})
        if len(by_cell) == asked:
            break
    return list(by_cell.values())


def a_trial(tune: Tune, cell: Levels) -> Levels:
    """Return the first trial of the arms at these levels: some value for each key that is tuned there."""
    return trials(tune.each()[tune.place(cell)])[0]


def _draw(axis: Range | Grid, rng: Generator) -> Level:
    place = float(rng.random())
    if not isinstance(axis, Range):
        return axis[int(place * len(axis))]
    if axis.log:
        value = math.exp(math.log(axis.low) + place * (math.log(axis.high) - math.log(axis.low)))
    else:
        value = axis.low + place * (axis.high - axis.low)
    if axis.whole:
        return round(value)
    # Four digits, so that what a report prints is what was used.
    return min(max(float(f"{value:.4g}"), axis.low), axis.high)


def space_text(axis: Range | Grid, tried: int) -> str:
    """Write where a value was looked for, for people.

    >>> space_text([0.01, 0.1], 2), space_text(Range(low=1e-4, high=1, log=True), 8)
    ('0.01, 0.1', '8 draws from 0.0001 to 1 (log)')
    """
    if isinstance(axis, Range):
        kind = " (log)" if axis.log else ""
        return f"{tried} draws from {axis.low:g} to {axis.high:g}{kind}"
    return level_list(axis)


def can_widen(tune: Tune) -> bool:
    """Say whether there is a grid to be widened: some of its combinations alone, or draws, are left as they are."""
    return tune.trials is None and any(isinstance(axis, list) for space in tune.every_space for axis in space.values())


def widened(tune: Tune, key: str, side: int, places: Collection[int] = (0,)) -> Tune:
    """Return a tuning with one more value at the lower (-1) or upper (1) end of a grid, in the spaces of these numbers.

    >>> widened(Tune(space={"optimizer.lr": [0.01, 0.03, 0.1]}), "optimizer.lr", 1).space
    {'optimizer.lr': [0.01, 0.03, 0.1, 0.3]}
    """
    spaces = [dict(space) for space in tune.every_space]
    for place in places:
        grid = spaces[place][key]
        if isinstance(grid, list):
            new = next_value(grid, side)
            spaces[place][key] = [new, *grid] if side < 0 else [*grid, new]
    return tune.with_spaces(spaces)


def next_value(grid: Grid, side: int) -> float:
    """Return the value one step beyond the least (-1) or the greatest (1) of a grid of numbers.

    The step is a ratio: that of the last two neighbours, or, from three positive values on, that of the two before, so
    that 1, 3, 10 goes on with 30. Where 0 is one of the two, it is their difference. Four digits are kept, and whole
    numbers stay whole.

    >>> next_value([1, 3, 10], 1), next_value([0.01, 0.1], -1), next_value([0.0, 0.5], 1), next_value([16, 32, 64], 1)
    (30, 0.001, 1.0, 128)
    """
    inwards = sorted(value for value in grid if isinstance(value, int | float))
    seen = inwards if side > 0 else inwards[::-1]
    last, before = seen[-1], seen[-2]
    if last > 0 and before > 0:
        three = len(seen) > 2 and seen[-3] > 0
        value = last * (before / seen[-3] if three else last / before)
    else:
        value = last + (last - before)
    if all(isinstance(value, int) for value in grid):
        whole = round(value)
        return whole if (whole - last) * side > 0 else int(last) + side
    return float(f"{value:.4g}")
