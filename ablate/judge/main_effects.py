"""What a sweep without claims shows: the effect of each level, which effects depend on each other, the noise floor.

An effect of a level is the mean difference within a seed between arms that have it and the arms that have the first
level of that factor (the baseline's) and are the same otherwise. It describes: nobody said beforehand what matters.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.judge.comparable import horizons
from ablate.judge.endpoint import endpoint
from ablate.stats.joint import simultaneous_intervals
from ablate.stats.power import detectable
from ablate.track.record import Level, StudyTables

Vector = NDArray[np.float64]
LEVEL = 0.95
MOST_INTERACTIONS = 60
"""Interactions that are looked at; more would be a search, and each makes the intervals of all wider."""


@dataclass(frozen=True)
class Effect:
    """A mean difference over seeds, in the metric's unit, with an interval that holds together with all others.

    Attributes
    ----------
    factors, levels, against
        One factor with its level and the level compared with; of an interaction two of each.
    seeds
        Seeds in which every arm behind it has a value.
    cells
        Comparisons of two arms that it averages over.
    """

    factors: tuple[str, ...]
    levels: tuple[Level, ...]
    against: tuple[Level, ...]
    effect: float
    low: float
    high: float
    seeds: int
    cells: int

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Sweep:
    """The effects of a sweep on one metric.

    Attributes
    ----------
    floor
        Noise floor: the smallest true difference between two arms that so many seeds with this spread find with 80 %
        power at 5 %; the median over all arms against the baseline. None where no two runs can be compared.
    """

    main: tuple[Effect, ...]
    interactions: tuple[Effect, ...]
    floor: float | None


def sweep_effects(tables: StudyTables, metric: str, levels: Mapping[str, Mapping[str, Level]], base: str) -> Sweep:
    """Return the main effects and two-factor interactions of a sweep, and its noise floor.

    Parameters
    ----------
    levels
        Id of an arm -> factor -> level, in design order.
    base
        Id of the arm whose levels the others are compared with.

    Raises
    ------
    UserError
        No run knows the metric, although some run ended well.
    """
    found = endpoint(tables, metric)
    every = np.arange(len(found.arm_ids))[None, :]
    if found.undefined.any() or horizons(tables, found, every):
        return Sweep((), (), None)
    values = {str(arm): found.value[:, place] for place, arm in enumerate(found.arm_ids)}
    at = {_cell(own): arm for arm, own in levels.items()}
    mains = [_main(values, levels, at, base, contrast) for contrast in _contrasts(levels, base)]
    pairs = list(itertools.islice(_pairs(_contrasts(levels, base)), MOST_INTERACTIONS + 1))
    crossed = [] if len(pairs) > MOST_INTERACTIONS else [_crossed(values, levels, at, base, pair) for pair in pairs]
    told = _with_intervals([one for one in [*mains, *crossed] if one is not None])
    others = [values[arm] - values[base] for arm in values if arm != base]
    floors = [detectable(d[np.isfinite(d)], alpha=1 - LEVEL) for d in others if np.isfinite(d).sum() > 1]
    known = [floor for floor in floors if floor is not None and math.isfinite(floor)]
    return Sweep(
        tuple(one for one in told if len(one.factors) == 1),
        tuple(one for one in told if len(one.factors) == 2),
        float(np.median(known)) if known else None,
    )


_Contrast = tuple[str, Level]
_Raw = tuple[tuple[str, ...], tuple[Level, ...], tuple[Level, ...], Vector, int]


def _contrasts(levels: Mapping[str, Mapping[str, Level]], base: str) -> list[_Contrast]:
    """Return every factor with each of its levels that the baseline has not."""
    factors = list(levels[base])
    return [
        (factor, level)
        for factor in factors
        for level in dict.fromkeys(own[factor] for own in levels.values())
        if repr(level) != repr(levels[base][factor])
    ]


def _pairs(contrasts: Sequence[_Contrast]) -> Iterator[tuple[_Contrast, _Contrast]]:
    return ((one, other) for one, other in itertools.combinations(contrasts, 2) if one[0] != other[0])


def _cell(own: Mapping[str, Level]) -> tuple[str, ...]:
    """Return levels as a key: 1, 1.0 and true are told apart."""
    return tuple(map(repr, own.values()))


def _main(
    values: Mapping[str, Vector],
    levels: Mapping[str, Mapping[str, Level]],
    at: Mapping[tuple[str, ...], str],
    base: str,
    contrast: _Contrast,
) -> _Raw | None:
    factor, level = contrast
    reference = levels[base][factor]
    differences = []
    for arm, own in levels.items():
        other = at.get(_cell({**own, factor: reference}))
        if repr(own[factor]) == repr(level) and other is not None:
            differences.append(values[arm] - values[other])
    if not differences:
        return None
    return (factor,), (level,), (reference,), np.mean(differences, axis=0), len(differences)


def _crossed(
    values: Mapping[str, Vector],
    levels: Mapping[str, Mapping[str, Level]],
    at: Mapping[tuple[str, ...], str],
    base: str,
    pair: tuple[_Contrast, _Contrast],
) -> _Raw | None:
    """Return how much more the first change does where the second was made too."""
    (one, level), (two, second) = pair
    reference, before = levels[base][one], levels[base][two]
    differences = []
    for arm, own in levels.items():
        if repr(own[one]) != repr(level) or repr(own[two]) != repr(second):
            continue
        corners = [at.get(_cell({**own, one: a, two: b})) for a, b in ((reference, second), (level, before))]
        corners.append(at.get(_cell({**own, one: reference, two: before})))
        if None not in corners:
            first, other, neither = (values[str(corner)] for corner in corners)
            differences.append(values[arm] - first - other + neither)
    if not differences:
        return None
    return (one, two), (level, second), (reference, before), np.mean(differences, axis=0), len(differences)


def _with_intervals(raw: Sequence[_Raw]) -> list[Effect]:
    """Return the effects with intervals that hold together, over the seeds in which all of them have a value."""
    if not raw:
        return []
    ends = simultaneous_intervals(np.column_stack([one[3] for one in raw]), level=LEVEL)
    told = []
    for one, (low, high) in zip(raw, ends, strict=True):
        known = one[3][np.isfinite(one[3])]
        if known.size > 1:
            told.append(Effect(*one[:3], float(known.mean()), float(low), float(high), known.size, one[4]))
    return told
