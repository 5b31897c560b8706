"""Settings that have the name of a metric: bits called `precision`, a weight called `dice`, a power called `return`.

What was measured differs from seed to seed; what was set comes back with the same seeds. So it is with truth values:
`dice` may be switched on and off, and whether a run was a success came out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from ablate.errors import UserError
from ablate.lang import msg
from ablate.sources.cells import finite_number
from ablate.sources.contract import RunTable
from ablate.sweep.found import names
from ablate.sweep.found.asked import Asked
from ablate.sweep.level_cells import BLANK

AS_SET = msg("with the name of a metric, but set: values come back with the same seeds; --metric says otherwise")
TRUTHS = msg("true and false of results are read as 1 and 0")

_TRUTH = {"true": "1", "false": "0"}
_NOTHING = {cell.lower() for cell in BLANK}
_NEVER_SET = frozenset({"success", "exact_match", "acc", "accuracy"})  # as a truth value
_FEW = 0.1  # of the rows: so many may be runs that were made again
_CROSSED = 0.7  # of all seeds, with which most values of what was set come
_BITS = frozenset({4.0, 8.0, 16.0, 32.0, 64.0})


def crossed(cells: Sequence[str], seeds: Sequence[str], *, share: float = _CROSSED) -> bool:
    """Tell whether most values of a column come with the same seeds, as what is set does and no result.

    Parameters
    ----------
    share
        Of the values, that have to.

    >>> crossed(["1", "1", "2", "2"], ["0", "1", "0", "1"]), crossed(["1", "3", "2", "4"], ["0", "1", "0", "1"])
    (True, False)
    """
    by_cell: dict[str, set[str]] = {}
    for cell, seed in zip(cells, seeds, strict=True):
        by_cell.setdefault(cell, set()).add(seed)
    every = len(set(seeds))
    return sum(len(group) > 1 and len(group) >= _CROSSED * every for group in by_cell.values()) >= share * len(by_cell)


def set_all_the_same(
    table: RunTable, metrics: Collection[int], declared: Collection[int], *, seed: int | None, progress: int | None
) -> list[int]:
    """Return places of columns with the name of a metric that nobody declared one, and that were set.

    Where all columns of results look so none is: runs whose seed does nothing repeat their results. Zeros and ones are
    results: whether a run succeeded.

    Parameters
    ----------
    metrics
        Places of the columns that have the name of a metric.
    declared
        Those among them that the user or the source calls a metric.
    seed, progress
        The columns of seeds and of steps, where there are any.
    """
    places = []
    for place in metrics:
        name = table.head[place]
        if place in declared or name in table.better or names.is_result(name):
            continue
        filled = [line for line in table.lines if line.cells[place] not in BLANK]
        values = {finite_number(line.cells[place].removesuffix("%").strip(), comma=True) for line in filled}
        across = [seed] if progress is None else [seed, progress]  # what was set holds at every step, too
        if _bits(name, values) or (
            len(values) > 1 and values - {0.0, 1.0} and seed is not None
            and all(crossed([line.cells[place] for line in filled], [line.cells[at] for line in filled], share=1.0)
                    for at in across if at is not None)
            and alike([line.cells[place] for line in filled], [line.cells[seed] for line in filled]) >= _least(values)
        ):  # fmt: skip
            places.append(place)
    if len(places) < len(metrics):
        return places
    return [
        place
        for place in places
        if _bits(table.head[place], {finite_number(line.cells[place]) for line in table.lines})
    ]


def came_out(table: RunTable, factors: Collection[int], doubtful: Sequence[int], by: Sequence[int]) -> list[int]:
    """Return the places of numbers that need no arms of their own, among those that their values alone make factors.

    A few small numbers that came out (the best epoch) come with most seeds as well. But without a setting two runs of
    one arm and seed are left that differ in it; what came out is one number for each of them.

    Parameters
    ----------
    factors
        Places of all that may be factors, those in doubt among them.
    doubtful
        Places of plain numbers that nobody named.
    by
        The columns of seeds and of steps.
    """
    seeds = [line.cells[by[0]] for line in table.lines]
    left = sorted(doubtful, key=lambda place: -alike([line.cells[place] for line in table.lines], seeds))
    kept = [place for place in factors if place not in doubtful]
    while left and _told_apart(table, [*kept, *by], left[0]) >= _FEW:
        kept.append(left.pop(0))
    return [place for place in left if _told_apart(table, kept, place) > 0.0]


def _told_apart(table: RunTable, by: Sequence[int], place: int) -> float:
    """Return the share of the rows that agree with others in some columns, and not in one more."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for line in table.lines:
        groups.setdefault(tuple(line.cells[at] for at in by), []).append(line.cells[place])
    return sum(len(group) for group in groups.values() if len({*group}) > 1) / len(table.lines)


