"""Columns that only name the arm of a run by its other columns, as in a report's `runs.csv`: they are not factors."""

from __future__ import annotations

from ablate.sources.contract import RunTable

_ARM, _BASELINE = "arm", "baseline"  # as ablate writes them, in `runs.csv` and in the tables of Python


def names_arms(table: RunTable, place: int) -> bool:
    """Return whether a column says again what others say: ``norm=batch, lr=0.1``, or whether the run is the baseline's.

    A column `arm` that holds anything else is a factor like any other.
    """
    name = table.head[place]
    if name not in (_ARM, _BASELINE) or _ARM not in table.head:
        return False
    arms = [line.cells[table.head.index(_ARM)] for line in table.lines]
    keys = {key for column in table.head if column != _ARM for key in (column, column.rsplit(".", 1)[-1])}
    made = {arm for arm in arms if arm != _BASELINE}
    if not made or not all(_is_made_of(arm, keys) for arm in made):
        return False
    if name == _ARM:
        return True
    said = [line.cells[place].lower() for line in table.lines]
    return said == ["true" if arm == _BASELINE else "false" for arm in arms]


def _is_made_of(arm: str, keys: set[str]) -> bool:
    return all(sign and key.split(":")[0] in keys for key, sign, _ in (part.partition("=") for part in arm.split(", ")))
