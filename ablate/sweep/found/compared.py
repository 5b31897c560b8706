"""Which contrasts a table of runs holds: every level against the baseline, at matched values of the other factors."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.claims.parts import Level
from ablate.errors import UserError
from ablate.lang import msg
from ablate.levels import factor_names
from ablate.sources.contract import Done, RunTable
from ablate.sweep.found.baseline import Baseline
from ablate.sweep.found.roles import Roles
from ablate.sweep.found.rows import Key, Run, level_cell_key
from ablate.train.metric import Metric

MOST_CLAIMS = 200
ENOUGH = 6  # pairs from which on a difference can be decided


def factors_that_vary(
    runs: Sequence[Run], factors: Sequence[str], named: Collection[str], kept_anyhow: Collection[str] = ()
) -> tuple[list[str], dict[str, str]]:
    """Return the factors of which some runs differ in that factor alone; and the others, with those that they follow.

    A column that is determined by the others makes no contrast of its own: what differs together with it cannot be
    told from it. Of two that follow each other the one the user names stays, else the first. Those that are kept anyhow
    stay: what is compared differs in all of them together.

    Raises
    ------
    UserError
        No two runs differ in a factor alone that the user names, because others that are named determine it.
    """
    kept = [name for name in factors if len({level_cell_key({name: run.levels[name]}) for run in runs}) > 1]
    follows: dict[str, str] = {}
    while True:
        arms = {level_cell_key({name: run.levels[name] for name in kept}) for run in runs}
        stuck = [
            i for i, _ in enumerate(kept)
            if len({arm[:i] + arm[i + 1 :] for arm in arms}) == len(arms)
        ]  # fmt: skip
        stuck = [i for i in stuck if kept[i] not in kept_anyhow]
        first = [] if kept_anyhow else stuck[:1]  # of factors that all follow each other one has to stay
        free = [i for i in stuck if kept[i] not in named] or [i for i in stuck if i not in first]
        if not free or len(kept) == 1:
            return kept, follows
        out = free[-1]
        name = kept.pop(out)
        follows[name] = _followed(name, kept, runs)
        if name in named:
            raise UserError(
                f"--factor {name}: no two runs differ in it alone: {follows[name]} determines it, so these runs "
                "cannot tell the two apart. Name one of them; where both are one choice, leave the other out with "
                "--leave-out"
            )


def _followed(name: str, kept: Sequence[str], runs: Sequence[Run]) -> str:
    """Return the factors that determine a column: one of them where one is enough."""
    for other in kept:
        pairs = {level_cell_key({name: run.levels[name], other: run.levels[other]}) for run in runs}
        if len(pairs) == len({level_cell_key({other: run.levels[other]}) for run in runs}):
            return other
    return ", ".join(kept)


@dataclass(frozen=True)
class Contrast:
    """A level against the baseline's, in some cells of the other factors, with pairs or without."""

    factor: str
    level: Level
    against: Level
    where: dict[str, Level]
    paired: bool
    pairs: int


def seeds_of(runs: Iterable[Run]) -> dict[Key, set[int]]:
    """Return the seeds of every arm whose runs have a result."""
    seeds: dict[Key, set[int]] = {}
    for run in runs:
        if run.has_result and run.seed is not None:
            seeds.setdefault(level_cell_key(run.levels), set()).add(run.seed)
    return seeds


def contrasts(
    seeds: Mapping[Key, set[int]], factors: Mapping[str, Sequence[Level]], base: Mapping[str, Level], *, unpaired: bool
) -> list[Contrast]:
    """Return every level against the baseline's, averaged over the cells of the others where seeds have all.

    Where the cells share too few seeds every cell is a contrast of its own. Where arm and baseline share none, or
    `unpaired`, they are compared without pairs.

    Parameters
    ----------
    seeds
        The levels of every arm, in the order of `factors` -> its seeds.
    base
        The baseline's level of every factor.
    """
    comparisons = []
    for at, (name, levels) in enumerate(factors.items()):
        others = [factor for factor in factors if factor != name]
        cells = _cells(seeds, factors, at)
        for level in levels:
            key, against = level_cell_key({name: level}), level_cell_key({name: base[name]})
            if key == against:
                continue
            sides = []
            for cell, shown in cells.items():
                one, other = (seeds.get((*cell[:at], *side, *cell[at:])) for side in (key, against))
                if one and other:
                    sides.append((dict(zip(others, shown, strict=True)), one, other))
            comparisons += _contrasts(name, level, base[name], sides, unpaired=unpaired)
    return comparisons


def _cells(
    seeds: Mapping[Key, set[int]], factors: Mapping[str, Sequence[Level]], at: int
) -> dict[Key, tuple[Level, ...]]:
    """Return what arms have beside one factor, in the order of the levels: a design may lack most combinations."""
    places = [
        {level_cell_key({"": level})[0]: place for place, level in enumerate(levels)}
        for i, levels in enumerate(factors.values()) if i != at
    ]  # fmt: skip
    other_levels = [levels for i, levels in enumerate(factors.values()) if i != at]
    place_of = {
        cell: tuple(place[part] for place, part in zip(places, cell, strict=True))
        for cell in {(*key[:at], *key[at + 1 :]) for key in seeds}
    }
    return {
        cell: tuple(levels[place] for levels, place in zip(other_levels, place_of[cell], strict=True))
        for cell in sorted(place_of, key=lambda cell: place_of[cell])
    }


def too_many(comparisons: Sequence[Contrast]) -> str:
    """Say that so many comparisons could not be decided; empty where they can."""
    if len(comparisons) <= MOST_CLAIMS:
        return ""
    return f"{len(comparisons)} comparisons with the baseline are more than {MOST_CLAIMS}: none could be decided"


