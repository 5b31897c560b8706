"""Tables with several rows for one run: a row per result (`metric`, `value`), a row per part of the data (`split`)."""

from __future__ import annotations

from dataclasses import replace

from ablate.errors import UserError
from ablate.lang import msg
from ablate.sources.contract import Done, Line, RunTable
from ablate.sweep.found import names
from ablate.sweep.found.asked import Asked
from ablate.sweep.level_cells import BLANK

BY_RESULT = msg("a row per result is read as a row per run")
OTHER_PARTS = msg("rows of other data are ignored")

NAMES = frozenset({"metric", "metrics", "metric_name", "measure", "variable"})
"""Names of a column that says which result a row is about."""

_VALUES = frozenset({"value", "values", "metric_value", "score", "result"})
_SPLITS = frozenset({"split", "part", "partition", "phase", "subset", "stage", "mode", "data_split", "eval_split"})
_PARTS = ("test testing holdout", "val valid validation eval evaluation dev", "train training")


def row_per_run(table: RunTable, asked: Asked) -> tuple[RunTable, list[Done]]:
    """Return a table in which neither results nor parts of the data have rows of their own, and what was passed over.

    Of several parts test data count before validation before training, as of metrics that are named for them. Columns
    that the user names stay as they are.

    Raises
    ------
    UserError
        A result of a run is there twice, or has the name of a column; the column of all of them is to be judged.
    """
    named = {names.bare_name(name) for name in (*asked.factors, *asked.leave_out, *asked.where)}
    table = _by_result(table, asked, named)
    for place, name in enumerate(table.head):
        if names.word_of(name) not in _SPLITS or names.is_setting(name) or names.bare_name(name) in named:
            continue
        ranks = {cell: _rank(cell) for cell in {line.cells[place] for line in table.lines}}
        if len({*ranks.values()}) < 2 or None in ranks.values():
            continue
        best = min(rank for rank in ranks.values() if rank is not None)
        kept = tuple(line for line in table.lines if ranks[line.cells[place]] == best)
        others = sorted(cell for cell, rank in ranks.items() if rank != best)
        told = Done(OTHER_PARTS, len(table.lines) - len(kept), f"{name}={', '.join(others)}")
        return replace(table, lines=kept), [told]
    return table, []


def _rank(cell: str) -> int | None:
    return next((rank for rank, words in enumerate(_PARTS) if cell.strip().lower() in words.split()), None)


def _by_result(table: RunTable, asked: Asked, named: set[str]) -> RunTable:
    """Return a table with a column per result, where it has a row per result."""
    at = [place for place, name in enumerate(table.head) if name.lower() in NAMES]
    values = [place for place, name in enumerate(table.head) if name.lower() in _VALUES]
    if len(at) != 1 or len(values) != 1 or table.curves or named & {table.head[at[0]], table.head[values[0]]}:
        return table
    (column,), (value,) = at, values
    results = list(dict.fromkeys(line.cells[column] for line in table.lines))
    if len(results) < 2 or any(one in BLANK for one in results):
        return table
    if not any(names.meaning_word(one) or one in asked.metrics for one in results):
        return table
    if {table.head[value], names.bare_name(table.head[value])} & {*asked.metrics}:
        raise UserError(
            f"{table.where}: {table.head[value]!r} holds {', '.join(results[:4])}: name one of these, as in --metric "
            f"{results[0]}; or say --factor {table.head[column]} where that was set"
        )
    if twice := {*results} & ({*table.head} - {table.head[column]}):
        raise UserError(
            f"{table.where}: {table.head[column]!r} names the result {min(twice)!r}, which is a column as well"
        )
    rest = [place for place in range(len(table.head)) if place not in (column, value)]
    runs: dict[tuple[str, ...], tuple[Line, dict[str, str]]] = {}
    for line in table.lines:
        _, by_result = runs.setdefault(tuple(line.cells[place] for place in rest), (line, {}))
        if line.cells[column] in by_result:
            raise UserError(
                f"{table.at(line)}: {line.cells[column]!r} of a run that has it already; expected a row per run and "
                "result: what tells two runs apart belongs in a column, as a time or the name of a run"
            )
        by_result[line.cells[column]] = line.cells[value]
    lines = tuple(
        replace(line, cells=(*key, *(by_result.get(one, "") for one in results)))
        for key, (line, by_result) in runs.items()
    )
    head = (*(table.head[place] for place in rest), *results)
    return replace(table, head=head, lines=lines, repairs=(*table.repairs, BY_RESULT))
