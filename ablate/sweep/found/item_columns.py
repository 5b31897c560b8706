"""Which columns of a table of answers are its items, its scores and its seeds, and what tells two answers apart.

A column whose name says that it was set (`params.correct`) is what an evaluation was made with, or what the data set
says of an item. It is asked only where no other column has such a name: a result is never read from a setting.
"""

from __future__ import annotations

from collections.abc import Sequence

from ablate.errors import UserError
from ablate.sources.contract import RunTable
from ablate.sweep.found import names
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.cells import EMPTY
from ablate.sweep.found.roles import find_column

ITEMS = (
    "item", "item_id", "doc_id", "sample_id", "question_id", "example_id", "problem_id", "instance_id", "prompt_id",
    "query_id",
)  # fmt: skip
"""Names of the column that says which item a row is about; any other is said with `--item`."""

CORRECT = ("correct", "is_correct", "correctness", "accuracy", "acc", "exact_match", "em", "pass", "passed")
"""Names of the column that says whether it was right, the first of these before others."""


def item_place(table: RunTable, asked: Asked) -> int | None:
    """Return the column that says which item a row is about; None where the table has no row per item.

    Raises
    ------
    UserError
        Several columns may be it, or the one that was asked for is not there.
    """
    if asked.item is not None:
        return find_column(table, asked.item, "--item")
    out = {find_column(table, name, "--leave-out") for name in asked.leave_out}
    places = _rather_no_setting(table, [
        place for place, name in enumerate(table.head)
        if names.word_of(name) in ITEMS and place not in out and 2 <= len(set(table.column(name))) < len(table.lines)
    ])  # fmt: skip
    if len(places) > 1:
        listed = ", ".join(table.head[place] for place in places)
        raise UserError(
            f"{table.where}: several columns may say which item a row is about: {listed}; say it with --item"
        )
    return places[0] if places else None


def score_place(table: RunTable, item: int) -> int | None:
    """Return the column that says whether an item was right, by its name; None where there is none."""
    named = [at for at, name in enumerate(table.head) if at != item and names.word_of(name) in CORRECT]
    ranked = sorted(_rather_no_setting(table, named), key=lambda at: CORRECT.index(names.word_of(table.head[at])))
    return ranked[0] if ranked else None


def seed_place(table: RunTable, asked: Asked, item: int) -> int | None:
    """Return the column of the seeds; None where runs have none. A number that belongs to the item is not a seed.

    Raises
    ------
    UserError
        Several columns may be it, or the one that was asked for is not there.
    """
    if asked.seed is not None:
        return find_column(table, asked.seed, "--seed")
    items = [line.cells[item] for line in table.lines]
    places = []
    for at, name in enumerate(table.head):
        cells = [line.cells[at] for line in table.lines]
        if names.word_of(name) in names.SEEDS and len(set(cells)) > 1:
            of_item = len({*zip(items, cells, strict=True)}) == len(set(items)) < len(items)
            places += [] if of_item and names.is_setting(name) else [at]
    places = _rather_no_setting(table, places)
    if len(places) > 1:
        listed = ", ".join(table.head[at] for at in places)
        raise UserError(f"{table.where}: several columns may be the seed: {listed}; say which with --seed NAME")
    return places[0] if places else None


def settings_apart(table: RunTable, first: int, second: int, left_out: Sequence[str]) -> list[str]:
    """Return the columns in which two answers of one run to one item say that they were made in two ways.

    Parameters
    ----------
    first, second
        Places of the two answers among the lines of the table.
    left_out
        Columns that the reader was told to leave out: what these say does not count.
    """
    one, other = table.lines[first].cells, table.lines[second].cells
    return [
        name for at, name in enumerate(table.head)
        if (names.is_setting(name) or name == "filter") and name not in left_out
        and one[at] != other[at] and not (one[at] in EMPTY and other[at] in EMPTY)
    ]  # fmt: skip


def _rather_no_setting(table: RunTable, places: list[int]) -> list[int]:
    return [at for at in places if not names.is_setting(table.head[at])] or places
