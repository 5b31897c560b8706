"""Which rows of a table are runs that count: steps of one run, rows of other data, repeats, runs without a result."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from ablate.claims.parts import Level
from ablate.errors import UserError, unknown
from ablate.lang import msg
from ablate.levels import NO_NAMES, levels_text
from ablate.sources.cells import whole
from ablate.sources.contract import Done, Line, RunTable
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.cells import cell_number, levels_in
from ablate.sweep.found.moments import Moments
from ablate.sweep.found.roles import Roles, find_column
from ablate.sweep.import_endings import UNPLANNED, ended, ending_columns
from ablate.train.config import MOST_SEED
from ablate.train.outcome import FAILED, LARGEST, Outcome

Key = tuple[tuple[bool, Level], ...]

_GOOD = ("ended", "not crashed", "not diverged", Outcome.FINISHED, Outcome.REACHED, Outcome.CENSORED, Outcome.STALLED)


def level_cell_key(levels: Mapping[str, Level]) -> Key:
    """Return what a cell is found by: 1 and true are two levels."""
    return tuple((isinstance(level, bool), level) for level in levels.values())


@dataclass(frozen=True)
class Run:
    """One run: its line, its levels, its seed (None before it is numbered), how it ended, its numbers by metric."""

    line: Line
    levels: dict[str, Level]
    seed: int | None
    outcome: str
    values: dict[str, float]

    @property
    def has_result(self) -> bool:
        """Whether it finished or failed."""
        return self.outcome not in ("lost", "unfinished")


def kept_lines(table: RunTable, asked: Asked) -> tuple[RunTable, list[Done]]:
    """Return the table of the rows that `where` asks for.

    Raises
    ------
    UserError
        A column is not there, or holds no such text.
    """
    done = []
    for name, text in asked.where.items():
        place = find_column(table, name, "--where")
        cells = table.column(table.head[place])
        kept = tuple(line for line in table.lines if _same_cell(line.cells[place], text))
        if not kept:
            raise unknown(f"--where {name}", text, set(cells))
        if len(kept) < len(table.lines):
            done.append(Done(msg("other rows ignored, as asked"), len(table.lines) - len(kept), f"{name}={text}"))
        table = replace(table, lines=kept)
    return table, done


def _same_cell(cell: str, text: str) -> bool:
    levels = levels_in([cell, text])
    return levels[cell] == levels[text] and type(levels[cell]) is type(levels[text])


def runs_in(
    table: RunTable, roles: Roles, factors: Mapping[str, int], judged: Sequence[str], asked: Asked
) -> list[Run]:
    """Read the rows as runs.

    Raises
    ------
    UserError
        A seed is not a whole number; two columns contradict each other on how a run ended; `lost` names a word that
        no run has.
    """
    says = _says(table, roles)
    lost = _lost(says, asked.lost)
    levels = {
        name: levels_in((line.cells[place] for line in table.lines), comma=roles.comma)
        for name, place in factors.items()
    }
    at = {line.number: index for index, line in enumerate(table.lines)}
    runs = []
    for line in table.lines:
        values = {
            name: cell_number(line.cells[place], percent=place in roles.percent, comma=roles.comma)
            for name, (place, _) in roles.metrics.items()
        }
        if any(said == UNPLANNED for _, said, _ in says[at[line.number]]):
            continue  # nobody made it
        outcome = _outcome(table.at(line), says[at[line.number]], lost)
        if outcome not in ("lost", "unfinished", *FAILED):
            cells = {name: line.cells[roles.metrics[name][0]].lower().lstrip("+-") for name in judged}
            large = [
                name for name in judged if cells[name] in ("inf", "infinity") or abs(values[name] or 0.0) > LARGEST
            ]
            if large:
                outcome = Outcome.DIVERGED
            elif any(values[name] is None for name in judged):
                outcome = "unfinished"
        seed = None if roles.seed is None else _seed(table, line, roles.seed)
        run_levels = {name: level_of[line.cells[factors[name]]] for name, level_of in levels.items()}
        numbers = {name: value for name, value in values.items() if value is not None and abs(value) <= LARGEST}
        runs.append(Run(line, run_levels, seed, str(outcome), numbers))
    return runs


def _lost(says: Sequence[Sequence[tuple[str, Any, str]]], asked: Sequence[str]) -> set[str]:
    """Return the words of cells that mean that a run was lost: the ones asked for, or those of an end of that name.

    Raises
    ------
    UserError
        No run ended so. A good end is never proposed: it would drop the runs that the verdicts rest on.
    """
    every = [(said, cell) for row in says for _, said, cell in row if cell]
    lost = set()
    for word in map(word_of, asked):
        words = {word_of(cell) for _, cell in every if word_of(cell) == word}
        words = words or {word_of(cell) for said, cell in every if said in FAILED and str(said) == word}
        if not words:
            others = {cell for said, cell in every if said not in _GOOD}
            if not others:
                raise UserError(f"unknown --lost {word!r}: no run in the file is marked as failed or unfinished")
            failed = {cell for said, cell in every if said in FAILED}
            # Who says `failed` means a failed run, and no run that was stopped, whatever is spelt more like it.
            raise unknown("--lost", word, failed if failed and word.startswith(("fail", "crash", "err")) else others)
        lost |= words
    return lost


def _says(table: RunTable, roles: Roles) -> list[list[tuple[str, Any, str]]]:
    """Return, of every row of a table, what its columns say of its end."""
    others = set(range(len(table.head))) - {one.place for one in roles.endings}
    ends = ending_columns(table, others, ours=False)
    return [
        [(one.name, one.says[index], line.cells[one.place]) for one in ends] for index, line in enumerate(table.lines)
    ]


def word_of(cell: str) -> str:
    """Return what a cell says of an end, as `--lost` names it."""
    return cell.lower().rpartition(".")[2].strip()


def _outcome(where: str, says: Sequence[tuple[str, Any, str]], lost: Collection[str]) -> str:
    if any(word_of(cell) in lost for _, _, cell in says if cell):
        return "lost"
    for _, said, _ in says:
        if said in ("lost", "missing"):
            return "lost"
    failed = any(said in FAILED for _, said, _ in says)
    if not failed and any(said == "unfinished" for _, said, _ in says):
        return "unfinished"
    outcome = ended(where, says)
    if outcome is not None:
        return outcome
    return Outcome.FINISHED if any(said == "ended" for _, said, _ in says) else Outcome.UNKNOWN


def _seed(table: RunTable, line: Line, place: int) -> int:
    seed = whole(line.cells[place])
    if seed is None or not 0 <= seed <= MOST_SEED:
        raise UserError(
            f"{table.at(line)}: {table.head[place]!r} must be a whole number, got "
            f"{line.cells[place]!r:.60}; say with --seed NAME which column is the seed, or --leave-out it"
        )
    return seed


def listed_lines(lines: Sequence[Line], *, most: int = 8) -> str:
    """Return where lines stand, the first few of them.

    >>> listed_lines([Line(2, ()), Line(5, ())]), listed_lines([Line(2, (), "a.csv, line 7")])
    ('lines 2, 5', 'a.csv, line 7')
    >>> listed_lines([Line(2, (), run="trial 1"), Line(5, (), run="trial 4")])
    'trial 1; trial 4'
    """
    more = " …" if len(lines) > most else ""
    if any(line.place or line.run for line in lines):
        return "; ".join(line.told for line in lines[:most]) + more
    return ("line " if len(lines) == 1 else "lines ") + ", ".join(str(line.number) for line in lines[:most]) + more


def one_per_seed(
    where: str, runs: Sequence[Run], asked: Asked, metric: str, made: Moments
) -> tuple[list[Run], list[Done]]:  # fmt: skip
    """Return one run for every arm and seed, by the rule for repeats; runs without a seed are all kept.

    A run that has a result comes before one that has none. With `mean`, a repeat that failed stands for all of them.

    Parameters
    ----------
    made
        When the runs were made.

    Raises
    ------
    UserError
        `repeat: refuse`, and there are some; the last is to count, and which it is cannot be told.
    """
    groups: dict[Any, list[Run]] = defaultdict(list)
    kept: list[Run] = []
    for run in runs:
        if run.seed is None:
            kept.append(run)
        else:
            groups[level_cell_key(run.levels), run.seed].append(run)
    dropped, spreads = 0, []
    for repeats in groups.values():
        usable = [run for run in repeats if run.has_result] or repeats
        if len(repeats) > 1 and asked.repeat == "refuse":
            lines = listed_lines([run.line for run in repeats], most=len(repeats))
            text = levels_text(repeats[0].levels, NO_NAMES) or "the only arm"
            raise UserError(f"{where}: {lines} are runs of {text} with seed {repeats[0].seed}; expected one")
        order, unread = made.ordered([run.line for run in usable])
        ordered = [usable[place] for place in order]
        if unread and asked.repeat == "last" and len({(run.outcome, run.values.get(metric)) for run in usable}) > 1:
            lines = listed_lines([run.line for run in usable], most=len(usable))
            text = levels_text(repeats[0].levels, NO_NAMES) or "the only arm"
            raise UserError(
                f"{where}: {lines} are runs of {text} with seed {repeats[0].seed}, and which is the last cannot be "
                f"told: {unread}, expected times such as 2026-12-31 10:00; or say --repeat mean, or --leave-out the "
                "column for the order of the file"
            )
        values = [run.values[metric] for run in ordered if metric in run.values]
        spreads += [stdev(values)] if len(values) > 1 else []
        kept.append(_mean(ordered) if asked.repeat == "mean" else ordered[-1])
        dropped += len(repeats) - 1
    if not dropped:
        return kept, []
    spread = f"{fmean(spreads):.3g}" if spreads else ""
    what = msg("repeats of an arm and seed: the last one counts")
    if asked.repeat == "mean":
        what = msg("repeats of an arm and seed: their mean counts")
    return kept, [Done(what, dropped, f"{metric}: standard deviation {spread}" if spread else "")]


def _mean(runs: Sequence[Run]) -> Run:
    failed = [run for run in runs if run.outcome in FAILED]
    if failed or len(runs) == 1:
        return (failed or runs)[-1]
    every = {name for run in runs for name in run.values}
    means = {name: fmean([run.values[name] for run in runs if name in run.values]) for name in every}
    return replace(runs[-1], values=means)


def number_runs(runs: Sequence[Run]) -> list[Run]:
    """Return runs without seeds numbered within their arm, in the order of the file."""
    count: Counter[Any] = Counter()
    seeded = []
    for run in runs:
        arm = level_cell_key(run.levels)
        seeded.append(replace(run, seed=count[arm]))
        count[arm] += 1
    return seeded


def without_level(runs: Sequence[Run]) -> list[Done]:
    """Return of how many runs a factor has no value, as in an empty cell: whoever forgot it reads `null` as a level."""
    counts = Counter(name for run in runs for name, level in run.levels.items() if level is None)
    what = msg("have no value of a factor, as in an empty cell: a level of its own, null")
    return [Done(what, count, name) for name, count in counts.items()]
