"""Tables with a column per seed (`seed_0 … seed_5`, `s0`, `run_1`) instead of a row per run, as rows of runs.

Nothing in such a table says what its numbers are: the metric's name and direction are asked for.
"""

from __future__ import annotations

import dataclasses
import re

from ablate.errors import UserError
from ablate.lang import msg
from ablate.sources.contract import Done, Line, RunTable
from ablate.sweep.found import names
from ablate.sweep.found.asked import Asked

_STEMS = {*names.SEEDS, "s", "run", "trial", "repeat"}
_NUMBERED = re.compile(r"(.*?)[\s_.:=-]*(\d+)")


def melted(table: RunTable, asked: Asked) -> RunTable:
    """Return a table with a row per run; one that has a row per run already as it is.

    A table is wide where two columns or more are one word for a seed or run with another number, and no column holds
    a seed or a result.

    Raises
    ------
    UserError
        The table is wide, and not exactly one metric is named with its direction.
    """
    seeds = _columns(table)
    if seeds is None or asked.seed is not None:
        return table
    places = set(seeds)
    metrics = [(name, better) for name, better in asked.metrics.items() if better is not None]
    first, last = (table.head[place] for place in (min(places), max(places)))
    if len(metrics) != 1 or len(asked.metrics) != 1 or metrics[0][0] in table.head:
        raise UserError(
            f"{table.where}: {first} … {last} are one column per seed, and nothing says what their numbers are: "
            "name it with its direction, --metric NAME:higher or NAME:lower"
        )
    metric = metrics[0][0]
    rest = [place for place in range(len(table.head)) if place not in places]
    lines = list[Line]()
    for line in table.lines:
        for place, number in seeds.items():
            if line.cells[place]:
                cells = (*(line.cells[other] for other in rest), str(number), line.cells[place])
                told = f"{line.told}, {table.head[place]}"
                lines.append(Line(len(lines) + 2, cells, place=told))
    done = Done(
        msg("columns hold a seed each: every cell of them is a run"), len(places), f"{first} … {last}: {metric}"
    )
    head = (*(table.head[place] for place in rest), "seed", metric)
    return dataclasses.replace(table, head=head, lines=tuple(lines), done=(*table.done, done))


def _columns(table: RunTable) -> dict[int, int] | None:
    """Return place -> number of the columns that hold a seed each; None where the table is not wide."""
    stems: dict[str, dict[int, int]] = {}
    for place, name in enumerate(table.head):
        match = _NUMBERED.fullmatch(name)
        if match and match[1].lower() in _STEMS:
            stems.setdefault(match[1].lower(), {})[place] = int(match[2])
    wide = [columns for columns in stems.values() if len(columns) > 1 and len({*columns.values()}) == len(columns)]
    if len(wide) != 1:
        return None
    others = [name for place, name in enumerate(table.head) if place not in wide[0]]
    if any(names.word_of(name) in names.SEEDS or names.is_result(name) or names.meaning_word(name) for name in others):
        return None
    return wide[0]
