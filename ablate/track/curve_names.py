"""Which metrics of a run are curves: what each says itself, in a tag."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from ablate.errors import Failure
from ablate.track.long_tags import joined_tag, read_list, whole_items

CURVES_TAG = "ablate.curves"


def curve_names(
    connection: sqlite3.Connection, study_run: str, among: Iterable[str] | None = None
) -> dict[str, frozenset[str]]:
    """Return seed run id -> names of its metrics that are curves; of the runs `among` a study's, or of all.

    An older release cut a list of more than 8,000 characters. What is cut off is told by the runs themselves: a metric
    of several steps, or of a step other than 0, is a curve, in every run of the study.

    Raises
    ------
    Failure
        A list is damaged otherwise: what is a curve cannot be told from what is a result.
    """
    run_tags: dict[str, dict[str, str]] = {}
    runs, given = "SELECT run_uuid FROM tags WHERE key = 'ablate.study_run' AND value = ?", study_run
    if among is not None:
        runs, given = "SELECT value FROM json_each(?)", json.dumps(list(among))
    for run_id, key, value in connection.execute(
        f"SELECT run_uuid, key, value FROM tags WHERE run_uuid IN ({runs}) AND (key = ? OR key LIKE ?)",
        (given, CURVES_TAG, f"{CURVES_TAG}.%"),
    ):
        run_tags.setdefault(run_id, {})[key] = value
    by_text: dict[str, frozenset[str]] = {}  # text -> names: the seeds of a study have the same
    stepped: frozenset[str] | None = None
    curves = {}
    for run_id, tags in run_tags.items():
        text = joined_tag(tags, CURVES_TAG)
        if text is None:
            raise _damaged_curves(run_id)
        if text not in by_text:
            names = read_list(text)
            if names is None and text.endswith("…"):
                stepped = _stepped(connection, study_run) if stepped is None else stepped
                names = [*whole_items(text), *stepped]
            if names is None:
                raise _damaged_curves(run_id)
            by_text[text] = frozenset(map(str, names))
        curves[run_id] = by_text[text]
    return curves


def _stepped(connection: sqlite3.Connection, study_run: str) -> frozenset[str]:
    rows = connection.execute(
        "SELECT DISTINCT m.key FROM metrics m JOIN tags s ON s.run_uuid = m.run_uuid JOIN tags k "
        "ON k.run_uuid = m.run_uuid WHERE s.key = 'ablate.study_run' AND s.value = ? AND k.key = 'ablate.kind' "
        "AND k.value = 'seed' AND m.step <> 0",
        (study_run,),
    )
    return frozenset(key for (key,) in rows)


def _damaged_curves(run_id: str) -> Failure:
    return Failure(
        f"the tag {CURVES_TAG} of run {run_id} is damaged: it says which of its metrics are curves. Delete that run in "
        "the MLflow UI and give the study's command again, which makes the run again"
    )