def alike(cells: Sequence[str], seeds: Sequence[str]) -> float:
    """Return the share of the seeds that have each value of a column as often as most others, as in a grid of settings.

    >>> alike(["1", "1", "2", "2"], ["0", "1", "0", "1"]), alike(["1", "1", "1", "2"], ["0", "1", "0", "1"])
    (1.0, 0.5)
    """
    by_seed: dict[str, Counter[str]] = {}
    for cell, seed in zip(cells, seeds, strict=True):
        by_seed.setdefault(seed, Counter())[cell] += 1
    count = Counter(tuple(sorted(counts.items())) for counts in by_seed.values())
    return max(count.values()) / len(by_seed)


def _least(values: Collection[float | None]) -> float:
    """Return how alike seeds have to be: of shares, which are coarse where there are few examples, every one."""
    return 1.0 if all(value is not None and 0.0 <= value <= 1.0 for value in values) else _CROSSED


def _bits(name: str, values: Collection[float | None]) -> bool:
    """Tell whether a precision is that of numbers."""
    return names.word_of(name) == "precision" and set(values) <= _BITS


def truths_read(table: RunTable, asked: Asked) -> RunTable:
    """Return a table in which the truth values of results are ones and zeros.

    Raises
    ------
    UserError
        It cannot be told whether a column of truth values with the name of a metric was set or came out.
    """
    named = {names.bare_name(name) for name in (*asked.factors, *asked.leave_out)}
    read = set[int]()
    for place, name in enumerate(table.head):
        values = {line.cells[place].lower() for line in table.lines} - _NOTHING
        if not values or not values <= {*_TRUTH} or names.bare_name(name) in named:
            continue
        is_result = name in asked.metrics or names.bare_name(name) in asked.metrics
        if not is_result and names.meaning_word(name) and not names.is_setting(name) and len(values) > 1:
            is_result = names.meaning_word(name) in _NEVER_SET or names.is_result(name)
            if not is_result and not _balanced(table, place, asked):
                raise UserError(
                    f"{table.where}: {name!r} holds true and false: say whether it came out, --metric "
                    f"{name}:higher|lower, or was set, --factor {name}, or ignore it with --leave-out {name}"
                )
        if is_result:
            read.add(place)
    if not read:
        return table
    lines = [
        replace(line, cells=tuple(
            _TRUTH.get(cell.lower(), cell) if place in read else cell for place, cell in enumerate(line.cells)))
        for line in table.lines
    ]  # fmt: skip
    return replace(table, lines=tuple(lines), repairs=(*table.repairs, TRUTHS))


def _balanced(table: RunTable, place: int, asked: Asked) -> bool:
    """Tell whether every seed has each value of a column as often, as in a grid of what was set."""
    seeds = [
        name for name in table.head if name == asked.seed or (not asked.seed and names.word_of(name) in names.SEEDS)
    ]
    if not seeds:
        return False
    return alike([line.cells[place].lower() for line in table.lines], table.column(seeds[0])) == 1.0
