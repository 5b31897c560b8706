"""One metric of finished seed runs by identity, whatever plan they were run under. SQL only, as `ledger`."""

from __future__ import annotations

import math
from pathlib import Path

from ablate.track import ledger
from ablate.track.database import exists
from ablate.track.layout import Layout
from ablate.track.names import BESIDE, KEYS_TAG, TIMER
from ablate.track.names import key as key_of
from ablate.track.reading import read_only
from ablate.track.store import Score
from ablate.track.values import split_values
from ablate.train.outcome import LARGEST


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
        curves_of = ledger.curve_names(connection, study.run_id)
        keyed = ledger.tags_of(connection, study.run_id, KEYS_TAG)
        rows = connection.execute(
            "SELECT m.run_uuid, m.key, m.step, m.value FROM metrics m JOIN tags s ON s.run_uuid = m.run_uuid "
            "WHERE s.key = 'ablate.study_run' AND s.value = ? AND m.key IN (?, ?, ?) AND m.is_nan = 0 "
            "AND abs(m.value) <= ? ORDER BY m.step",
            (study.run_id, key_of(metric), BESIDE + key_of(metric), TIMER, LARGEST),
        ).fetchall()
    values = split_values(rows, {run.run_id: run for run in runs}, curves_of, keyed)
    found: dict[str, Score] = {}
    for run in runs:  # as they were written: a crashed run that was tried again counts as it ended last
        if run.run_id not in keyed and key_of(metric) != metric:
            continue  # stored when two names could share a key: what it holds is not surely this metric
        value = values.scalars[run.run_id].get(metric, math.nan)
        found[run.identity] = (run.outcome, value, values.seconds.get(run.run_id, math.nan))
    return found
