"""Studies in MLflow: a run per study, below it a run per arm, below it a run per seed. Only the driver writes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ablate.errors import Failure
from ablate.identity import made_by
from ablate.track import history, ledger, owner, payload
from ablate.track.curve_names import curve_names
from ablate.track.database import fold_journal, link_for_plain_ui
from ablate.track.dead import bury
from ablate.track.direct_client import Client
from ablate.track.earlier_runs import FINGERPRINT
from ablate.track.files import merge_arrays, merge_correctness, merge_texts
from ablate.track.layout import Layout
from ablate.track.mlflow_runs import RunWriter
from ablate.track.mlflow_store import open_client, plain_errors
from ablate.track.patience import until_free
from ablate.track.places import is_here, run_folder
from ablate.track.provenance import provenance
from ablate.track.reading import read_only
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.track.store import StudySession
from ablate.track.trash import REMOVED, half_removed

if TYPE_CHECKING:
    from filelock import FileLock

_ASIDE_TAG = "ablate.setting_aside"


class MlflowTracker:
    """Studies in `mlruns/mlflow.db` under `root`.

    Attributes
    ----------
    root
        The folder that contains `mlruns/`.
    warnings
        What `open` found that the user should know (plain `mlflow ui` will not find the runs, say).
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.layout = Layout(self.root)
        self.warnings: list[str] = []

    def open(self, study: StudyRecord) -> MlflowSession:
        """Open a study run, or go on with the one that has the same name and key.

        Raises
        ------
        Failure
            Another live process runs this study; `mlruns/` or the database cannot be used (see
            `database.check_database`).
        """
        with owner.store_lock(self.layout):
            lock = owner.take_lock(self.layout, study.name, study.key)
            if lock is None:
                raise _taken(self.layout, study)
            try:
                client = open_client(self.layout)
                warning = link_for_plain_ui(self.layout)
                self.warnings = [warning] if warning else []
                with plain_errors(self.layout):
                    bury(self.layout, client)
                    return MlflowSession(self.layout, client, study, lock)
            except BaseException:
                lock.release()
                raise


