"""Tables with a column per seed (`seed_0 … seed_5`, `s0`, `run_1`) instead of a row per run, as rows of runs.

Nothing in such a table says what its numbers are: the metric's name and direction are asked for, unless a column
(`metric`) names the result of every row.

An empty cell before another run of its row is a run that came to no number; those after a row's last run plan none, as
where one arm has fewer seeds. A summary of a row's seeds (`mean`, `std`) is not a setting.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from statistics import fmean, median, pstdev, stdev

from ablate.errors import UserError
from ablate.lang import msg
from ablate.sources.cells import finite_number
from ablate.sources.contract import Done, Line, RunTable
from ablate.sweep.found import names
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.tidy import NAMES
from ablate.sweep.level_cells import BLANK

_STEMS = {*names.SEEDS, "s", "run", "trial", "repeat"}
_NUMBERED = re.compile(r"(.*?)[\s_.:=-]*(\d+)")
_WORDS = {"average": "mean", "avg": "mean", "stdev": "std", "stddev": "std", "sd": "std", "se": "sem", "stderr": "sem",
          "count": "n", "seeds": "n"}  # fmt: skip
_SEED, _VALUE = "seed", "value"


def melted(table: RunTable, asked: Asked) -> RunTable:
    """Return a table with a row per run; one that has a row per run already as it is.

    A table is wide where two columns or more are one word for a seed or run with another number, and no column holds
    a seed or a result, nor is one of these columns, or a column of the table as the result, named by the user.

    Raises
    ------
    UserError
        The table is wide, and not exactly one metric is named with its direction; or a column names the results of its
        rows, and that of the metric is not among them.
    """
    seeds = _columns(table)
    named = {one for name in (*asked.metrics, *asked.factors) for one in names.meant(name, table.head)}
    of_metrics = {one for name in asked.metrics for one in names.meant(name, table.head)}
    if seeds is None or asked.seed not in (None, _SEED) or of_metrics or named & {table.head[place] for place in seeds}:
        return table
    places = dict(sorted(seeds.items(), key=lambda one: one[1]))
    first, last = (table.head[place] for place in (min(places), max(places)))
    metric = _metric(table, asked, f"{first} … {last}")
    sums = [place for place in range(len(table.head)) if place not in places and _sums_up(table, place, places)]
    rest = [place for place in range(len(table.head)) if place not in (*places, *sums)]
    lines = list[Line]()
    for line in table.lines:
        filled = [number for place, number in places.items() if line.cells[place]]
        for place, number in places.items():
            if number <= max(filled, default=number):
                cells = (*(line.cells[other] for other in rest), str(number), line.cells[place])
                told = f"{line.told}, {table.head[place]}"
                lines.append(Line(len(lines) + 2, cells, place=told))
    done = [
        Done(msg("columns hold a seed each: every cell of them is a run"), len(places), f"{first} … {last}: {metric}")
    ]
    if sums:
        done.append(
            Done(msg("columns sum up the seeds: left out"), len(sums), ", ".join(table.head[at] for at in sums))
        )
    head = (*(table.head[place] for place in rest), _SEED, metric)
    return dataclasses.replace(table, head=head, lines=tuple(lines), done=(*table.done, *done))


def _metric(table: RunTable, asked: Asked, columns: str) -> str:
    """Return the name of the column that the numbers of all seeds make; see `melted`."""
    given = {names.bare_name(name) for name in (*asked.factors, *asked.leave_out, *asked.where)}
    by_row = [name for name in table.head if name.lower() in NAMES and names.bare_name(name) not in given]
    results = list(dict.fromkeys(table.column(by_row[0]))) if len(by_row) == 1 else []
    if results and not any(one in BLANK for one in results):
        if any(one not in results for one in asked.metrics) or not (
            asked.metrics or any(map(names.meaning_word, results))
        ):
            raise UserError(
                f"{table.where}: {columns} are one column per seed, and {by_row[0]!r} names the results "
                f"{', '.join(results[:4])}: say which is judged, and which way is better, --metric "
                f"{results[0]}:higher or {results[0]}:lower"
            )
        return results[0] if len(results) == 1 else _VALUE
    metrics = [name for name, better in asked.metrics.items() if better is not None]
    if len(metrics) != 1 or len(asked.metrics) != 1:
        raise UserError(
            f"{table.where}: {columns} are one column per seed, and nothing says what their numbers are: "
            "name it with its direction, --metric NAME:higher or NAME:lower"
        )
    return metrics[0]


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
    others = [
        name for place, name in enumerate(table.head) if place not in wide[0] and not _sums_up(table, place, wide[0])
    ]
    if any(names.word_of(name) in names.SEEDS or names.is_result(name) or names.meaning_word(name) for name in others):
        return None
    return wide[0]


def _sums_up(table: RunTable, place: int, seeds: Mapping[int, int]) -> bool:
    """Tell whether a column holds, by its name and as far as it is rounded, a mean or the like of every row's seeds."""
    words = {_WORDS.get(word, word) for word in names.word_of(table.head[place]).split("_")}
    cells = [(line.cells[place], [line.cells[at] for at in seeds if line.cells[at]]) for line in table.lines]
    filled = [(cell, of) for cell, of in cells if cell not in BLANK]
    return bool(filled) and all(
        _says(words, cell, [x for x in map(_number, of) if x is not None]) for cell, of in filled
    )


def _number(cell: str) -> float | None:
    return finite_number(cell.removesuffix("%").strip(), comma=True)


def _says(words: Collection[str], cell: str, numbers: Sequence[float]) -> bool:
    """Tell whether a cell is what one of the words says of numbers."""
    value = _number(cell)
    if value is None or not numbers:
        return False
    spreads = [stdev(numbers), pstdev(numbers)] if len(numbers) > 1 else []
    by_word = {
        "mean": [fmean(numbers)], "median": [median(numbers)], "min": [min(numbers)], "max": [max(numbers)],
        "n": [float(len(numbers))], "std": spreads, "sem": [one / len(numbers) ** 0.5 for one in spreads],
    }  # fmt: skip
    shown = re.split(r"[eE]", cell.removesuffix("%").strip().replace(",", "."))[0]
    decimals, figures = len(shown.partition(".")[2]), len(re.sub(r"\D", "", shown).lstrip("0"))
    # A number of one figure says too little: the mean 0.8 is 1 when it is rounded so.
    within = 0.5001 * 10.0**-decimals if figures > 1 and shown == cell.removesuffix("%").strip() else 0.0
    return any(abs(value - one) <= max(within, 1e-9 * abs(one)) for word in words for one in by_word.get(word, ()))
