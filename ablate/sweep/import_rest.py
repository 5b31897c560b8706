"""The columns of an imported file that the study says nothing about: results beside, settings, labels.

A column that is the same in all runs of an arm and differs between arms is a setting that follows a factor: what a
claim compares may be its doing. Such columns are kept with the arms (`facts["settings"]`), so that claims which compare
arms that differ in one are held back (see `judge.confounded`). Only what varies within arms can be a result, and only
numbers can. What is set by its name (`config.lr`, `params.lr`) is a setting though it varies within arms: it must have
the same values in all arms, each as often. What a program writes about runs (their group, their tags) is told where
it differs between arms; a commit or a version of code is a setting.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, compress, pairwise

from ablate.lang import msg
from ablate.sources.cells import finite_number, whole
from ablate.sources.contract import RunTable
from ablate.sweep.import_columns import EXTRA, LEFT, RESULTS, SETTINGS, Taken
from ablate.sweep.level_cells import BLANK
from ablate.track.columns import METRIC
from ablate.train.metric import KNOWN

_MOST_TOLD = 60
MOSTLY = 0.75  # of an arm's runs that have the value that was set
FAR = Fraction(1, 4)  # shares of one text in two arms that differ by more than chance makes them
_ENDLESS = ("inf", "infinity")  # a number that is none: still no text
_CODE = re.compile(r"commit|version|revision|(?:^|[._/])(?:git|sha|branch)(?:[._/]|$)")  # what says which code ran
_APART = msg("shown, not judged. No arm has a value of another: if it was set, it may be what makes the difference")
DIFFERS = msg("a setting: it differs between arms")


@dataclass(frozen=True)
class Rest:
    """What became of the other columns.

    Attributes
    ----------
    extras
        Name of a metric that no claim is about -> its place.
    settings
        Column -> arm -> cell -> in how many of the arm's runs; only columns that differ between arms.
    follows
        Columns about the runs, no settings by their names, that differ between arms.
    """

    extras: dict[str, int]
    settings: dict[str, dict[Hashable, dict[str, int]]]
    told: tuple[Taken, ...]
    follows: tuple[str, ...] = ()


def rest_of(
    table: RunTable,
    places: Sequence[int],
    arms: Sequence[Hashable],
    seeds: Sequence[int],
    failed: Sequence[bool],
    *,
    used: Sequence[str],
    comma: bool,
    results: bool = False,
    about: Collection[int] = (),
) -> Rest:
    """Tell results from settings among columns.

    Parameters
    ----------
    places
        Places of the columns in the head.
    arms, seeds, failed
        Of every line: its arm, its seed, whether it ended without a result.
    used
        Names of metrics that are taken.
    results
        Every column is a result: none can be a setting.
    about
        Places of columns that say something about the runs, by their names.
    """
    extras: dict[str, int] = {}
    settings: dict[str, dict[Hashable, dict[str, int]]] = {}
    told, follows = [], []
    for place in places:
        name = table.head[place]
        cells = ["" if (cell := line.cells[place]) in BLANK else cell for line in table.lines]
        values = [finite_number(cell, comma=comma) for cell in cells]
        numeric = all(
            value is not None or not cell or cell.lower().lstrip("+-") in _ENDLESS
            for value, cell in zip(values, cells, strict=True)
        )
        bare = (name.removeprefix(prefix) for prefix in RESULTS if name.startswith(prefix))
        # A text is not a result, whatever its name: `loss` may be which loss was trained by.
        result = next(bare, name.removeprefix(METRIC) if results or name in KNOWN else "") if numeric or results else ""
        setting = name.startswith(SETTINGS)
        # 1 and 1.0 are one value; texts are compared as they are.
        same = [cell if value is None else repr(value) for cell, value in zip(cells, values, strict=True)]
        # A run that died early may not have said what was set: its empty cell does not count as another value.
        said = [bool(cell) or not bad for cell, bad in zip(cells, failed, strict=True)]
        by_arm = _counts(list(compress(arms, said)), list(compress(same, said)))
        if place in about and not _CODE.search(name.lower()):
            if _follows(by_arm) and not numeric:
                follows.append(name)
                told.append(Taken(name, LEFT, msg("about the run; it differs between arms")))
            else:
                told.append(Taken(name, LEFT, msg("about the run, not its settings or results")))
        elif len(set(same)) == 1:
            told.append(Taken(name, LEFT, msg("the same in all rows: {value}"), cells[0][:_MOST_TOLD] or "–"))
        elif len(set(compress(same, said))) == 1:
            told.append(Taken(name, LEFT, msg("the same in all runs that count")))
        elif not result and _is_setting(by_arm, same, text=not numeric, declared=setting):
            written = dict(zip(same, cells, strict=True))
            settings[name] = {
                arm: {written[value] or "(empty)": count for value, count in sorted(tally.items())}
                for arm, tally in by_arm.items()
            }
            told.append(Taken(name, LEFT, DIFFERS))
        elif _numbers_rows(cells) or (not numeric and len(set(same)) == len(same)):
            told.append(Taken(name, LEFT, msg("another value in every row: a name or number of the run")))
        elif not numeric and len({*zip(seeds, same, strict=True)}) == len({*seeds}):
            told.append(Taken(name, LEFT, msg("the same in all arms of a seed")))
        elif not numeric or setting:
            told.append(Taken(name, LEFT, msg("a setting that varies within arms") if numeric else msg("text")))
        elif any(value is None and not bad for value, bad in zip(values, failed, strict=True)):
            told.append(Taken(name, LEFT, msg("no number in some runs")))
        elif (result or name) in (*used, *extras):
            told.append(Taken(name, LEFT, msg("the name {value} is taken"), result or name))
        else:
            extras[result or name] = place
            counted = not result and all(value is None or value == int(value) for value in values)
            told.append(Taken(name, EXTRA, _APART if counted and _disjoint(arms, values) else msg("shown, not judged")))
    return Rest(extras, settings, tuple(told), tuple(follows))


def _counts(arms: Sequence[Hashable], same: Sequence[str]) -> dict[Hashable, Counter[str]]:
    """Return arm -> value -> number of runs."""
    counts: dict[Hashable, Counter[str]] = {}
    for (arm, value), count in Counter(zip(arms, same, strict=True)).items():
        counts.setdefault(arm, Counter())[value] = count
    return counts


def shares(values: Mapping[str, int]) -> dict[str, Fraction]:
    """Return value -> its share of an arm's runs.

    >>> shares({"sgd": 6, "adam": 2})["adam"]
    Fraction(1, 4)
    """
    return {value: Fraction(count, sum(values.values())) for value, count in values.items() if count}


def texts_differ(left: Mapping[str, int], right: Mapping[str, int]) -> bool:
    """Tell whether two arms had other texts: one that only the one had, or shares that are far apart.

    >>> texts_differ({"sgd": 8}, {"sgd": 7, "adam": 1}), texts_differ({"a": 4, "b": 4}, {"a": 5, "b": 3})
    (True, False)
    """
    one, other = shares(left), shares(right)
    return one.keys() != other.keys() or any(abs(one[value] - other[value]) > FAR for value in one)


def is_number_cell(cell: str) -> bool:
    """Tell whether a cell of a setting is a number."""
    return finite_number(cell, comma=False) is not None


def _is_setting(by_arm: Mapping[Hashable, Counter[str]], same: Sequence[str], *, text: bool, declared: bool) -> bool:
    """Whether a column may be what was set and not what came out, and is not the same in all arms.

    A text was not measured, be it another one in a single run. A number that comes out differs from seed to seed; one
    that was set is the same in most of an arm's runs.
    """
    if text:
        apart = any(texts_differ(one, other) for one, other in combinations(by_arm.values(), 2))
        return apart and len(set(same)) < len(same)
    if declared:
        return len({frozenset(shares(values).items()) for values in by_arm.values()}) > 1
    few = all(
        _most(values) >= MOSTLY * values.total() or len(values) <= values.total() // 4 for values in by_arm.values()
    )
    return few and (len({frozenset(values) for values in by_arm.values()}) > 1 or _follows(by_arm))


def _follows(by_arm: Mapping[Hashable, Counter[str]]) -> bool:
    """Whether most runs of every arm have one value, which is another one in another arm."""
    return len({max(values, key=lambda value: values[value]) for values in by_arm.values()}) > 1 and all(
        _most(values) >= MOSTLY * values.total() and values.total() > 1 for values in by_arm.values()
    )


def _most(values: Counter[str]) -> int:
    return max(values.values())


def _disjoint(arms: Sequence[Hashable], values: Sequence[float | None]) -> bool:
    """Whether in some arm all numbers are larger than all of another one."""
    ends: dict[Hashable, tuple[float, float]] = {}
    for arm, value in zip(arms, values, strict=True):
        if value is not None:
            low, high = ends.get(arm, (value, value))
            ends[arm] = min(low, value), max(high, value)
    return any(one[1] < other[0] or other[1] < one[0] for one, other in combinations(ends.values(), 2))


def _numbers_rows(cells: Sequence[str]) -> bool:
    """Whether whole numbers count the rows, in any order."""
    numbers = sorted(value for cell in cells if (value := whole(cell)) is not None)
    return len(numbers) == len(cells) and all(b - a == 1 for a, b in pairwise(numbers))
