"""One open study on a server: every write goes into the spool first, and from there to the server."""

from __future__ import annotations

import dataclasses
import logging
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ablate.errors import Failure
from ablate.identity import digest
from ablate.track import ledger, payload
from ablate.track.colours import colour_tags
from ablate.track.files import merge_arrays, merge_correctness, write_json, write_text
from ablate.track.history import HASH_TAG, TIME_TAG
from ablate.track.ledger import ASIDE, KIND_TAG
from ablate.track.mlflow_runs import log_batches
from ablate.track.provenance import provenance
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.track.server.courier import Courier
from ablate.track.server.link import Away, Refused, ServerLink
from ablate.track.server.opening import REGISTERED, events_of, experiment_of, stored_registration, study_opened
from ablate.track.server.runs import CURVES, ServerRun, runs_below, study_twins, write_curves
from ablate.track.server.spool import Spool
from ablate.track.store import StudySession
from ablate.track.written import seed_written, shared_tags
from ablate.train.outcome import Outcome

if TYPE_CHECKING:
    from filelock import FileLock

_ASIDE_TAG = "ablate.setting_aside"
_PATIENCE = (0.3, 1.0)  # seconds, before a delivery that failed is tried again at once
_PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)  # seconds, in which a server that is away is not asked again
_log = logging.getLogger("ablate.track")