def _contrasts(
    name: str, level: Level, against: Level, sides: Sequence[tuple[dict[str, Level], set[int], set[int]]],
    *, unpaired: bool,
) -> list[Contrast]:  # fmt: skip
    if not sides:
        return []
    shared = [one & other for _, one, other in sides]
    every = set.intersection(*shared)
    if unpaired or not any(shared):
        fewest = min(min(len(one), len(other)) for _, one, other in sides)
        if fewest > 1 or len(sides) == 1:
            return [Contrast(name, level, against, {}, False, fewest)]
        return [Contrast(name, level, against, cell, False, min(len(one), len(other))) for cell, one, other in sides]
    if len(sides) == 1 or len(every) >= min(ENOUGH, max(map(len, shared))):
        return [Contrast(name, level, against, {}, True, len(every))]
    return [
        Contrast(name, level, against, cell, bool(both), len(both) or min(len(one), len(other)))
        for (cell, one, other), both in zip(sides, shared, strict=True)
    ]


def plain_id(text: str) -> str:
    """Return a text as a claim may be called.

    >>> plain_id("lr=1e-3 at norm=batch")
    'lr-1e-3-at-norm-batch'
    """
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "difference"


def claim_of(
    contrast: Contrast, metric: str, names: Any, taken: set[str], delta: float | None, *,
    called: Callable[[str], str] = str,
) -> dict[str, Any]:  # fmt: skip
    """Return a contrast as a claim of a study file, with an id that no other has.

    `called`: from a factor's key to its name for a reader.
    """
    arm, against = (
        f"{called(contrast.factor)}={names[contrast.factor][level]}" for level in (contrast.level, contrast.against)
    )
    where = ", ".join(f"{called(name)}={names[name][level]}" for name, level in contrast.where.items())
    stem = plain_id(arm + (f" at {where}" if where else ""))
    ids = itertools.chain([stem], (f"{stem}-{i}" for i in itertools.count(2)))
    claim_id = next(one for one in ids if one not in taken)
    taken.add(claim_id)
    claim: dict[str, Any] = {
        "id": claim_id,
        "kind": "difference" if contrast.paired else "difference_unpaired",
        "says": f"How {arm} compares with {against}" + (f" at {where}" if where else ""),
        "metric": metric,
        "arm": {contrast.factor: contrast.level},
        "against": {contrast.factor: contrast.against},
    }
    if contrast.where:
        claim["where"] = {name: [level] for name, level in contrast.where.items()}
    return claim | ({"by_at_least": delta} if delta is not None else {})


def alone_in_cells(claims: Sequence[Mapping[str, Any]]) -> list[Done]:
    """Return that levels are compared in every cell of the others, not over all: a lost run may be what makes it so."""
    alone = [claim for claim in claims if claim.get("where")]
    why = msg("comparisons in one cell each: the cells share too few seeds for a mean over them")
    return [Done(why, len(alone))] if alone else []


def no_arms(table: RunTable, roles: Roles) -> UserError:
    """Build the error for a table of which no column tells arms apart; with those that may, where there are some."""
    taken = {roles.seed, *(place for place, _ in roles.metrics.values())}
    may = []
    for place, name in enumerate(table.head):
        count = Counter(line.cells[place] for line in table.lines)
        if name and place not in taken and 1 < len(count) <= len(table.lines) // 3:
            may.append(f"{name} ({', '.join(list(count)[:4])}{', …' if len(count) > 4 else ''})")
    hint = f"; perhaps {' or '.join(may[:3])}" if may else _in_names(table)
    return UserError(
        f"{table.where}: no column tells arms apart: expected a setting that differs between runs and comes back, "
        f"such as lr or norm; say which with --factor NAME{hint}"
    )


def _in_names(table: RunTable) -> str:
    """Say what to do where settings stand in nothing but the names of runs: `bn_lr0.1_s3` is not taken apart."""
    places = [place for place, name in enumerate(table.head) if name.lower() in ("run", "name", "folder", "run_name")]
    called = [line.cells[place] for line in table.lines[:1] for place in places]
    if not any(re.search(r"[^\W\d].*\d", name) for name in called):
        return ""
    return (
        f"; settings in the names of runs ({called[0]}) are not taken apart: name folders lr=0.1,seed=3, log settings "
        "as hyperparameters, or give a table with a column for each"
    )


def every_level(
    where: str, runs: Sequence[Run], levels: Mapping[str, Sequence[Level]], *, base: Baseline,
    claimed: Mapping[str, Metric], delta: float | None, unpaired: bool,
) -> tuple[list[dict[str, Any]], bool]:  # fmt: skip
    """Return every level against the baseline's as claims on each metric, and whether all are of pairs.

    Raises
    ------
    UserError
        No two arms differ in one factor alone.
    """
    comparisons = contrasts(seeds_of(runs), levels, base.levels, unpaired=unpaired)
    if many := too_many(comparisons):
        raise UserError(f"{many}; name the factors that matter with --factor, or the rows with --where")
    if not comparisons:
        name = next(iter(claimed))
        without = sum(name not in run.values for run in runs)
        hint = f"; {without} of {len(runs)} runs have no {name}, --metric names another result" if without else ""
        raise UserError(
            f"{where}: no two arms that finished differ in one factor alone ({', '.join(levels)} vary); say "
            f"which column is compared with --factor, or leave others out with --leave-out{hint}"
        )
    taken: set[str] = set()
    names = factor_names(levels)
    claims = [
        claim_of(one, name, names, taken, None if metric.counts_to_target else delta)
        for name, metric in claimed.items()
        for one in comparisons
        if one.paired or not metric.counts_to_target
    ]
    return claims, all(one.paired for one in comparisons)
