"""How many runs of a table are used, and what became of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ablate.lang import msg
from ablate.sources.contract import Done, RunTable
from ablate.sweep.found.roles import Roles
from ablate.sweep.found.rows import Run, level_cell_key, listed_lines, without_level, word_of
from ablate.sweep.import_endings import ending_columns
from ablate.train.outcome import FAILED


def counts(table: RunTable, roles: Roles, runs: Sequence[Run], *, paired: bool) -> list[Done]:
    """Return how many runs are used, lost, unfinished, failed, and without a partner; how failed ones are called."""
    used = [run for run in runs if run.has_result]
    done = [Done(msg("runs used"), len(used)), *without_level(runs)]
    for outcome, what in (
        ("lost", msg("lost, as asked: their pairs are dropped")),
        ("unfinished", msg("not finished, or without a number: their pairs are dropped")),
        ("crashed", msg("failed: they are not left out")),
        ("diverged", msg("diverged: they are not left out")),
    ):
        ended = [run for run in runs if run.outcome == outcome]
        if ended:
            told = listed_lines([run.line for run in ended]) + _called(table, roles, ended)
            done.append(Done(what, len(ended), told))
    if paired:
        arms_of, of_used = (
            Counter(seed for _, seed in {(level_cell_key(run.levels), run.seed) for run in some})
            for some in (runs, used)
        )
        lone = sum(arms_of[run.seed] == 1 for run in used)
        left = sum(of_used[run.seed] == 1 < arms_of[run.seed] for run in used)
        done += [Done(msg("runs whose seed no other arm has: in no pair"), lone)] if lone else []
        done += [Done(msg("runs whose partner has no result: in no pair"), left)] if left else []
    return done


def _called(table: RunTable, roles: Roles, runs: Sequence[Run]) -> str:
    """Return how to say of failed runs that the machine lost them: by the words that the table has for their end."""
    ends = ending_columns(table, set(range(len(table.head))) - {one.place for one in roles.endings}, ours=False)
    at = {line.number: index for index, line in enumerate(table.lines)}
    words = dict.fromkeys(
        word_of(run.line.cells[one.place])
        for run in runs if run.outcome in FAILED for one in ends if one.says[at[run.line.number]] in FAILED
        if one.name.rpartition(".")[2].lower() not in ("crashed", "diverged", "failed")
    )  # fmt: skip
    return "".join(f"; lost to the machine: --lost {word}" for word in words if word)
