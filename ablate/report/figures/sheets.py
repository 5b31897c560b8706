"""What a figure of many arms shows: what can be read, chosen by the design alone; or all of it, sheet by sheet."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from ablate.judge.verdict import Verdict
from ablate.lang import tr
from ablate.report.figures.style import Drawn
from ablate.report.vouched import sources
from ablate.track.record import StudyTables
from ablate.train.outcome import FAILED, Outcome

MOST_PANELS = 32
"""Panels on a sheet: eight rows of four."""
MOST_ROWS = 64
"""Rows on a sheet, each an arm."""
MOST_VERDICTS = 40
"""Rows of a figure on the first screen of a report, each a verdict."""
TALLEST = 13.0
"""Inches. Of what is taller, letters of 8.5 points are smaller than 5 on a printed page, which holds a sheet whole."""

T = TypeVar("T")


def row_height(usual: float, rows: float, around: float) -> float:
    """Return the height of each row of a sheet, in inches: `usual`, or less where the sheet would be too tall to print.

    `around` is what title, legend and axis take beside the rows.

    >>> row_height(0.3, 10, around=1.0), round(row_height(0.3, 64, around=1.0), 3)
    (0.3, 0.188)
    """
    return min(usual, (TALLEST - around) / rows)


def sheets(items: Sequence[T], most: int, *, keep: Callable[[T], bool], whole: bool) -> list[list[T]]:
    """Return what stands on each sheet of a figure.

    One sheet holds up to `most`. Of more, `whole` puts all on as many sheets as that takes, in their order; else there
    is one sheet with the first of those to `keep` and others at even distances, from the first item to the last. The
    choice knows no result: panels chosen by what is in them would show the design in a light that it has not.

    >>> sheets(range(10), 4, keep=lambda n: n == 5, whole=False)
    [[0, 3, 5, 9]]
    >>> sheets(range(5), 4, keep=lambda n: False, whole=True)
    [[0, 1, 2, 3], [4]]
    """
    if len(items) <= most:
        return [list(items)]
    if whole:
        return [list(items[begin : begin + most]) for begin in range(0, len(items), most)]
    places = [round(i * (len(items) - 1) / (most - 1)) for i in range(most)]
    kept = next((at for at, item in enumerate(items) if keep(item)), places[0])
    if kept not in places:
        nearest = min(range(1, most - 1), key=lambda i: abs(places[i] - kept))
        places[nearest] = kept
    return [[items[at] for at in sorted(places)]]


def left_out(tables: StudyTables, shown: Collection[str], *, what: str) -> str:
    """Return a sentence on what a figure leaves out, and how to get it; empty where every planned arm is shown.

    Parameters
    ----------
    shown
        The ids of the arms that are drawn.
    what
        What stands for the arms, with its numbers: `32 of 250 panels`.
    """
    rows = tables.seeds[tables.seeds["arm_id"].isin(set(tables.planned["arm_id"]) - set(shown))]
    ran = rows[rows["outcome"] != "missing"]
    if rows.empty:
        return ""
    told = tr(
        "Shown: {what}, that of the baseline and others at even distances in the order of the design, whatever their "
        "results.",
        what=what,
    )
    if (ran["outcome"] == Outcome.UNKNOWN.value).any():
        told += tr(" It is not known which of the {runs} runs that are not shown failed.", runs=len(ran))
    else:
        failed = int(ran["outcome"].isin(FAILED).sum())
        told += tr(" Of the {runs} runs that are not shown, {failed} failed.", runs=len(ran), failed=failed)
    if sources(tables):
        return told  # judged from a file, which `ablate report` does not know
    command = f"ablate report {shlex.quote(str(tables.study.get('name', 'STUDY')))} --every-arm"
    return told + tr(" `{command}` draws all.", command=command)


def of_verdicts(
    verdicts: Sequence[Verdict], draw: Callable[[Sequence[Verdict]], Drawn | None], *, whole: bool
) -> list[Drawn]:
    """Return the sheets of a figure with a row per verdict: all of them, or one with those that can be read.

    The one has every claim without levels, and of the others levels at even distances, whatever came out.
    """
    if len(verdicts) <= MOST_VERDICTS or whole:
        pages = sheets(verdicts, MOST_VERDICTS, keep=lambda _: False, whole=whole)
        return numbered_sheets([draw(page) for page in pages])
    alone = [at for at, v in enumerate(verdicts) if v.claim_id == v.source_id][:MOST_VERDICTS]
    cells = [at for at in range(len(verdicts)) if at not in alone]
    room = MOST_VERDICTS - len(alone)
    chosen = sheets(cells, room, keep=lambda _: False, whole=False)[0] if room > 1 else []
    drawn = draw([verdicts[at] for at in sorted([*alone, *chosen])])
    if drawn is None:
        return []
    left = tr(
        " Shown: {n} of {all} comparisons, single claims and levels at even distances, whatever their results; all are "
        "in the tables below.",
        n=len(alone) + len(chosen),
        all=len(verdicts),
    )
    return [dataclasses.replace(drawn, caption=drawn.caption + left)]


def numbered_sheets(drawn: Sequence[Drawn | None]) -> list[Drawn]:
    """Return the sheets of a figure under names and titles of their own, without those that show nothing."""
    there = [one for one in drawn if one is not None]
    if len(there) < 2:
        return there
    return [
        dataclasses.replace(
            one,
            name=one.name if number == 1 else f"{one.name}-{number}",
            title=tr("{title}, sheet {number} of {all}", title=one.title, number=number, all=len(there)),
        )
        for number, one in enumerate(there, start=1)
    ]
