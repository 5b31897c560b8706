"""Single runs of the local store, and who runs a study now. SQL and files only."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ablate.errors import Failure
from ablate.resources import plain_file
from ablate.track import ledger
from ablate.track.curve_names import curve_names
from ablate.track.layout import Layout
from ablate.track.ledger import StudyRun
from ablate.track.places import run_folder
from ablate.track.read import found_study, read_arrays, read_test_correct
from ablate.track.reading import read_only
from ablate.track.record import StudyRecord
from ablate.track.stored import check_runs, stored_plan
from ablate.track.stored_run import Beside, LoggedRun, StoredRun, logged_runs, stored_run
from ablate.values import from_json

_OPENING_SECONDS = 10.0


def read_plan(root: Path, name: str, key: str | None) -> StudyRecord:
    """Return the plan of a study; see `Store.plan`."""
    layout = Layout(root.resolve())
    with found_study(root, name, key) as (_, study):
        return stored_plan(run_folder(layout, study.name, study.run_id, study.artifact_uri), study)


def read_runs(root: Path, name: str, key: str | None) -> list[StoredRun]:
    """Return the seed runs that count, in short; see `Store.seed_runs`."""
    layout = Layout(root.resolve())
    with found_study(root, name, key) as (connection, study):
        counted = ledger.last_per_seed(ledger.children(connection, study.run_id)).values()
        tags, started = _tags(connection, study), _started(connection, study)
    return [
        stored_run(
            child, tags.get(child.run_id, {}), started.get(child.run_id, 0),
            str(run_folder(layout, study.name, child.run_id, child.artifact_uri)),
        )
        for child in counted
    ]  # fmt: skip


def read_logged(root: Path, name: str, key: str | None, only: Collection[str] | None) -> list[LoggedRun]:
    """Return seed runs with all that is kept of them; see `Store.logged`."""
    layout = Layout(root.resolve())
    with found_study(root, name, key) as (connection, study):
        children = ledger.children(connection, study.run_id)
        record = stored_plan(run_folder(layout, study.name, study.run_id, study.artifact_uri), study)
        check_runs(study, children, record)
        counted = [
            child for child in ledger.last_per_seed(children).values() if only is None or child.run_id in only
        ]  # fmt: skip
        tags, started = _tags(connection, study), _started(connection, study)
        curves_of = curve_names(connection, study.run_id)
        if only is None:
            rows = ledger.metric_rows(connection, study.run_id)
        else:
            rows = ledger.metric_rows_of(connection, [child.run_id for child in counted])
    folders = {c.run_id: run_folder(layout, study.name, c.run_id, c.artifact_uri) for c in counted}
    beside = Beside(
        files={run_id: str(folder) for run_id, folder in folders.items()},
        configs={run_id: _config(folder, study, run_id) for run_id, folder in folders.items()},
        errors={child.run_id: _error(folders[child.run_id]) for child in counted if child.outcome == "crashed"},
        arrays=read_arrays(root, study.name, key=study.key),
        correctness=read_test_correct(root, study.name, key=study.key),
    )
    return logged_runs(
        counted, tags=tags, started=started, rows=rows, curves_of=curves_of, record=record, beside=beside
    )


def driver(root: Path, name: str, key: str) -> str:
    """Return who holds the lock of a study; empty where nobody does.

    Asked under the lock of the store, under which drivers take theirs: none finds a study locked because of us.

    Raises
    ------
    Failure
        The locks cannot be opened: nobody can tell.
    """
    layout = Layout(root.resolve())
    place = layout.study_lock(name, key)
    if not place.exists():
        return ""
    opening = FileLock(str(layout.store_lock), thread_local=False)
    try:
        opening.acquire(timeout=_OPENING_SECONDS)
    except Timeout:
        return "a process that is just opening the store"
    except OSError as error:
        raise _untold(layout, error) from error
    try:
        with FileLock(str(place), thread_local=False).acquire(timeout=0):
            return ""
    except Timeout:
        return _who(layout, name, key)
    except OSError as error:
        raise _untold(layout, error) from error
    finally:
        opening.release()


def _who(layout: Layout, name: str, key: str) -> str:
    with read_only(layout.database) as connection:
        study = ledger.find_study(connection, name, key) if ledger.has_tables(connection) else None
    return driver_text(study.tags if study is not None else {})


def driver_text(tags: Mapping[str, str]) -> str:
    """Return who opened a study, by the tags of its run."""
    who = f"pid {tags.get('ablate.pid', 'unknown')} on host {tags.get('ablate.host', 'unknown')}"
    return f"{who} since {tags.get('ablate.opened', 'a moment ago')}"


def _untold(layout: Layout, error: OSError) -> Failure:
    return Failure(f"cannot tell whether a study runs: {layout.store_lock.parent} cannot be used ({error.strerror})")


def _tags(connection: sqlite3.Connection, study: StudyRun) -> dict[str, dict[str, str]]:
    by_run: dict[str, dict[str, str]] = {}
    for run_id, key, value in connection.execute(
        "SELECT t.run_uuid, t.key, t.value FROM tags s JOIN tags t ON t.run_uuid = s.run_uuid "
        "WHERE s.key = 'ablate.study_run' AND s.value = ? AND t.key LIKE 'ablate.%'",
        (study.run_id,),
    ):
        by_run.setdefault(run_id, {})[key] = value
    return by_run


def _started(connection: sqlite3.Connection, study: StudyRun) -> dict[str, int]:
    return dict(
        connection.execute(
            "SELECT r.run_uuid, coalesce(r.start_time, 0) FROM tags s JOIN runs r ON r.run_uuid = s.run_uuid "
            "WHERE s.key = 'ablate.study_run' AND s.value = ?",
            (study.run_id,),
        )
    )


def _config(folder: Path, study: StudyRun, run_id: str) -> dict[str, Any]:
    """Return the configuration beside a seed run; a run cannot be copied without it."""
    path = folder / "config.json"
    try:
        parsed = from_json(plain_file(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failure(
            f"cannot read the configuration of run {run_id} in study {study.name} ({path}: {error})"
        ) from error
    return parsed if isinstance(parsed, dict) else {}


def _error(folder: Path) -> str:
    try:
        return plain_file(folder / "error.txt").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
