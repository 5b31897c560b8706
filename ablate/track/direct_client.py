"""What a session asks of MLflow's client, done in MLflow's tables where that was compared, and else by the client.

To import MLflow and to open a store through it takes two to three seconds of processor time: longer than anything
else of a command whose runs are all there. So the client is made only when something is asked of it that is not here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ablate.track.direct import add_tags, end_run, mlflow_takes
from ablate.track.patience import writing
from ablate.track.reading import read_only

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NAME, _PLACE, _EXPERIMENT_TAG = 250, 2_000, 5_000  # characters that every MLflow takes; of more it decides itself


@dataclass(frozen=True)
class Experiment:
    """What is known of an experiment, by the names of MLflow's own `Experiment`."""

    experiment_id: str
    artifact_location: str
    lifecycle_stage: str


class DirectClient:
    """MLflow's client on a local database whose schema is one of `direct.COMPARED`.

    Each method does row by row what the client's method of that name does, as one transaction; any other attribute is
    that of the client itself, which is made then.

    Parameters
    ----------
    make
        Makes the client.
    """

    def __init__(self, database: Path, make: Callable[[], MlflowClient]) -> None:
        self._database, self._make = database, make
        self._made: MlflowClient | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client(), name)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return the experiment of a name, in the trash or not; None where there is none."""
        ask = "SELECT experiment_id, artifact_location, lifecycle_stage FROM experiments WHERE name = ?"
        with read_only(self._database) as connection:
            row = connection.execute(ask, (name,)).fetchone()
        return None if row is None else Experiment(str(row[0]), *row[1:])

    def create_experiment(self, name: str, artifact_location: str, tags: Mapping[str, str]) -> str:
        """Make an experiment; return its id."""
        longest = max(map(len, tags.values()), default=0)
        if len(name) > _NAME or len(artifact_location) > _PLACE or longest > _EXPERIMENT_TAG:
            return str(self._client().create_experiment(name, artifact_location, dict(tags)))
        now = int(time.time() * 1_000)
        with writing(self._database) as connection:
            number = connection.execute(
                "INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time) "
                "VALUES (?, ?, 'active', ?, ?)",
                (name, artifact_location, now, now),
            ).lastrowid
            connection.executemany(
                "INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)",
                [(key, value, number) for key, value in tags.items()],
            )
        return str(number)

    def set_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag of a run over what it was."""
        if not mlflow_takes({}, (), {key: value}, {}):
            self._client().set_tag(run_id, key, value)
            return
        with writing(self._database) as connection:
            add_tags(connection, run_id, {key: value})

    def update_run(self, run_id: str, status: str) -> None:
        """Write the status of a run that goes on."""
        self._end(run_id, status, None)

    def set_terminated(self, run_id: str, status: str, end_time: int | None = None) -> None:
        """End a run; `end_time` in ms, by default now."""
        self._end(run_id, status, int(time.time() * 1_000) if end_time is None else end_time)

    def delete_run(self, run_id: str) -> None:
        """Put a run into the trash."""
        with read_only(self._database) as connection:
            assessed = connection.execute("SELECT 1 FROM assessments LIMIT 1").fetchone()
        if assessed is not None:  # MLflow takes those of the run away with it
            self._client().delete_run(run_id)
            return
        with writing(self._database) as connection:
            connection.execute(
                "UPDATE runs SET lifecycle_stage = 'deleted', deleted_time = ? WHERE run_uuid = ?",
                (int(time.time() * 1_000), run_id),
            )

    def _end(self, run_id: str, status: str, ended: int | None) -> None:
        with writing(self._database) as connection:
            end_run(connection, run_id, status, ended)

    def _client(self) -> MlflowClient:
        if self._made is None:
            self._made = self._make()
        return self._made


Client: TypeAlias = "MlflowClient | DirectClient"
