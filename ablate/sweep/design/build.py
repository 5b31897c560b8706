"""From a study's `design:` to its arms, each once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from ablate.claims.parts import Level, Levels
from ablate.errors import UserError, unknown
from ablate.levels import among, level_list, level_name, level_names, own_level
from ablate.sweep.design.exclude import Exclusion
from ablate.sweep.design.fractional import Fraction, fraction
from ablate.sweep.design.parts import Fractional, Full, LeaveOneOut, Listed, OneFactorAtATime, Pairs
from ablate.sweep.study import FAIRNESS, Study

MOST_ARMS = 10_000


@dataclass(frozen=True)
class PartCount:
    """One part of a design: how many arms it asks for, and how many of them no part before it has."""

    kind: str
    arms: int
    new: int
    about: str = ""


@dataclass(frozen=True)
class DesignArms:
    """The arms of a study.

    Attributes
    ----------
    arms
        Factor -> level, each combination once, in order of appearance.
    parts
        What each part of the design gave.
    excluded
        Expression -> number of different cells it took out.
    aliasing
        Of fractional parts: effects the arms cannot tell apart.
    """

    arms: tuple[Levels, ...]
    parts: tuple[PartCount, ...]
    excluded: dict[str, int]
    aliasing: tuple[str, ...]

    @property
    def duplicates(self) -> int:
        """Arms that more than one part asks for."""
        return sum(part.arms - part.new for part in self.parts)

    def record(self) -> dict[str, Any]:
        """Return what is stored with the study run, JSON-ready."""
        return {
            "arms": len(self.arms),
            "parts": [{"kind": p.kind, "arms": p.arms, "new": p.new, "about": p.about} for p in self.parts],
            "duplicates": self.duplicates,
            "excluded": self.excluded,
            "aliasing": list(self.aliasing),
        }


def build_design(study: Study) -> DesignArms:
    """Return the arms that a study's design asks for, without those it excludes.

    The baseline is always among them: labels and reports compare with it. Under ``fairness: both`` every arm is there
    twice, `fixed` and `tuned`.

    Raises
    ------
    UserError
        A part names an unknown factor or level or does not fit the factors; an exclusion cannot be read, or takes out
        the baseline; there are more than 10,000 arms.
    """
    factors = {factor: levels for factor, levels in study.factors.items() if factor != FAIRNESS}
    base = {factor: level for factor, level in study.base_levels().items() if factor != FAIRNESS}
    rules = [Exclusion(text, factors) for text in study.exclude]
    hits: dict[str, int] = {rule.text: 0 for rule in rules}
    by_key: dict[tuple[Any, ...], Levels] = {}
    seen: set[tuple[Any, ...]] = set()
    parts: list[PartCount] = []
    aliasing: list[str] = []
    for part in study.design:
        asked = new = 0
        about = ""
        if isinstance(part, Fractional):
            two = _two_level(part, factors, base)
            made = fraction(part, list(two))
            about = f"resolution {made.resolution}" if made.resolution else "all combinations"
            aliasing += made.aliasing
            cells: Iterator[Levels] = _signed(made, two, base)
        else:
            cells = _cells(part, factors, base)
        for cell in cells:
            asked += 1
            key = _key(cell)
            if key in seen:
                continue
            seen.add(key)
            if len(seen) > MOST_ARMS:
                raise UserError(f"design: more than {MOST_ARMS:,} arms; use ofat, pairs or fractional, or fewer levels")
            new += 1
            if rule := next((rule for rule in rules if rule(cell)), None):
                hits[rule.text] += 1
            else:
                by_key[key] = cell
        parts.append(PartCount(part.kind, asked, new, about))
    for text, count in hits.items():
        if count == 0:
            raise UserError(f"exclude {text!r}: it excludes no arm of this design; drop it, or correct it")
    if _key(base) not in by_key:
        if rule := next((rule for rule in rules if rule(base)), None):
            raise UserError(f"exclude {rule.text!r}: it excludes the baseline, which others are compared with")
        by_key = {_key(base): base, **by_key}
        parts.append(PartCount("baseline", 1, 1, "added: others are compared with it"))
    arms = list(by_key.values())
    if FAIRNESS in study.factors:
        arms = [{**arm, FAIRNESS: level} for arm in arms for level in study.factors[FAIRNESS]]
    return DesignArms(tuple(arms), tuple(parts), hits, tuple(aliasing))


def _key(cell: Levels) -> tuple[Any, ...]:
    return tuple((isinstance(level, bool), level) for level in cell.values())  # 1 and true are two levels


def _cells(
    part: Full | OneFactorAtATime | Pairs | LeaveOneOut | Listed, factors: Mapping[str, list[Level]], base: Levels
) -> Iterator[Levels]:
    match part:
        case LeaveOneOut():
            yield from _leave_one_out(part, factors, base)
        case Listed():
            for number, arm in enumerate(part.arms, 1):
                yield {**base, **_own_levels(f"design, `arms`, {number}", arm, factors)}
        case Full():
            yield from _crossed(_named(part.factors, factors), factors, base)
        case OneFactorAtATime():
            yield from _changed(_named(part.factors, factors), factors, base, at_once=1)
        case Pairs():
            yield from _changed(_named(part.factors, factors), factors, base, at_once=2)
        case _:
            assert_never(part)


def _crossed(names: Sequence[str], factors: Mapping[str, list[Level]], base: Levels) -> Iterator[Levels]:
    if math.prod(len(factors[name]) for name in names) > MOST_ARMS:
        raise UserError(
            f"design: crossing {' x '.join(str(len(factors[name])) for name in names)} levels makes more than "
            f"{MOST_ARMS:,} arms; use ofat, pairs or fractional, or fewer levels"
        )
    for combination in itertools.product(*(factors[name] for name in names)):
        yield {**base, **dict(zip(names, combination, strict=True))}


def _changed(
    names: Sequence[str], factors: Mapping[str, list[Level]], base: Levels, *, at_once: int
) -> Iterator[Levels]:
    """Yield the baseline, and it with up to `at_once` factors changed."""
    changes = [(name, level) for name in names for level in factors[name] if level != base[name]]
    for several in range(at_once + 1):
        for chosen in itertools.combinations(changes, several):
            levels = dict(chosen)
            if len(levels) == several:
                yield {**base, **levels}


def _leave_one_out(part: LeaveOneOut, factors: Mapping[str, list[Level]], base: Levels) -> Iterator[Levels]:
    full = {**base, **_own_levels("design, `full`", part.full, factors)}
    named = _own_levels("design, `off`", part.off, factors)
    off = named or {name: _other(name, levels, full) for name, levels in factors.items() if len(levels) > 1}
    yield full
    for factor, level in off.items():
        if level == full[factor]:
            told = f"{factor}={level_name(level)}"
            raise UserError(f"design, `off`: {told} is its level in the full system too; name another")
        yield {**full, factor: level}


def _own_levels(where: str, levels: Levels, factors: Mapping[str, list[Level]]) -> Levels:
    """Return levels as the study has them; unknown ones are refused."""
    for factor, level in levels.items():
        _known(where, factor, factors)
        if not among(level, factors[factor]):
            error = unknown(f"level of {factor}", level_name(level), level_names(factors[factor]).values())
            raise UserError(f"{where}: {error}")
    return {factor: own_level(level, factors[factor]) for factor, level in levels.items()}


def _other(factor: str, levels: Sequence[Level], full: Levels) -> Level:
    others = [level for level in levels if level != full[factor]]
    if len(others) != 1:
        raise UserError(
            f"design: leave_one_out needs to know which level of {factor} means off: "
            f"give `off: {{{factor}: …}}`, one of {level_list(others)}"
        )
    return others[0]


def _two_level(part: Fractional, factors: Mapping[str, list[Level]], base: Levels) -> dict[str, tuple[Level, Level]]:
    names = _named(part.factors, factors)
    for name in names:
        if len(factors[name]) != 2:
            raise UserError(
                f"design: fractional takes factors of two levels, {name} has {len(factors[name])}; "
                "name the others with `factors: […]`"
            )
    return {name: (base[name], next(level for level in factors[name] if level != base[name])) for name in names}


def _signed(made: Fraction, two: Mapping[str, tuple[Level, Level]], base: Levels) -> Iterator[Levels]:
    for row in made.signs:
        yield {**base, **{name: two[name][int(sign > 0)] for name, sign in zip(two, row, strict=True)}}


def _named(names: list[str] | None, factors: Mapping[str, list[Level]]) -> list[str]:
    for name in names or []:
        _known("design, `factors`", name, factors)
    return [name for name in factors if names is None or name in names]


def _known(where: str, factor: str, factors: Mapping[str, list[Level]]) -> None:
    if factor not in factors:
        raise UserError(f"{where}: {unknown('factor', factor, factors)}")
