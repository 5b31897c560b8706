"""A table with a row per run and step: the last row of each run counts, and its rows are its curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ablate.lang import msg
from ablate.sources.cells import finite_number, whole
from ablate.sources.contract import Curves, Done, Line, RunTable
from ablate.sources.logs import join_curve
from ablate.sweep.found.cells import cell_number
from ablate.sweep.found.roles import Roles
from ablate.sweep.level_cells import BLANK


def last_steps(table: RunTable, roles: Roles, factors: Mapping[str, int]) -> tuple[RunTable, list[Done]]:
    """Return a table with a row per run, where the rows of a run are its steps: of every column the last cell."""
    if roles.progress is None:
        return table, []
    place = roles.progress
    by = [roles.run] if roles.run is not None else [*factors.values(), *([] if roles.seed is None else [roles.seed])]
    groups: dict[tuple[str, ...], list[Line]] = defaultdict(list)
    for line in table.lines:
        groups[tuple(line.cells[at] for at in by)].append(line)
    steps = [[whole(line.cells[place].split(".")[0] or "-") for line in lines] for lines in groups.values()]
    many = any(len(lines) > 1 for lines in groups.values())
    if not many or any(None in of_run or len({*of_run}) < 2 <= len(of_run) for of_run in steps):
        return table, []
    lines = []
    for of_run in groups.values():
        ordered = sorted(of_run, key=lambda line: finite_number(line.cells[place]) or 0.0)  # epochs may be 1.25, 1.5, …
        cells = [
            next((line.cells[at] for line in reversed(ordered) if line.cells[at] not in BLANK), "")
            for at in range(len(table.head))
        ]
        lines.append(replace(ordered[-1], cells=tuple(cells)))
    dropped = len(table.lines) - len(lines)
    curves = {} if table.curves else {
        line.number: _curves(table, roles, of_run, place) for line, of_run in zip(lines, groups.values(), strict=True)
    }  # fmt: skip
    return replace(table, lines=tuple(lines), curves=curves or table.curves), [
        Done(msg("rows were earlier steps of a run: its last one counts"), dropped)
    ]


def _curves(table: RunTable, roles: Roles, rows: Sequence[Line], place: int) -> Curves:
    """Return the metrics along the rows of one run, by their columns."""
    curves = {}
    for at, _ in roles.metrics.values():
        points = []
        for line in rows:
            value = cell_number(line.cells[at], percent=at in roles.percent, comma=roles.comma)
            if value is not None:
                points.append((whole(line.cells[place].split(".")[0]) or 0, value))
        if points:
            curves[table.head[at]] = join_curve(sorted(points, key=lambda point: point[0]))[0]
    return curves
