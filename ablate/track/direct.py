"""Runs written into MLflow's tables as its client writes them, where the tables are those that this was compared on.

MLflow's client builds an object for every value: 21 ms for a seed run of 80 values, of which SQLite takes 2. What is
written here is row by row what the client writes (`tests/track/test_direct.py` compares whole stores); of any other
schema than `COMPARED` nothing is assumed, and the client is used.
"""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ablate.errors import Failure
from ablate.track.patience import writing
from ablate.track.summary import Point

COMPARED = frozenset({"dc11669786a5"})
"""Schema revisions of MLflow (3.17) on which both ways were compared."""
_KEY, _PARAM, _TAG = 250, 6_000, 8_000
_WAIT = 20.0


class Direct:
    """Writes runs of one experiment; every method is one transaction, and so is what is written `together`.

    As MLflow does, it writes no run into an experiment in the trash, and nothing to a run that was deleted.

    Parameters
    ----------
    experiment
        Its id.

    Raises
    ------
    Failure
        The experiment does not exist. Methods raise it, too, where the experiment or the run was deleted meanwhile, or
        another program keeps the database locked; nothing was written then.
    """

    def __init__(self, database: Path, experiment: str) -> None:
        self._database, self._experiment = database, int(experiment)
        self._open: sqlite3.Connection | None = None  # of `together`
        with self._writing() as connection:
            row = connection.execute(
                "SELECT artifact_location FROM experiments WHERE experiment_id = ?", (self._experiment,)
            ).fetchone()
        if row is None:
            raise self._gone()
        (self._place,) = row

    def begin(self, name: str, tags: Mapping[str, str], started: int) -> tuple[str, str]:
        """Create a run that is RUNNING since `started` (ms); return its id and the address of its files."""
        run_id, place = self.place()
        with self._writing() as connection:
            self._insert(connection, run_id, name, tags, started)
        return run_id, place

    def place(self) -> tuple[str, str]:
        """Return the id of a run that is yet to be written, and the address of its files."""
        run_id = uuid.uuid4().hex
        return run_id, self._at(run_id)

    def _at(self, run_id: str) -> str:
        return f"{self._place}/{run_id}/artifacts"

    def whole(
        self,
        run_id: str,
        *,
        name: str,
        tags: Mapping[str, str],
        params: Mapping[str, str],
        points: Sequence[Point],
        dataset: Mapping[str, str],
        started: int,
        ended: int,
        status: str,
        at: int,
    ) -> None:
        """Write a run that has ended, all of it or nothing. `at`: the time of its metrics (ms)."""
        with self._writing() as connection:
            self._insert(connection, run_id, name, tags, started)
            _values(connection, run_id, points, params, at)
            self._dataset(connection, run_id, dataset)
            end_run(connection, run_id, status, ended)

    def finish(
        self,
        run_id: str,
        *,
        tags: Mapping[str, str],
        params: Mapping[str, str],
        points: Sequence[Point],
        status: str,
        ended: int,
    ) -> None:
        """Write what a run that was begun holds, and end it; it held no values before."""
        with self._writing() as connection:
            end_run(connection, run_id, status, ended)
            _values(connection, run_id, points, params, ended)
            put_tags(connection, run_id, tags)

    def add(self, run_id: str, *, tags: Mapping[str, str], points: Sequence[Point], at: int) -> None:
        """Write tags over what they were, and further values of metrics, of the time `at` (ms)."""
        with self._writing() as connection:
            add_tags(connection, run_id, tags)
            _values(connection, run_id, points, {}, at)

    def _gone(self) -> Failure:
        return Failure(
            f"experiment {self._experiment} in {self._database} was deleted while runs were written into it; bring it "
            "back, or give the same command again for a new one"
        )

    def _insert(
        self, connection: sqlite3.Connection, run_id: str, name: str, tags: Mapping[str, str], started: int
    ) -> None:
        experiment = "SELECT 1 FROM experiments WHERE experiment_id = ? AND lifecycle_stage = 'active'"
        if connection.execute(experiment, (self._experiment,)).fetchone() is None:
            raise self._gone()
        connection.execute(
            "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, "
            "start_time, source_version, lifecycle_stage, artifact_uri, experiment_id) "
            "VALUES (?, ?, 'UNKNOWN', '', '', ?, 'RUNNING', ?, '', 'active', ?, ?)",
            (run_id, name, tags.get("mlflow.user", "unknown"), started, self._at(run_id), self._experiment),
        )
        connection.executemany(
            "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
            [(key, value, run_id) for key, value in {**tags, "mlflow.runName": name}.items()],
        )

    def _dataset(self, connection: sqlite3.Connection, run_id: str, dataset: Mapping[str, str]) -> None:
        identity = (self._experiment, dataset["name"], dataset["digest"])
        find = "SELECT dataset_uuid FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?"
        row = connection.execute(find, identity).fetchone()
        if row is None:
            row = (uuid.uuid4().hex,)
            connection.execute(
                "INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, "
                "dataset_profile) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*row, *identity, dataset["source_type"], dataset["source"], dataset["profile"]),
            )
        used = uuid.uuid4().hex
        connection.execute(
            "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id) "
            "VALUES (?, 'DATASET', ?, 'RUN', ?)",
            (used, *row, run_id),
        )
        connection.execute(
            "INSERT INTO input_tags (input_uuid, name, value) VALUES (?, 'mlflow.data.context', 'training')", (used,)
        )

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Write meanwhile all or nothing: to open and to close the database costs more than a run does."""
        with writing(self._database) as connection:
            self._open = connection
            try:
                yield
            finally:
                self._open = None

    def _writing(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return writing(self._database) if self._open is None else contextlib.nullcontext(self._open)


def direct(database: Path, experiment: str) -> Direct | None:
    """Return what writes into a database directly; None where its schema is one that nothing is known of."""
    return Direct(database, experiment) if is_compared(database) else None


def is_compared(database: Path) -> bool:
    """Tell whether a database has a schema on which writing directly was compared with MLflow's client."""
    with contextlib.closing(sqlite3.connect(database, timeout=_WAIT)) as connection:
        revisions = {revision for (revision,) in connection.execute("SELECT version_num FROM alembic_version")}
    return bool(revisions) and revisions <= COMPARED


