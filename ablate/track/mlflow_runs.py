"""How each kind of run is written: straight into MLflow's tables where they are known, else through its client."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.track import payload
from ablate.track.colours import colour_tags
from ablate.track.direct import Direct, direct, mlflow_takes
from ablate.track.files import write_json, write_text
from ablate.track.layout import Layout
from ablate.track.ledger import StudyRun
from ablate.track.places import run_folder
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.track.summary import Point, arm_points
from ablate.track.written import (
    FinishedRun,
    arm_ended,
    count_points,
    cut_for_mlflow,
    seed_written,
    shared_tags,
    study_tags,
)

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

    from ablate.track.direct_client import Client

_BATCH = 1_000  # metrics, parameters and tags together, in one call
_PARAMS = 100
_TOGETHER = 20
"""Seed runs in one transaction: what a kill may cost of them, beyond the one that is being written."""


class RunWriter:
    """Writes the runs of one study.

    Through MLflow's public client a seed run of 80 curve values, 30 parameters and 20 tags costs 21 ms in four calls
    (create with all its tags 5, one batch 13, dataset input 2.4, end 2.4), nearly all of it SQLAlchemy's objects.
    Written directly it is one transaction; of a schema that is not known the client is used (see `direct`).
    """

    def __init__(
        self, client: Client, layout: Layout, experiment: str, study: StudyRecord, about: dict[str, str]
    ) -> None:
        self._client, self._layout, self._experiment, self._study = client, layout, experiment, study
        self._direct = direct(layout.database, experiment)
        self._about, self._shared = about, shared_tags(study, about)

    def study_run(self, found: StudyRun | None, *, sequence: int) -> tuple[str, Path]:
        """Create the study run, or take `found` up again. Return its id and its folder.

        `sequence` numbers the openings of the store.
        """
        tags = study_tags(self._shared, self._about, self._study, sequence=sequence)
        if found is not None:
            self._client.update_run(found.run_id, status="RUNNING")
            self._log(found.run_id, tags=tags)
            return found.run_id, run_folder(self._layout, self._study.name, found.run_id, found.artifact_uri)
        return self._create(self._study.name, tags, int(time.time() * 1_000))

    def study_counts(self, run_id: str, outcomes: Sequence[str], *, after: int) -> None:
        """Write how many seed runs the study holds, by outcome.

        `after` is the time (ms) of the counts that went before: MLflow shows the latest, and clocks are set back.
        """
        self._log(run_id, points=count_points(outcomes), earliest=after + 1)

    def arm_run(self, study_run: str, arm: ArmRecord, seconds: float) -> tuple[str, Path]:
        """Create an arm run that trained for `seconds`, still RUNNING. Return its id and its folder."""
        tags = {
            **self._shared,
            **payload.arm_tags(arm),
            **colour_tags(self._study, arm),
            "ablate.kind": "arm",
            "ablate.study_run": study_run,
            "mlflow.parentRunId": study_run,
        }
        run_id, folder = self._create(arm.label, tags, int((time.time() - seconds) * 1_000))
        write_json(folder / "config.json", arm.config)
        return run_id, folder

    def seed_runs(self, study_run: str, arm_run: str, arm: ArmRecord, runs: Sequence[SeedRecord]) -> list[str]:
        """Write seed runs of an arm and end them: only an ended run counts as done. Return their ids."""
        parts = [runs[at : at + _TOGETHER] for at in range(0, len(runs), _TOGETHER)]
        return [run_id for part in parts for run_id in self._some(study_run, arm_run, arm, part)]

    def _some(self, study_run: str, arm_run: str, arm: ArmRecord, runs: Sequence[SeedRecord]) -> list[str]:
        """Write runs in one transaction; where that cannot be, one by one."""
        written = [self._seed_written(study_run, arm_run, arm, run) for run in runs]
        if self._direct is not None and all(map(_takes, written)):
            try:
                return self._directly(self._direct, arm, runs, written)
            except sqlite3.OperationalError:  # of a full disk, say: there may be room for some of them
                if len(runs) == 1:
                    raise
        elif len(runs) == 1:
            return [self._by_client(arm, runs[0], written[0])]
        return [run_id for run in runs for run_id in self._some(study_run, arm_run, arm, [run])]

    def _directly(
        self, direct: Direct, arm: ArmRecord, runs: Sequence[SeedRecord], written: Sequence[FinishedRun]
    ) -> list[str]:
        """Write the files of runs, then the runs: who finds one in the database finds its files."""
        places = [direct.place() for _ in runs]
        for place, run in zip(places, runs, strict=True):
            self._beside(run_folder(self._layout, self._study.name, *place), arm, run)
        at = int(time.time() * 1_000)
        with direct.together():
            for (run_id, _), one in zip(places, written, strict=True):
                direct.whole(
                    run_id, name=payload.text(one.name[:250]), tags=cut_for_mlflow(one.tags), params=one.params,
                    points=one.points, dataset=one.dataset, started=one.started, ended=one.ended, status=one.status,
                    at=at,
                )  # fmt: skip
        return [run_id for run_id, _ in places]

    def _by_client(self, arm: ArmRecord, run: SeedRecord, written: FinishedRun) -> str:
        run_id, folder = self._create(written.name, written.tags, written.started)
        self._beside(folder, arm, run)
        self._log(run_id, points=written.points, params=written.params)
        self._client.log_inputs(run_id, [dataset_input(written.dataset)])
        self._client.set_terminated(run_id, written.status, end_time=written.ended)
        return run_id

    def _seed_written(self, study_run: str, arm_run: str, arm: ArmRecord, run: SeedRecord) -> FinishedRun:
        written = seed_written(self._shared, arm, run, ended=time.time())
        tags = {**written.tags, "ablate.study_run": study_run, "mlflow.parentRunId": arm_run}
        return replace(written, tags=tags, params={key: payload.text(value) for key, value in written.params.items()})

    def finish_arm(
        self,
        arm_run: str,
        arm: ArmRecord,
        outcomes: Sequence[str],
        rows: Sequence[tuple[str, str, int, float]],
        curves: set[str],
    ) -> None:
        """Write the summary of an arm over its seeds, and end it."""
        tags, status = arm_ended(outcomes)
        points = arm_points(outcomes, rows, curves)
        params = {key: payload.text(value) for key, value in payload.flat_config(arm.config).items()}
        if self._direct is not None and mlflow_takes(params, points, cut_for_mlflow(tags), {}):
            ended = int(time.time() * 1_000)
            self._direct.finish(
                arm_run, tags=cut_for_mlflow(tags), params=params, points=points, status=status, ended=ended
            )
            return
        self._log(arm_run, points=points, params=params, tags=tags)
        self._client.set_terminated(arm_run, status)

    def _beside(self, folder: Path, arm: ArmRecord, run: SeedRecord) -> None:
        write_json(folder / "config.json", arm.config)
        if run.result.error:
            write_text(folder / "error.txt", run.result.error)

    def _create(self, name: str, tags: dict[str, str], started: int) -> tuple[str, Path]:
        if self._direct is not None and mlflow_takes({}, (), cut_for_mlflow(tags), {}):
            run_id, place = self._direct.begin(payload.text(name[:250]), cut_for_mlflow(tags), started)
            return run_id, run_folder(self._layout, self._study.name, run_id, place)
        run = self._client.create_run(
            self._experiment, start_time=started, tags=cut_for_mlflow(tags), run_name=payload.text(name[:250])
        )
        run_id = run.info.run_id
        return run_id, run_folder(self._layout, self._study.name, run_id, run.info.artifact_uri)

    def _log(
        self,
        run_id: str,
        *,
        points: Sequence[Point] = (),
        params: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        earliest: int = 0,
    ) -> None:
        now = max(int(time.time() * 1_000), earliest)
        kept = cut_for_mlflow(tags or {})
        if self._direct is not None and not params and mlflow_takes({}, points, kept, {}):
            self._direct.add(run_id, tags=kept, points=points, at=now)
            return
        log_batches(self._client, run_id, points=points, params=params, tags=tags, at=now)


def _takes(written: FinishedRun) -> bool:
    return mlflow_takes(written.params, written.points, cut_for_mlflow(written.tags), written.dataset)


def log_batches(
    client: Client,
    run_id: str,
    *,
    at: int,
    points: Sequence[Point] = (),
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write metrics, parameters and tags of a run in as few calls as MLflow's limits allow.

    Parameters
    ----------
    at
        The time of the metrics, milliseconds since 1970. What is written again with the same time is there once.
    """
    from mlflow.entities import Metric, Param, RunTag

    metrics = [Metric(name, value, at, step) for name, step, value in points]
    parameters = [Param(name, payload.text(value)) for name, value in (params or {}).items()]
    labels = [RunTag(name, value) for name, value in cut_for_mlflow(tags or {}).items()]
    while metrics or parameters or labels:
        head, parameters = parameters[:_PARAMS], parameters[_PARAMS:]
        marks, labels = labels[:_PARAMS], labels[_PARAMS:]
        room = _BATCH - len(head) - len(marks)
        values, metrics = metrics[:room], metrics[room:]
        client.log_batch(run_id, metrics=values, params=head, tags=marks)


def dataset_input(fields: Mapping[str, str]) -> DatasetInput:
    """Return a data set (see `FinishedRun.dataset`) as the input of a run that was trained with it."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    return DatasetInput(Dataset(**fields), [InputTag("mlflow.data.context", "training")])
