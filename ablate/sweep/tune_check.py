"""What a `tune:` must be so that it can be carried out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ablate.claims.parts import Level
from ablate.errors import UserError, unknown
from ablate.levels import among, level_name, level_names, levels_alike
from ablate.sweep.grids import trials
from ablate.sweep.tune import FIRST_SEED, MOST_POINTS, MOST_TRIALS, Grid, Range, Tune
from ablate.train.config import seed_list

if TYPE_CHECKING:
    from ablate.sweep.study import Study


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
    for part, one in zip(_parts(tune), tune.each(), strict=True):
        for key, axis in one.space.items():
            if key in study.factors:
                raise UserError(f"{where}: {part}: {key} is a factor too; a value is either compared or tuned")
            _check_axis(f"{where}: {part}: {key}", axis)
        _check_trials(one, where, part)
    _check_spaces(tune, where)
    for part, metric in (("metric", tune.metric), ("ties", tune.ties)):
        if {"test"} & set(metric.replace("/", "_").split("_")):
            raise UserError(
                f"{where}: tune.{part}: {metric} is measured on the test part, which must not choose anything; "
                "tune on final/validation_accuracy or another validation metric"
            )
    _check_seeds(study, tune, where, seeds)
    factors = {factor: levels for factor, levels in study.factors.items() if factor != FAIRNESS}
    for factor in tune.share:
        if factor not in factors:
            raise UserError(f"{where}: tune.share: {unknown('factor', factor, factors)}")
    _check_where(tune.where, factors, f"{where}: tune.where")
    for number, entry in enumerate(tune.spaces, start=1):
        _check_where(entry.where, factors, f"{where}: tune.spaces, entry {number}, where")
    if both := [factor for factor in tune.where if factor in tune.share]:
        raise UserError(f"{where}: tune: {both[0]} stands in `where` and in `share`; keep one of the two")


def _parts(tune: Tune) -> list[str]:
    """Return what each of `tune.every_space` is called in errors."""
    return ["tune.space", *(f"tune.spaces, entry {number}, space" for number in range(1, len(tune.spaces) + 1))]


def _check_where(wanted: Mapping[str, Sequence[Level]], factors: Mapping[str, Sequence[Level]], where: str) -> None:
    for factor, levels in wanted.items():
        if factor not in factors:
            raise UserError(f"{where}: {unknown('factor', factor, factors)}")
        for level in levels:
            if not among(level, factors[factor]):
                error = unknown(f"level of {factor}", level_name(level), level_names(factors[factor]).values())
                raise UserError(f"{where}: {error}")


def _check_spaces(tune: Tune, where: str) -> None:
    """Refuse arms with more trials than others where nobody declares it."""
    if not tune.spaces:
        if tune.unequal_trials:
            raise UserError(
                f"{where}: tune.unequal_trials: every arm has the trials of `space` without `spaces`; drop it"
            )
        return
    counts = [len(trials(one)) for one in tune.each()]
    if len(set(counts)) > 1 and not tune.unequal_trials:
        told = ", ".join(f"{part} has {count}" for part, count in zip(_parts(tune), counts, strict=True))
        raise UserError(
            f"{where}: {told} trials: an arm with more trials is tuned better; give all as many, or declare "
            "`unequal_trials: true`"
        )


def _check_seeds(study: Study, tune: Tune, where: str, seeds: Any) -> None:
    """Refuse tuning seeds that judge claims too, and what only one choice for all can have."""
    if tune.per == "seed":
        for name, given in (("seeds", tune.seeds), ("share", tune.share)):
            if given not in (None, []):
                raise UserError(
                    f"{where}: tune.{name}: with `per: seed` every judging seed of every arm chooses for itself; drop "
                    f"`{name}`"
                )
        return
    if not tune.as_before:
        raise UserError(
            f"{where}: tune.per: a choice made once for a whole study is in no interval, so that two identical arms "
            "may be judged different; write `per: seed`, without `seeds` and `share`. (Studies of earlier releases "
            "keep `per: study`, with `ties: smaller, extend: 0, copy_baseline: false` beside it.)"
        )
    try:
        tuning_seeds = tune.seed_numbers()
    except UserError as wrong:
        raise UserError(f"{where}: {wrong}") from None
    judging = set(seed_list(study.seeds if seeds is None else seeds))
    if both := sorted(judging & set(tuning_seeds)):
        listed = ", ".join(map(str, both[:8])) + (" …" if len(both) > 8 else "")
        raise UserError(
            f"{where}: tune.seeds: {listed} judge{'s' if len(both) == 1 else ''} the claims too; tuning seeds must be "
            f"others (a count numbers them from {FIRST_SEED:,} up)"
        )


def _check_axis(where: str, axis: Range | Grid) -> None:
    if isinstance(axis, Range):
        if not axis.low < axis.high:
            raise UserError(f"{where}: `low` must be < `high`, got low {axis.low:g} and high {axis.high:g}")
        if axis.log and axis.low <= 0:
            raise UserError(f"{where}: `low` must be > 0 where `log: true`, got {axis.low:g}")
        return
    if len(axis) < 2:
        raise UserError(f"{where}: a grid needs two values or more, got {axis}; one value belongs under `fixed`")
    if twins := levels_alike(axis):
        raise UserError(f"{where}: the value {level_name(twins[0])} is given twice")


def _check_trials(tune: Tune, where: str, part: str) -> None:
    """Refuse a number of trials that a space cannot have; `part` is what the space is called."""
    ranges = [key for key, axis in tune.space.items() if isinstance(axis, Range)]
    if ranges and tune.trials is None:
        raise UserError(f"{where}: tune.trials is missing: {ranges[0]} is a range, how many values are to be drawn?")
    if ranges:
        if len(trials(tune)) < (tune.trials or 0):
            raise UserError(f"{where}: tune.trials: {part} has fewer than {tune.trials} different points")
        return
    points = math.prod(len(axis) for axis in tune.space.values() if not isinstance(axis, Range))
    if points > MOST_POINTS or (tune.trials is None and points > MOST_TRIALS):
        raise UserError(
            f"{where}: {part}: the grids make {points:,} combinations, too many to try; "
            f"give fewer values{'' if points > MOST_POINTS else f' or `trials`, at most {MOST_TRIALS:,}'}"
        )
    if tune.trials is not None and tune.trials > points:
        raise UserError(
            f"{where}: tune.trials must be at most {points}, the combinations there are in {part}, got {tune.trials}"
        )
