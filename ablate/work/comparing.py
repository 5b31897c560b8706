"""Two sets of runs, a base and a change of it: whether the change is better, or at least not worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.errors import UserError
from ablate.lang import msg
from ablate.sources.choose import source_for
from ablate.sources.contract import Done, Line, RunTable
from ablate.sources.nested import unfolded
from ablate.sweep.found.asked import Asked, Stated
from ablate.sweep.found.names import SEEDS, bare_name, is_result, is_setting, meaning_word, word_of
from ablate.sweep.found.roles import find_column
from ablate.sweep.found.wide import melted
from ablate.sweep.import_endings import ending_columns
from ablate.sweep.level_cells import BLANK
from ablate.work.bench import Bench
from ablate.work.places import check_place
from ablate.work.reporting import write_pages
from ablate.work.tables import TableJudgement, judge_table, name_at

SIDE, NEW, BASE = "runs", "new", "base"
"""The column that says which of the two sets a run is of, and its two levels."""


def sides(margin: float | None, each: Sequence[str] = ()) -> Stated:
    """Return the comparison of the new runs with those of the base, which they may be worse than by a margin."""
    return Stated({SIDE: NEW}, {SIDE: BASE}, tuple(each), margin)


@dataclass(frozen=True)
class Joined:
    """Two tables as one, with a column that says which of the two a run is of.

    Attributes
    ----------
    changed
        What differs between the two as a whole (a commit, a setting that was changed): column -> (base, new). It is the
        change that is judged, so it holds no comparison back.
    alone
        Columns of results that one of the two alone has: nothing is compared by them.
    """

    table: RunTable
    changed: Mapping[str, tuple[str, str]]
    alone: tuple[str, ...] = ()


def compare_sources(
    base: str,
    new: str,
    asked: Asked,
    bench: Bench,
    *,
    source: str | None = None,
    out: Path | None = None,
    report: bool = True,
    command: str = "",
    tongue: str = "en",
) -> TableJudgement:
    """Judge the runs at one address against those at another, and write their report.

    Parameters
    ----------
    asked
        With `stated` (see `sides`): what is asked of the new runs against those of the base.
    report
        Write the report.

    Raises
    ------
    UserError
        See `join` and `work.tables.judge_source`.
    """
    tables = []
    for address in (base, new):
        chosen = source_for(address, source)
        bench.warn(*chosen.notes)
        tables.append(chosen.read(fits=lambda head: len(head) > 1))
    name = f"{name_at(new).removesuffix('-judged')}-compared"
    check_place(name, out, report=report)
    judged = compare_tables(tables[0], tables[1], asked, bench, name=name, command=command)
    if report:
        write_pages(name, judged.judgement, judged.bench, out=out, tongue=tongue)
    return judged


def compare_tables(
    base: RunTable, new: RunTable, asked: Asked, bench: Bench, *, name: str, command: str
) -> TableJudgement:
    """Judge one table of runs against another; see `compare_sources`."""
    joined = join(base, new, asked)
    leave_out = [*asked.leave_out, *(one for one in (*joined.changed, *joined.alone) if one not in asked.leave_out)]
    told = [
        Done(msg("differs between the two: part of the change"), 1, f"{column}: {before} → {after}")
        for column, (before, after) in joined.changed.items()
    ]
    if joined.alone:
        told.append(
            Done(msg("results that one of the two alone has: left out"), len(joined.alone), ", ".join(joined.alone))
        )
    asked = replace(asked, leave_out=tuple(leave_out))
    return judge_table(joined.table, asked, bench, name=name, command=command, told_first=told)


def join(base: RunTable, new: RunTable, asked: Asked) -> Joined:
    """Return two tables as one. Columns are matched by their names, with their prefix or without.

    What is asked for, seeds, results and how runs ended are never part of the change.

    Raises
    ------
    UserError
        A column is called as the one that tells the two apart; the two have no result in common, or not the one that is
        asked for.
    """
    for table in (base, new):
        if SIDE in table.head:
            raise UserError(f"{table.where}: the column {SIDE!r} has the name that tells base and new runs apart")
    base, new = melted(unfolded(base), asked), melted(unfolded(new), asked)
    names = _matched(base.head, new.head)
    ours = [names.get(column, column) for column in base.head]
    head = (SIDE, *dict.fromkeys([*new.head, *ours]))
    lines: list[Line] = []
    for side, table, columns in ((BASE, base, ours), (NEW, new, list(new.head))):
        for line in table.lines:
            cells = dict(zip(columns, line.cells, strict=True))
            texts = (side, *(cells.get(column, "") for column in head[1:]))
            lines.append(Line(len(lines) + 2, texts, table.at(line)))
    where = f"{base.where} ({BASE}) and {new.where} ({NEW})"
    text = f"{base.text}\n{new.text}"
    repairs = tuple(dict.fromkeys([*base.repairs, *new.repairs]))
    curves = {
        lines[start + i].number: {
            names.get(column, column) if old else column: curve for column, curve in by_column.items()
        }
        for start, one, old in ((0, base, True), (len(base.lines), new, False))
        for i, line in enumerate(one.lines)
        if (by_column := one.curves.get(line.number))
    }
    better = {**{names.get(column, column): way for column, way in base.better.items()}, **new.better}
    table = RunTable(
        where, f"{base.name} and {new.name}", text, head, tuple(lines), repairs, base.commas or new.commas, better,
        curves, (*base.done, *new.done),
    )  # fmt: skip
    named = {
        "--metric": asked.metrics, "--factor": asked.factors, "--where": asked.where,
        "--each": asked.stated.each if asked.stated else (), "--seed": [asked.seed] if asked.seed is not None else [],
    }  # fmt: skip
    kept = {find_column(table, name, option) for option, names in named.items() for name in names}
    kept |= {end.place for end in ending_columns(table, kept, ours=False)}
    alone = _alone(replace(base, head=tuple(ours)), new, table, [*asked.metrics])
    return Joined(table, _changed(table, len(base.lines), kept), alone)


def _alone(base: RunTable, new: RunTable, table: RunTable, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the results that one of two tables alone has.

    Raises
    ------
    UserError
        One of them is asked for, or there are no others.
    """
    results = [
        one for one in table.head
        if one in table.better or (meaning_word(one) is not None and not is_setting(one))
    ]  # fmt: skip
    filled = [{one for one in side.head if any(cell not in BLANK for cell in side.column(one))} for side in (base, new)]
    for name in asked:
        column = table.head[find_column(table, name, "--metric")]
        for side, columns in zip((base, new), filled, strict=True):
            if column not in columns:
                raise UserError(f"{side.where}: no run has a value of {name!r}; " + _has(side, columns & {*results}))
    alone = [one for one in results if (one in filled[0]) != (one in filled[1])]
    if not asked and alone and not {*results} & filled[0] & filled[1]:
        raise UserError("the two have no result in common: " + " and ".join(
            _has(side, columns & {*results}) for side, columns in zip((base, new), filled, strict=True)))  # fmt: skip
    return tuple(alone)


def _has(side: RunTable, results: set[str]) -> str:
    return f"{side.where} has " + (", ".join(one for one in side.head if one in results) or "none of a known name")


def _matched(base: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """Return column of the base -> the same column of the new runs, where it has another prefix there."""
    plain: dict[str, list[str]] = {}
    for column in new:
        plain.setdefault(bare_name(column), []).append(column)
    matches = {}
    for column in base:
        meant = plain.get(bare_name(column), [])
        if column not in new and len(meant) == 1 and meant[0] not in base:
            matches[column] = meant[0]
    return matches


def _changed(table: RunTable, base: int, kept: set[int]) -> dict[str, tuple[str, str]]:
    """Return the columns that hold one text in all base runs, and one other in all new runs, results left aside."""
    changes = {}
    for place, column in enumerate(table.head):
        cells = [line.cells[place] for line in table.lines]
        before, after = set(cells[:base]), set(cells[base:])
        result = is_result(column) or meaning_word(column) is not None or word_of(column) in SEEDS
        if not column or column == SIDE or place in kept or result:
            continue
        if len(before) == len(after) == 1 and before != after:
            changes[column] = (before.pop() or "–", after.pop() or "–")
    return changes