class ServerSession(StudySession):
    """One open study run on a server.

    What is logged waits on disk until the server has it. Where the server is away the study goes on; what it could not
    take is brought later, by the next write, by `close`, by the next command on this store, or by `ablate sync`.
    """

    def __init__(self, link: ServerLink, root: Path, study: StudyRecord, lock: FileLock) -> None:
        self.study, self._link, self._root, self._lock, self._open = study, link, root, lock, True
        self._spool = Spool(root, link.uri)
        self._courier = Courier(link, self._spool)
        self._token = secrets.token_hex(6)
        self._failed, self._not_before, self._waited = 0, 0.0, False
        about = provenance(root)
        self._shared = shared_tags(study, about)
        self._experiment = experiment_of(link, study)
        mine = study_opened(link, self._experiment, study, self._shared, about)
        self.run_id = mine.run_id
        runs = runs_below(link, self._experiment, study.key)
        self._order = max((run.order for run in runs), default=0)
        self._finished = set(ledger.identities(run.child for run in runs))
        self._events = events_of(study_twins(link, self._experiment, study.key))
        if mine.tags.get(_ASIDE_TAG) == "true":
            self.set_aside()  # a kill came between
        self._repair(runs)

    def finished(self) -> frozenset[str]:
        """Return the identities of the seed runs that are finished, those that wait for the server too."""
        return frozenset(self._finished)

    def log_arm(
        self, arm: ArmRecord, runs: Sequence[SeedRecord], *, files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Keep newly finished seed runs of one arm, and bring them to the server where it answers."""
        now = time.time()
        self._order = max(int(now * 1_000), self._order + 1)
        written = [(run, seed_written(self._shared, arm, run, ended=now)) for run in runs]
        curves = {run.identity: sorted(payload.curve_keys(run).values()) for run in runs}
        lines = [
            {**dataclasses.asdict(seed_run), "error": run.result.error or "", "curves": curves[run.identity]}
            for run, seed_run in written
        ]
        arm_run = {
            "name": arm.label,
            "started": int((now - sum(run.result.took for run in runs)) * 1_000),
            "tags": {
                **self._shared,
                **payload.arm_tags(arm),
                **colour_tags(self.study, arm),
                KIND_TAG: "arm",
            },
            "params": payload.flat_config(arm.config),
        }
        with self._spool.writing(), tempfile.TemporaryDirectory(prefix="ablate-") as place:
            folder = Path(place)
            points = {r.result.seed: [p for p in w.points if p[0] in curves[r.identity]] for r, w in written}
            write_curves(folder / CURVES, points)
            merge_correctness([], folder, runs)
            merge_arrays([], folder, runs)
            write_json(folder / "config.json", arm.config)
            head = {
                **self._head("arm"), "arm_id": arm.id, "arm": arm_run, "at": int(now * 1_000), "order": self._order,
                "files": sorted(path.name for path in folder.iterdir()),
            }  # fmt: skip
            with self._spool.put(head, lines) as putting:
                for path in folder.iterdir():
                    shutil.copyfile(path, putting.parcel.files / path.name)
                for name, text in files.items():
                    write_text(putting.parcel.texts / name, text)
        for run in runs:
            if run.result.outcome != Outcome.CRASHED:
                self._finished.add(run.identity)
        self._send()

    def set_aside(self) -> int:
        """Let none of the seed runs that are finished count any more; return how many there were. They are kept."""
        self._courier.deliver()
        runs = [r for r in runs_below(self._link, self._experiment, self.study.key) if r.child.kind == "seed"]
        with self._link.answers():
            client = self._link.client
            client.set_tag(self.run_id, _ASIDE_TAG, "true")
            for run in runs:
                client.set_tag(run.child.run_id, KIND_TAG, ASIDE)
            client.set_tag(self.run_id, _ASIDE_TAG, "false")
        self._finished.clear()
        return sum(run.child.done for run in runs)

    def register(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what was fixed before the runs; the first stands, whoever of two drivers wrote it.

        The server itself decides: a parameter that has a value takes no other.
        """
        client, twins = self._link.client, study_twins(self._link, self._experiment, self.study.key)
        if (standing := stored_registration(self._link, twins)) is not None:
            if not any(HASH_TAG in twin.tags for twin in twins):  # its process was ended before it said so
                self._tag_registration(standing)
            return standing
        name = digest(document)
        self._link.put_json(self.run_id, f"registrations/{name}.json", document)
        try:
            with self._link.answers():
                client.log_param(self.run_id, REGISTERED, name)
        except Refused:
            twins = study_twins(self._link, self._experiment, self.study.key)
            if (standing := stored_registration(self._link, twins)) is None:
                raise
            return standing
        self._tag_registration(document)
        return dict(document)

    def _tag_registration(self, document: Mapping[str, Any]) -> None:
        tags = {HASH_TAG: str(document["sha256"]), TIME_TAG: str(document["time"])}
        with self._link.answers():
            log_batches(self._link.client, self.run_id, tags=tags, at=0)

    def note(self, event: Mapping[str, Any]) -> None:
        """Add an event to the history of the study run."""
        self._events.append(dict(event))
        with self._spool.writing(), self._spool.put({**self._head("event"), "event": dict(event)}):
            pass
        self._send()

    def history(self) -> list[dict[str, Any]]:
        """Return the events of the study run, the earliest first."""
        return list(self._events)

    def close(self, status: str) -> None:
        """End the session; what the server could not take so far is tried once more."""
        if not self._open:
            return
        self._open = False
        try:
            end = {**self._head("close"), "status": status, "at": int(time.time() * 1_000)}
            with self._spool.writing(), self._spool.put(end):
                pass
            self._not_before = 0.0
            self._send()
            if self._waited and not self._spool.waiting():
                _log.warning("%s answers again, and has everything", self._link.uri)
        finally:
            self._lock.release()

    def _head(self, what: str) -> dict[str, Any]:
        return {
            "what": what,
            "study": self.study.name,
            "key": self.study.key,
            "experiment": self._experiment,
            "study_run": self.run_id,
            "session": self._token,
        }

    def _send(self) -> None:
        """Deliver what waits; where the server cannot take it, go on without, and ask again after a while."""
        if time.monotonic() < self._not_before:
            return
        for pause in (*_PATIENCE, None):
            try:
                self._courier.deliver()
            except (Away, Refused) as error:  # refused: another driver may have gathered the same arm meanwhile
                if pause is not None and self._failed == 0:
                    time.sleep(pause)
                    continue
                self._wait(error)
            else:
                self._failed, self._not_before = 0, 0.0
            return

    def _wait(self, error: Failure) -> None:
        self._not_before = time.monotonic() + _PAUSES[min(self._failed, len(_PAUSES) - 1)]
        self._failed += 1
        self._waited = True
        if self._failed == 1 or not self._open:
            _log.warning("%s", waiting_line(self._spool, error))

    def _repair(self, runs: Sequence[ServerRun]) -> None:
        """Bring every planned arm to one arm run that holds all its seeds: two drivers may each have made one."""
        for arm in self.study.run_arms:
            heads = [r for r in runs if r.child.kind == "arm" and r.child.arm_id == arm.id]
            seeds = [r for r in runs if r.child.kind == "seed" and r.child.arm_id == arm.id]
            whole = len(heads) == 1 and all(seed.child.parent == heads[0].child.run_id for seed in seeds)
            if (heads or seeds) and not whole:
                self.log_arm(arm, [])


def waiting_line(spool: Spool, error: Failure) -> str:
    """Return what a user should know of results that wait: how many, where, and how they are delivered."""
    count = spool.results()
    what = {0: "what was noted waits", 1: "1 finished run waits"}.get(count, f"{count} finished runs wait")
    return (
        f"{error}; {what} in {spool.folder}, nothing is lost: `ablate sync` or the next command on this server "
        "delivers it"
    )
