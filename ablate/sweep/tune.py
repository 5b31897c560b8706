"""The `tune:` of a study file: which hyperparameters are nuisances, where their values are looked for, and how.

The vocabulary is that of Google's Deep Learning Tuning Playbook (Godbole et al. 2023): factors are *scientific*
hyperparameters, what is compared; *nuisance* hyperparameters must be tuned for the comparison to be fair; the rest is
*fixed*. Every arm gets the same trials, on seeds that judge nothing.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag

from ablate.claims.parts import Level, Levels, Strict, Where
from ablate.errors import UserError, unknown
from ablate.levels import alike, among, level_list, level_name, level_names
from ablate.streams import stream
from ablate.train.config import seed_list

if TYPE_CHECKING:
    from numpy.random import Generator

    from ablate.sweep.study import Study

FIRST_SEED = 10_000
"""Where tuning seeds begin when only their number is given: no study judges with seeds that high."""

MOST_TRIALS = 1_000
MOST_POINTS = 100_000


class Range(Strict):
    """Values drawn at random between `low` and `high`, evenly or (`log`) evenly in the logarithm; `whole` numbers."""

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    log: bool = False
    whole: bool = False


Grid = list[Level]
Axis = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Grid, Tag("grid")],
    Discriminator(lambda value: "range" if isinstance(value, dict | Range) else "grid"),
]


class Tune(Strict):
    """How nuisance hyperparameters are tuned, the same for every arm.

    Attributes
    ----------
    space
        Hydra key -> list of values, or a range ``{low: 1e-4, high: 1.0, log: true}`` to draw from.
    trials
        Of lists: all combinations by default, or that many of them, drawn without replacement. Of ranges: the number
        of random draws. Draws come from the `tune` stream and are the same for every arm; more trials keep the
        earlier ones.
    seeds
        How many tuning seeds (numbered from 10,000 up), or a list; never a judging seed.
    metric
        What decides: the best mean over the tuning seeds wins (losses, errors, steps: the least), ties go to the
        smaller value, a failed run counts as the worst. Never a metric of the test part.
    where
        Factor -> levels: only arms at these levels are tuned, the others keep the fixed values.
    share
        Factors whose levels share one tuning, done at the baseline's level of these factors.
    """

    space: dict[str, Axis] = Field(min_length=1)
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)] | None = None
    seeds: int | list[int] = 3
    metric: str = "final/validation_accuracy"
    where: Where = Field(default_factory=dict)
    share: Annotated[
        list[str], BeforeValidator(lambda v: v if isinstance(v, list) else [v], json_schema_input_type=str | list[str])
    ] = Field(default_factory=list)

    def seed_numbers(self) -> tuple[int, ...]:
        """Return the tuning seeds.

        >>> Tune(space={"l2": [0.0, 0.1]}).seed_numbers()
        (10000, 10001, 10002)
        """
        if isinstance(self.seeds, int) and not isinstance(self.seeds, bool):
            return tuple(FIRST_SEED + seed for seed in seed_list(self.seeds, "tune.seeds"))
        return tuple(seed_list(self.seeds, "tune.seeds"))


@dataclass(frozen=True)
class Choice:
    """What tuning chose for a cell: key -> value, and what an arm's facts say of it."""

    values: Levels
    facts: dict[str, Any]


def trials(tune: Tune) -> list[Levels]:
    """Return the trials, key -> value, each once; a larger `tune.trials` only adds some at the end.

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
    found: dict[str, Levels] = {}
    for number in range(100 * asked):
        rng = stream(number, "tune")
        drawn = {key: _draw(tune.space[key], rng) for key in sorted(tune.space)}
        found.setdefault(cell_key(drawn), {key: drawn[key] for key in tune.space})
        if len(found) == asked:
            break
    return list(found.values())


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


def cell_key(levels: Mapping[str, Level]) -> str:
    """Return a key by which the same levels are found again, whatever their order."""
    return json.dumps(dict(levels), sort_keys=True)


def tuned_cell(study: Study, levels: Mapping[str, Level]) -> Levels | None:
    """Return the cell an arm's values are tuned in: its own levels, shared factors at the baseline; None: not tuned."""
    from ablate.sweep.study import FAIRNESS

    tune = study.tune
    if tune is None or study.fairness == "fixed" or levels.get(FAIRNESS) == "fixed":
        return None
    if any(not among(levels.get(factor), wanted) for factor, wanted in tune.where.items()):
        return None
    base = study.base_levels()
    return {f: base[f] if f in tune.share else level for f, level in levels.items() if f != FAIRNESS}


