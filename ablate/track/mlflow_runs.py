"""How each kind of run is written: in as few calls as MLflow allows."""

from __future__ import annotations

import contextlib
import getpass
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.track import owner, payload
from ablate.track.files import write_json, write_text
from ablate.track.known import run_tags
from ablate.track.layout import Layout
from ablate.track.ledger import CODE_TAG, SEQUENCE_TAG, StudyRun
from ablate.track.long_tags import split_tag
from ablate.track.places import run_folder
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.track.summary import Point, arm_points
from ablate.train.outcome import Outcome

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

_BATCH = 1_000  # metrics, parameters and tags together, in one call
_PARAMS = 100


class RunWriter:
    """Writes the runs of one study through MLflow's public client.

    A seed run of 80 curve values, 30 parameters and 20 tags costs 21 ms in four calls (create with all its tags 5,
    one batch 13, dataset input 2.4, end 2.4), nearly all of it SQLAlchemy's objects. Writing the tables directly
    would take 4 ms, and break with MLflow's next migration; the public client does not.
    """

    def __init__(
        self, client: MlflowClient, layout: Layout, experiment: str, study: StudyRecord, about: dict[str, str]
    ) -> None:
        self._client, self._layout, self._experiment, self._study = client, layout, experiment, study
        self._about = about
        self._shared = {
            "ablate.study": study.name,
            "ablate.key": study.key,
            "mlflow.user": _user(),
            "mlflow.source.name": study.command,
            "mlflow.source.type": "LOCAL",
        }
        # On every run: a study that is gone on with after a change to the code has runs of both.
        self._shared[CODE_TAG] = " ".join(filter(None, (about.get("ablate"), about.get("git_commit"))))
        if commit := about.get("git_commit"):
            self._shared["mlflow.source.git.commit"] = commit.removesuffix("+dirty")

    def study_run(self, found: StudyRun | None, *, sequence: int) -> tuple[str, Path]:
        """Create the study run, or take `found` up again. Return its id and its folder.

        `sequence` numbers the openings of the store.
        """
        tags = {
            **self._shared,
            **owner.process_tags(),
            **{f"ablate.provenance.{name}": value for name, value in self._about.items()},
            "ablate.kind": "study",
            "ablate.arms": str(len(self._study.run_arms)),
            SEQUENCE_TAG: str(sequence),
            **split_tag("ablate.seeds", json.dumps(list(self._study.seeds))),
            "mlflow.note.content": payload.study_note(self._study),
        }
        if found is not None:
            self._client.update_run(found.run_id, status="RUNNING")
            self._log(found.run_id, tags=tags)
            return found.run_id, run_folder(self._layout, self._study.name, found.run_id, found.artifact_uri)
        return self._create(self._study.name, tags, time.time())

    def study_counts(self, run_id: str, outcomes: Sequence[str], *, after: int) -> None:
        """Write how many seed runs the study holds, by outcome.

        `after` is the time (ms) of the counts that went before: MLflow shows the latest, and clocks are set back.
        """
        ended = Counter(outcomes)
        points: list[Point] = [("count/n", 0, float(len(outcomes)))]
        points += [(f"count/{outcome}", 0, float(ended[outcome])) for outcome in Outcome]
        self._log(run_id, points=points, earliest=after + 1)

    def arm_run(self, study_run: str, arm: ArmRecord, seconds: float) -> tuple[str, Path]:
        """Create an arm run that trained for `seconds`, still RUNNING. Return its id and its folder."""
        tags = {
            **self._shared,
            **payload.arm_tags(arm),
            "ablate.kind": "arm",
            "ablate.study_run": study_run,
            "mlflow.parentRunId": study_run,
        }
        run_id, folder = self._create(arm.label, tags, time.time() - seconds)
        write_json(folder / "config.json", arm.config)
        return run_id, folder

    def seed_run(self, study_run: str, arm_run: str, arm: ArmRecord, run: SeedRecord) -> str:
        """Write one seed run and end it: only an ended run counts as done. Return its id."""
        result = run.result
        tags = {
            **self._shared,
            **payload.arm_tags(arm),
            **payload.seed_tags(run),
            **run_tags(arm, result),
            "ablate.kind": "seed",
            "ablate.study_run": study_run,
            "mlflow.parentRunId": arm_run,
        }
        ended = time.time()
        run_id, folder = self._create(payload.run_name(arm, result.seed), tags, ended - result.took)
        write_json(folder / "config.json", arm.config)
        if result.error:
            write_text(folder / "error.txt", result.error)
        params = {"seed": str(result.seed), "outcome": str(result.outcome), **payload.flat(arm.config)}
        self._log(run_id, points=payload.seed_points(run), params=params)
        self._client.log_inputs(run_id, [_dataset(arm)])
        status = "FAILED" if result.outcome is Outcome.CRASHED else "FINISHED"
        self._client.set_terminated(run_id, status, end_time=int(ended * 1_000))
        return run_id

    def finish_arm(
        self,
        arm_run: str,
        arm: ArmRecord,
        outcomes: Sequence[str],
        rows: Sequence[tuple[str, str, int, float]],
        curves: set[str],
    ) -> None:
        """Write the summary of an arm over its seeds, and end it."""
        n, ended = len(outcomes), Counter(outcomes)
        tags = {"ablate.n": str(n)}
        tags |= {f"ablate.{outcome}": f"{ended[outcome]}/{n}" for outcome in Outcome}
        params = payload.flat(arm.config)
        self._log(arm_run, points=arm_points(outcomes, rows, curves), params=params, tags=tags)
        crashed = n > 0 and ended[Outcome.CRASHED] == n
        self._client.set_terminated(arm_run, "FAILED" if crashed else "FINISHED")

    def _create(self, name: str, tags: dict[str, str], started: float) -> tuple[str, Path]:
        run = self._client.create_run(
            self._experiment, start_time=int(started * 1_000), tags=_cut(tags), run_name=payload.text(name[:250])
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
        from mlflow.entities import Metric, Param, RunTag

        now = max(int(time.time() * 1_000), earliest)
        metrics = [Metric(name, value, now, step) for name, step, value in points]
        parameters = [Param(name, payload.text(value)) for name, value in (params or {}).items()]
        labels = [RunTag(name, value) for name, value in _cut(tags or {}).items()]
        while metrics or parameters or labels:
            head, parameters = parameters[:_PARAMS], parameters[_PARAMS:]
            marks, labels = labels[:_PARAMS], labels[_PARAMS:]
            room = _BATCH - len(head) - len(marks)
            values, metrics = metrics[:room], metrics[room:]
            self._client.log_batch(run_id, metrics=values, params=head, tags=marks)


def _dataset(arm: ArmRecord) -> DatasetInput:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    facts = {k: v for k, v in arm.facts.items() if isinstance(v, str | int | float | bool)}
    dataset = Dataset(
        name=str(arm.facts.get("dataset") or arm.facts.get("imported_from") or "unnamed"),
        digest=str(arm.facts.get("fingerprint", "unknown"))[:36],
        source_type="local",
        source=json.dumps({"fingerprint": str(arm.facts.get("fingerprint", ""))}),
        profile=json.dumps(facts),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _cut(tags: dict[str, str]) -> dict[str, str]:
    """Cut what only people read to what MLflow keeps; what is read back is split before (see `long_tags`)."""
    return {
        payload.text(name[:250]): payload.text(value if len(value) <= 8_000 else value[:7_999] + "…")
        for name, value in tags.items()
    }


def _user() -> str:
    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return "unknown"
