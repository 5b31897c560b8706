"""Columns that only name the arm of a run by its other columns, as in a report's `runs.csv`: they are not factors."""

from __future__ import annotations

from ablate.sources.contract import RunTable

_ARM, _BASELINE = "arm", "baseline"  # as ablate writes them, in `runs.csv` and in the tables of Python


def names_arms(table: RunTable, place: int) -> bool:
    """Return whether a column says again what others say: ``norm=batch, lr=0.1``, or whether the run is the baseline's.

    A column `arm` that holds anything else, or of which one name stands beside different levels, is like any other.
    """
    name = table.head[place]
    if name not in (_ARM, _BASELINE) or _ARM not in table.head:
        return False
    places = {
        key: at for at, column in enumerate(table.head) if column != _ARM for key in (column, column.rsplit(".", 1)[-1])
    }
    arms = [line.cells[table.head.index(_ARM)] for line in table.lines]
    named = {arm: _keys(arm) for arm in arms if arm != _BASELINE}
    said = set().union(*named.values())
    if not said or not all(named.values()) or not said <= places.keys():
        return False
    levels: dict[str, set[tuple[str, ...]]] = {}
    for arm, line in zip(arms, table.lines, strict=True):
        levels.setdefault(arm, set()).add(tuple(line.cells[places[key]] for key in sorted(said)))
    if any(len(found) > 1 for found in levels.values()):
        return False
    if name == _ARM:
        return True
    told = [line.cells[place].lower() for line in table.lines]
    return told == ["true" if arm == _BASELINE else "false" for arm in arms]


def _keys(arm: str) -> set[str]:
    """Return the settings that an arm's name is made of; none of any other text."""
    parts = [part.partition("=") for part in arm.split(", ")]
    return {key.split(":")[0] for key, _, _ in parts} if all(sign for _, sign, _ in parts) else set()
