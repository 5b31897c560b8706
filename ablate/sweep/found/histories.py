"""What the curves of runs tell that their last values do not: which of them did not come to their end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ablate.lang import msg
from ablate.sources.contract import Done, RunTable
from ablate.sweep.found.rows import Key, Run, level_cell_key, listed_lines

_ENOUGH = 3  # runs of an arm by which it is known how long one is


def ended_early(runs: Sequence[Run], table: RunTable, column: str) -> tuple[list[Run], list[Done]]:
    """Return runs of which those that stopped before the others of their arm count as not finished.

    Logs seldom say whether a run came to its end. Where more than half of the runs of an arm end at the same step, one
    that ends before it was stopped, or is still running: its last value is not a final one. Runs whose end is told
    otherwise stay as they are, and so do arms whose runs end at different steps, as with early stopping.

    Parameters
    ----------
    column
        The column of the metric that is judged, by whose curve the length of a run is known.
    """
    last = {run.line.number: int(curves[column].steps[-1]) for run in runs
            if column in (curves := table.curves.get(run.line.number, {}))}  # fmt: skip
    ends: dict[Key, list[int]] = defaultdict(list)
    for run in runs:
        if run.line.number in last and run.outcome == "unknown":
            ends[level_cell_key(run.levels)].append(last[run.line.number])
    usual: dict[Key, int] = {}
    for arm, steps in ends.items():
        ((step, count),) = Counter(steps).most_common(1)
        if len(steps) >= _ENOUGH and 2 * count > len(steps):
            usual[arm] = step
    early = [
        run for run in runs
        if run.outcome == "unknown" and run.line.number in last
        and last[run.line.number] < usual.get(level_cell_key(run.levels), 0)
    ]  # fmt: skip
    if not early:
        return list(runs), []
    stopped = {run.line.number for run in early}
    told = Done(msg("ended before the other runs of their arm: not finished (--early-stopping counts them)"),
                len(early), listed_lines([run.line for run in early]))  # fmt: skip
    return [replace(run, outcome="unfinished") if run.line.number in stopped else run for run in runs], [told]
