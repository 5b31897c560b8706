"""One metric of finished seed runs by identity, whatever plan they were run under. SQL only, as `ledger`."""

from __future__ import annotations

import math
from pathlib import Path

from ablate.track import ledger, payload
from ablate.track.database import exists
from ablate.track.layout import Layout
from ablate.track.reading import read_only

Score = tuple[str, float, float]
"""(outcome, value of the metric or NaN, seconds)."""


def scores(root: Path, name: str, key: str, metric: str) -> dict[str, Score]:
    """Return identity -> outcome, value and seconds, over the finished seed runs of a study, crashed ones included.

    Not by the stored plan: a grid that was changed and changed back still finds its runs.
    """
    layout = Layout(root.resolve())
    if not exists(layout):
        return {}
    with read_only(layout.database) as connection:
        study = ledger.find_study(connection, name, key) if ledger.has_tables(connection) else None
        if study is None:
            return {}
        runs = [run for run in ledger.children(connection, study.run_id) if run.kind == "seed" and run.done]
        rows = connection.execute(
            "SELECT m.run_uuid, m.key, m.value FROM metrics m JOIN tags s ON s.run_uuid = m.run_uuid "
            "WHERE s.key = 'ablate.study_run' AND s.value = ? AND m.key IN (?, 'seconds') AND m.is_nan = 0 "
            "ORDER BY m.step",
            (study.run_id, payload.key(metric)),
        ).fetchall()
    held: dict[str, dict[str, float]] = {}
    for run_id, name_, value in rows:
        held.setdefault(run_id, {})[name_] = value
    found: dict[str, Score] = {}
    for run in runs:  # as they were written: a crashed run that was tried again counts as it ended last
        values = held.get(run.run_id, {})
        found[run.identity] = (
            run.outcome, values.get(payload.key(metric), math.nan), values.get("seconds", math.nan)
        )  # fmt: skip
    return found