def space_text(axis: Range | Grid, tried: int) -> str:
    """Write where a value was looked for, for people.

    >>> space_text([0.01, 0.1], 2), space_text(Range(low=1e-4, high=1, log=True), 8)
    ('0.01, 0.1', '8 draws from 0.0001 to 1 (log)')
    """
    if isinstance(axis, Range):
        kind = " (log)" if axis.log else ""
        return f"{tried} draws from {axis.low:g} to {axis.high:g}{kind}"
    return level_list(axis)


def check_tuning(study: Study, *, where: str, seeds: Any = None) -> None:
    """Refuse a `tune:` or `fairness:` that cannot be carried out, before anything is composed.

    `seeds` are the judging seeds where they are not the study's own.

    Raises
    ------
    UserError
        File, key, what was expected and what was got.
    """
    from ablate.sweep.study import FAIRNESS

    tune = study.tune
    if FAIRNESS in study.factors and (study.fairness != "both" or study.factors[FAIRNESS] != ["fixed", "tuned"]):
        raise UserError(f"{where}: factors: `fairness` is not a factor to give; write `fairness: both` beside `tune:`")
    if tune is None:
        if study.fairness != "fixed":
            raise UserError(
                f"{where}: fairness: {study.fairness} needs `tune:`, which names what is tuned, as in "
                "`tune: {space: {optimizer.lr: [0.01, 0.1, 1.0]}}`"
            )
        return
    for key, axis in tune.space.items():
        if key in study.factors:
            raise UserError(f"{where}: tune.space: {key} is a factor too; a value is either compared or tuned")
        _check_axis(f"{where}: tune.space: {key}", axis)
    _check_trials(tune, where)
    if {"test"} & set(tune.metric.replace("/", "_").split("_")):
        raise UserError(
            f"{where}: tune.metric: {tune.metric} is measured on the test part, which must not choose anything; "
            "tune on final/validation_accuracy or another validation metric"
        )
    try:
        own = tune.seed_numbers()
    except UserError as wrong:
        raise UserError(f"{where}: {wrong}") from None
    judging = set(seed_list(study.seeds if seeds is None else seeds))
    if both := sorted(judging & set(own)):
        listed = ", ".join(map(str, both[:8])) + (" …" if len(both) > 8 else "")
        raise UserError(
            f"{where}: tune.seeds: {listed} judge{'s' if len(both) == 1 else ''} the claims too; tuning seeds must be "
            f"others (a count numbers them from {FIRST_SEED:,} up)"
        )
    factors = {factor: levels for factor, levels in study.factors.items() if factor != FAIRNESS}
    for factor in [*tune.where, *tune.share]:
        if factor not in factors:
            part = "where" if factor in tune.where else "share"
            raise UserError(f"{where}: tune.{part}: {unknown('factor', factor, factors)}")
    for factor, levels in tune.where.items():
        for level in levels:
            if not among(level, factors[factor]):
                error = unknown(f"level of {factor}", level_name(level), level_names(factors[factor]).values())
                raise UserError(f"{where}: tune.where: {error}")
        if factor in tune.share:
            raise UserError(f"{where}: tune: {factor} stands in `where` and in `share`; keep one of the two")


def _check_axis(where: str, axis: Range | Grid) -> None:
    if isinstance(axis, Range):
        if not axis.low < axis.high:
            raise UserError(f"{where}: `low` must be < `high`, got low {axis.low:g} and high {axis.high:g}")
        if axis.log and axis.low <= 0:
            raise UserError(f"{where}: `low` must be > 0 where `log: true`, got {axis.low:g}")
        return
    if len(axis) < 2:
        raise UserError(f"{where}: a grid needs two values or more, got {axis}; one value belongs under `fixed`")
    if twins := alike(axis):
        raise UserError(f"{where}: the value {level_name(twins[0])} is given twice")


def _check_trials(tune: Tune, where: str) -> None:
    ranges = [key for key, axis in tune.space.items() if isinstance(axis, Range)]
    if ranges and tune.trials is None:
        raise UserError(f"{where}: tune.trials is missing: {ranges[0]} is a range, how many values are to be drawn?")
    if ranges:
        if len(trials(tune)) < (tune.trials or 0):
            raise UserError(f"{where}: tune.trials: the space has fewer than {tune.trials} different points")
        return
    points = math.prod(len(axis) for axis in tune.space.values() if not isinstance(axis, Range))
    if points > MOST_POINTS or (tune.trials is None and points > MOST_TRIALS):
        raise UserError(
            f"{where}: tune.space: the grids make {points:,} combinations, too many to try; "
            f"give fewer values{'' if points > MOST_POINTS else f' or `trials`, at most {MOST_TRIALS:,}'}"
        )
    if tune.trials is not None and tune.trials > points:
        raise UserError(f"{where}: tune.trials must be at most {points}, the combinations there are, got {tune.trials}")