def end_run(connection: sqlite3.Connection, run_id: str, status: str, ended: int | None) -> None:
    """Write how a run ended, and when (ms); None: it goes on, and what was there of an end stays.

    Raises
    ------
    Failure
        The run was deleted, or is not there.
    """
    changed = connection.execute(
        "UPDATE runs SET status = ?, end_time = coalesce(?, end_time) "
        "WHERE run_uuid = ? AND lifecycle_stage = 'active'",
        (status, ended, run_id),
    ).rowcount
    if changed != 1:
        raise _deleted(connection, run_id, "ended" if ended is not None else "taken up again")


def add_tags(connection: sqlite3.Connection, run_id: str, tags: Mapping[str, str]) -> None:
    """Write tags of a run over what they were; raises as `end_run` does."""
    active = "SELECT 1 FROM runs WHERE run_uuid = ? AND lifecycle_stage = 'active'"
    if connection.execute(active, (run_id,)).fetchone() is None:
        raise _deleted(connection, run_id, "written to")
    put_tags(connection, run_id, tags)


def mlflow_takes(
    params: Mapping[str, str], points: Sequence[Point], tags: Mapping[str, str], dataset: Mapping[str, str]
) -> bool:
    """Tell whether MLflow takes all of it as it is: it refuses what is too long, and should say so itself."""
    keys = [*params, *tags, *(name for name, _, _ in points)]
    return (
        all(0 < len(key) <= _KEY for key in keys)
        and all(len(value) <= _PARAM for value in params.values())
        and all(len(value) <= _TAG for value in tags.values())
        and len(dataset.get("name", "")) <= 500
        and len(dataset.get("source", "")) <= 65_535
        and len(dataset.get("profile", "")) <= 16_777_215
    )


def _values(
    connection: sqlite3.Connection, run_id: str, points: Sequence[Point], params: Mapping[str, str], at: int
) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
        [(name, float(value), at, run_id, int(step)) for name, step, value in points],
    )
    latest: dict[str, tuple[int, float]] = {}
    for name, step, value in points:  # of one time: the later step is the latest, of one step the greater value
        latest[name] = max(latest.get(name, (step, value)), (step, value))
    connection.executemany(
        "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?) "
        "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, "
        "step = excluded.step, is_nan = 0 "
        "WHERE (excluded.step, excluded.timestamp, excluded.value) > (step, timestamp, value)",
        [(name, float(value), at, int(step), run_id) for name, (step, value) in latest.items()],
    )
    connection.executemany(
        "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
        [(key, value, run_id) for key, value in params.items()],
    )


def put_tags(connection: sqlite3.Connection, run_id: str, tags: Mapping[str, str]) -> None:
    """Write tags of a run over what they were, whatever became of the run."""
    connection.executemany(
        "INSERT OR REPLACE INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
        [(key, value, run_id) for key, value in tags.items()],
    )


def _deleted(connection: sqlite3.Connection, run_id: str, what: str) -> Failure:
    (_, _, database) = connection.execute("PRAGMA database_list").fetchone()
    return Failure(
        f"run {run_id} in {database} cannot be {what}: it was deleted while it was written; give the same command "
        "again, which makes the run again"
    )
