"""What the levels of a table of runs are compared with: as the user says, or the level of most runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablate.claims.parts import Level
from ablate.errors import UserError, unknown
from ablate.lang import msg
from ablate.levels import level_name, level_names
from ablate.sources.cells import finite_number
from ablate.sweep.found.asked import several_meant
from ablate.sweep.found.names import meant
from ablate.sweep.found.rows import Run, level_cell_key

ABSENT = (False, "none", "None", "off", "no", "false", "baseline", "vanilla", "control", "default", 0, 0.0, "0", None)
"""Levels that are the baseline where no level is by far the most frequent one, the first of these before others."""

NEAR = 0.8  # of the runs of the most frequent level: one seed more in an arm turns no sign
_WHY = {
    (True, True): msg("as many runs as others, and the level that means without"),
    (True, False): msg("about as many runs as others, and the level that means without"),
    (False, True): msg("as many runs as others, and the first in the file"),
    (False, False): msg("about as many runs as others, and the first in the file"),
}


@dataclass(frozen=True)
class Baseline:
    """The baseline: factor -> level, and factor -> why it is this one (a message)."""

    levels: dict[str, Level]
    why: dict[str, str]


def by_factor(said: Mapping[str, str], factors: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return factor -> text for what `--baseline NAME=TEXT` says, whose names may be short (`names.meant`).

    Parameters
    ----------
    columns
        Factor -> another name that it has in full: that of its column.

    Raises
    ------
    UserError
        A name is none of a factor, or of several; a factor is named twice.
    """
    texts: dict[str, str] = {}
    for name, text in said.items():
        matches = [factor for factor in factors if columns.get(factor) == name] or meant(name, factors)
        if not matches:
            last = {factor: factor.rpartition(".")[2] for factor in factors}
            raise unknown("--baseline", name, [s if meant(s, factors) == [f] else f for f, s in last.items()])
        if len(matches) > 1:
            raise several_meant(f"--baseline {name}", matches)
        if matches[0] in texts:
            raise UserError(f"--baseline {name}: {matches[0]} is named twice; give one level")
        texts[matches[0]] = text
    return texts


def baseline_of(runs: Sequence[Run], factors: Sequence[str], said: Mapping[str, str]) -> Baseline:
    """Return the baseline: what the user says (`by_factor`), else the level of most runs.

    Of levels with about as many runs (`NEAR`) it is one that means "without", else the first in the file. A baseline
    that was not run is moved to the nearest arm that was.

    Raises
    ------
    UserError
        An unknown level is said, or no run has all levels that are.
    """
    levels: dict[str, Level] = {}
    why: dict[str, str] = {}
    for name in factors:
        run_levels = [run.levels[name] for run in runs]
        if name in said:
            levels[name], why[name] = level_meant(f"--baseline {name}", said[name], run_levels), msg("as asked")
            continue
        count = Counter(level_cell_key({name: level}) for level in run_levels)
        most = max(count.values())
        close = [level for level in dict.fromkeys(run_levels) if count[level_cell_key({name: level})] >= NEAR * most]
        absent = [level for level in ABSENT if any(level is one or (level == one and type(level) is type(one))
                                                   for one in close)]  # fmt: skip
        levels[name] = (absent or close)[0]
        equal = all(count[level_cell_key({name: level})] == most for level in close)
        why[name] = msg("the level of most runs") if len(close) == 1 else _WHY[bool(absent), equal]
    arms = {level_cell_key(run.levels): run.levels for run in runs}
    if level_cell_key(levels) in arms:
        return Baseline(levels, why)
    near = [arm for arm in arms.values() if all(arm[name] == levels[name] for name in said)]
    if not near:
        raise UserError(
            f"--baseline {', '.join(f'{name}={text}' for name, text in said.items())}: no run has all of it"
        )
    best = max(near, key=lambda arm: sum(arm[name] == levels[name] for name in factors))
    moved = {name: msg("nearest arm that was run") for name in factors if best[name] != levels[name]}
    return Baseline(dict(best), why | moved)


def level_meant(option: str, text: str, levels: Sequence[Level]) -> Level:
    """Return the level that a text means among those of a factor.

    >>> level_meant("--baseline lr", "1e-2", [0.1, 0.01]), level_meant("--baseline drop", "0.0", [0, 0.5])
    (0.01, 0)

    Raises
    ------
    UserError
        It is none of them.
    """
    texts = level_names(list(dict.fromkeys(levels)))
    meant = [level for level, shown in texts.items() if text in (shown, str(level), level_name(level))]
    value = None if meant else finite_number(text)
    if value is not None:  # `0.0` is the level 0, and `1e-2` is 0.01
        meant = [level for level in texts if isinstance(level, int | float) and not isinstance(level, bool)
                 and level == value]  # fmt: skip
    if not meant:
        raise unknown(option, text, texts.values())
    return meant[0]
