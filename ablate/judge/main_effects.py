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

from ablate.claims.comparison import Key, arm_key
from ablate.judge.comparable import horizons
from ablate.judge.endpoint import endpoint
from ablate.stats.joint import simultaneous_intervals
from ablate.stats.power import detectable
from ablate.track.record import Level, StudyTables

Vector = NDArray[np.float64]
LEVEL = 0.95
MOST_INTERACTIONS = 60
"""Interactions that are looked at: more would be a search, and each makes the intervals of all wider."""


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
    left_out
        Interactions that could be looked at and are not, because they are more than `MOST_INTERACTIONS`.
    """

    main: tuple[Effect, ...]
    interactions: tuple[Effect, ...]
    floor: float | None
    left_out: int = 0


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
    ended = endpoint(tables, metric)
    every = np.arange(len(ended.arm_ids))[None, :]
    if ended.undefined.any() or horizons(tables, ended, every):
        return Sweep((), (), None)
    values = {str(arm): ended.value[:, place] for place, arm in enumerate(ended.arm_ids)}
    effects = [one for one in _raw(values, levels, base) if np.isfinite(one[3]).sum() > 1]
    crossed = [one for one in effects if len(one[0]) == 2]
    left_out = len(crossed) if len(crossed) > MOST_INTERACTIONS else 0
    told = _with_intervals([one for one in effects if len(one[0]) == 1 or not left_out])
    others = [values[arm] - values[base] for arm in values if arm != base]
    floors = [detectable(d[np.isfinite(d)], alpha=1 - LEVEL) for d in others if np.isfinite(d).sum() > 1]
    finite = [floor for floor in floors if floor is not None and math.isfinite(floor)]
    return Sweep(
        tuple(one for one in told if len(one.factors) == 1),
        tuple(one for one in told if len(one.factors) == 2),
        float(np.median(finite)) if finite else None,
        left_out,
    )


_Raw = tuple[tuple[str, ...], tuple[Level, ...], tuple[Level, ...], Vector, int]
_SIGNS = {1: (1.0, -1.0), 2: (1.0, -1.0, -1.0, 1.0)}  # of the arm, of it without each change, without both


def _raw(values: Mapping[str, Vector], levels: Mapping[str, Mapping[str, Level]], base: str) -> Iterator[_Raw]:
    """Return the effects that the design has arms for: those of each factor, then those of each pair of factors.

    An effect of one factor is the mean over the arms with its level: arm minus the arm with the baseline's level in its
    place. Of two factors it is how much more the first change does where the second was made too.
    """
    factors = list(levels[base])
    keys = {arm: arm_key(setting, factors) for arm, setting in levels.items()}
    at = {key: values[arm] for arm, key in keys.items()}
    first = dict(zip(factors, keys[base], strict=True))

    def without(key: Key, undone: tuple[str, ...]) -> Vector | None:
        return at.get(tuple(first[one[0]] if one[0] in undone else one for one in key))

    for changed in (*((factor,) for factor in factors), *itertools.combinations(factors, 2)):
        signs = _SIGNS[len(changed)]
        undone = ((), changed) if len(changed) == 1 else ((), changed[:1], changed[1:], changed)
        gaps: dict[Key, list[Vector]] = {}
        named: dict[Key, tuple[Level, ...]] = {}
        for arm, key in keys.items():
            setting = tuple(one for one in key if one[0] in changed)
            if any(one == first[one[0]] for one in setting):
                continue
            corners = [corner for some in undone if (corner := without(key, some)) is not None]
            if len(corners) == len(signs):
                turned = [sign * corner for sign, corner in zip(signs, corners, strict=True)]
                gaps.setdefault(setting, []).append(np.sum(turned, axis=0))
                named.setdefault(setting, tuple(levels[arm][factor] for factor in changed))
        against = tuple(levels[base][factor] for factor in changed)
        for setting, vectors in gaps.items():
            yield changed, named[setting], against, np.mean(vectors, axis=0), len(vectors)


def _with_intervals(raw: Sequence[_Raw]) -> list[Effect]:
    """Return the effects with intervals that hold together, over the seeds in which all of them have a value."""
    if not raw:
        return []
    ends = simultaneous_intervals(np.column_stack([one[3] for one in raw]), level=LEVEL)
    told = []
    for one, (low, high) in zip(raw, ends, strict=True):
        finite = one[3][np.isfinite(one[3])]
        if finite.size > 1:
            told.append(Effect(*one[:3], float(finite.mean()), float(low), float(high), finite.size, one[4]))
    return told