class MlflowSession(StudySession):
    """One open study run, and the lock that makes this process its only writer."""

    def __init__(self, layout: Layout, client: Client, study: StudyRecord, lock: FileLock) -> None:
        self.layout, self.study = layout, study
        self._client, self._lock, self._open = client, lock, True
        self._about = provenance(layout.root)
        self._experiment = _experiment(client, layout, study)
        self._writer = RunWriter(client, layout, self._experiment, study, self._about)
        with read_only(layout.database) as connection:
            earlier = ledger.find_study(connection, study.name, study.key)
            sequence = ledger.next_sequence(connection)
        self.run_id, self.folder = self._writer.study_run(earlier, sequence=sequence)
        history.write_plan(self.folder, payload.plan(study))
        self._bury_children()
        self._arms = self._children()
        if earlier is not None and earlier.tags.get(_ASIDE_TAG) == "true":
            self.set_aside()  # a kill came between
        self._sign()
        self._repair()

    def finished(self) -> frozenset[str]:
        """Return the identities of the seed runs that are finished (with any outcome but `crashed`)."""
        return ledger.identities(self._runs())

    def log_arm(
        self, arm: ArmRecord, runs: Sequence[SeedRecord], *, files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Write newly finished seed runs of one arm, and bring the arm's summary up to date.

        An arm that grows gets a new arm run, under which its earlier seeds are moved: MLflow appends to a metric
        and never replaces it, so a second mean would be drawn beside the first.
        """
        with plain_errors(self.layout):
            until_free(self.layout.database)
            self._write_arm(arm, runs, files)

    def set_aside(self) -> int:
        """Let none of the seed runs that are finished count any more; return how many there were. They are kept.

        Begun and interrupted, it is done to its end when the study is opened again.
        """
        with plain_errors(self.layout):
            self._client.set_tag(self.run_id, _ASIDE_TAG, "true")
            counted = [run for run in self._runs() if run.kind == "seed"]
            for run in counted:
                self._client.set_tag(run.run_id, ledger.KIND_TAG, ledger.ASIDE)
            self._client.set_tag(self.run_id, _ASIDE_TAG, "false")
            self._arms = self._children()
        return sum(run.done for run in counted)

    def register(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what was fixed before the runs, as a file and by its hash and time on the run. The first stands."""
        with plain_errors(self.layout):
            registered = history.write_registration(self.folder, document)
            with read_only(self.layout.database) as connection:
                tagged = self.run_id in ledger.own_tags(connection, history.HASH_TAG)
            if not tagged:
                self._client.set_tag(self.run_id, history.TIME_TAG, registered["time"])
                self._client.set_tag(self.run_id, history.HASH_TAG, registered["sha256"])  # last: it stands for both
        return registered

    def note(self, event: Mapping[str, Any]) -> None:
        """Add an event to the history of the study run."""
        with plain_errors(self.layout):
            history.append_event(self.folder, event)

    def history(self) -> list[dict[str, Any]]:
        """Return the events of the study run, the earliest first."""
        return history.read_history(self.folder)

    def close(self, status: str) -> None:
        """End the session: `FINISHED`, `FAILED` or `KILLED`. Runs that were being written are marked `KILLED`."""
        if not self._open:
            return
        self._open = False
        try:
            with plain_errors(self.layout):
                until_free(self.layout.database)
                self._bury_children()
                with read_only(self.layout.database) as connection:
                    before = ledger.last_metric_time(connection, self.run_id)
                ended = [run.outcome for run in ledger.last_per_seed(self._runs()).values()]
                self._writer.study_counts(self.run_id, ended, after=before)
                self._client.set_terminated(self.run_id, status)
                fold_journal(self.layout)
        finally:
            self._lock.release()

    def _children(self) -> dict[str, list[ledger.Child]]:
        """Return the runs below, by the arm they belong to: an arm is looked up once for every time it is written."""
        by_arm: dict[str, list[ledger.Child]] = {}
        with read_only(self.layout.database) as connection:
            for run in ledger.children(connection, self.run_id):
                by_arm.setdefault(run.arm_id, []).append(run)
        return by_arm

    def _runs(self) -> Iterator[ledger.Child]:
        return itertools.chain.from_iterable(self._arms.values())

    def _bury_children(self) -> None:
        with read_only(self.layout.database) as connection:
            running = ledger.running_children(connection, self.run_id)
        for run_id in running:
            self._client.set_terminated(run_id, "KILLED")

    def _sign(self) -> None:
        """Write the fingerprint on runs that a plan found by their old one: from now on a change to it shows."""
        arms = {arm.id: made_by(arm.facts) for arm in self.study.run_arms if "sources" in arm.facts}
        if not arms:
            return
        with read_only(self.layout.database) as connection:
            signed = ledger.tags_of(connection, self.run_id, FINGERPRINT)
        for run in self._runs():
            if run.kind == "seed" and run.arm_id in arms and run.run_id not in signed:
                self._client.set_tag(run.run_id, FINGERPRINT, arms[run.arm_id])

    def _repair(self) -> None:
        """Bring every planned arm to one arm run that holds all its seeds: a kill may have left it between steps."""
        for arm in self.study.run_arms:
            heads = [run for run in self._arms.get(arm.id, ()) if run.kind == "arm"]
            seeds = [run for run in self._arms.get(arm.id, ()) if run.kind == "seed"]
            whole = len(heads) == 1 and heads[0].done and all(seed.parent == heads[0].run_id for seed in seeds)
            if (heads or seeds) and not whole:
                self._write_arm(arm, [], {})

    def _write_arm(self, arm: ArmRecord, runs: Sequence[SeedRecord], files: Mapping[str, str]) -> None:
        # Every step leaves a state that `_repair` brings to its end: seeds count once they are terminated, and the
        # arm runs that went before are deleted last.
        before = self._arms.get(arm.id, [])
        heads = [r for r in before if r.kind == "arm"]
        head, folder = self._writer.arm_run(self.run_id, arm, sum(run.result.took for run in runs))
        earlier = [run_folder(self.layout, self.study.name, h.run_id, h.artifact_uri) for h in heads]
        merge_correctness(earlier, folder, runs)
        merge_arrays(earlier, folder, runs)
        merge_texts(earlier, folder, files)
        written = self._writer.seed_runs(self.run_id, head, arm, runs)
        for seed in before:
            if (
                seed.kind in ("seed", ledger.ASIDE) and seed.parent != head
            ):  # killed ones too, or they would show at the top
                self._client.set_tag(seed.run_id, "mlflow.parentRunId", head)
        with read_only(self.layout.database) as connection:
            below = ledger.children_among(connection, [run.run_id for run in before if run not in heads] + written)
            seeds = list(ledger.last_per_seed(below).values())
            ids = [seed.run_id for seed in seeds]
            rows = ledger.metric_rows_of(connection, ids)
            named = curve_names(connection, self.run_id, among=ids)
        curves = {name for names in named.values() for name in names}
        self._writer.finish_arm(head, arm, [seed.outcome for seed in seeds], rows, curves)
        for old in heads:
            self._client.delete_run(old.run_id)
        with read_only(self.layout.database) as connection:
            self._arms[arm.id] = ledger.children_among(connection, [run.run_id for run in below] + [head])


def _taken(layout: Layout, study: StudyRecord) -> Failure:
    try:
        with read_only(layout.database) as connection:
            running = ledger.find_study(connection, study.name, study.key)
    except Failure:
        running = None
    tags = running.tags if running else {}
    who = f"pid {tags.get('ablate.pid', 'unknown')} on host {tags.get('ablate.host', 'unknown')}"
    return Failure(
        f"study {study.name} is being run by {who} since {tags.get('ablate.opened', 'a moment ago')}: "
        "wait for it, or end that process and give the same command again (it goes on from there)"
    )


def _experiment(client: Client, layout: Layout, study: StudyRecord) -> str:
    experiment = client.get_experiment_by_name(study.name)
    if experiment is None:
        with read_only(layout.database) as connection:
            if any(name.startswith(f"{study.name}{REMOVED}") for name in ledger.experiment_names(connection)):
                raise half_removed(study.name)
        return str(
            client.create_experiment(
                study.name,
                artifact_location=layout.study_artifacts(study.name).as_uri(),
                tags={
                    "mlflow.experimentKind": "custom_model_development",
                    "mlflow.note.content": payload.study_note(study),
                    "ablate.study": study.name,
                },
            )
        )
    if experiment.lifecycle_stage != "active":
        number = experiment.experiment_id
        raise Failure(
            f"the experiment {study.name} is in MLflow's trash: "
            f"`MLFLOW_TRACKING_URI={layout.uri} mlflow experiments restore -x {number}` brings it back, "
            f"`mlflow gc --backend-store-uri {layout.uri} --experiment-ids {number}` removes it for good"
        )
    if not is_here(layout, experiment.artifact_location):
        raise Failure(
            f"the store has an experiment named {study.name} that was not made by ablate and keeps its files elsewhere "
            f"({experiment.artifact_location}): give the study another name; nothing was changed"
        )
    return str(experiment.experiment_id)
