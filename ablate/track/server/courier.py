"""Delivering parcels: every step looks whether it was done, so that one that broke off is gone on with.

Of a seed run that exists under its parcel's token only what is missing is written; MLflow keeps a value once that is
written again with its time, a parameter and a tag too. A run whose identity the server has finished from another
parcel is not written a second time.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ablate.track import ledger
from ablate.track.ledger import KIND_TAG
from ablate.track.long_tags import split_tag
from ablate.track.mlflow_runs import dataset_input, log_batches
from ablate.track.server.link import Conflict, Refused, ServerLink
from ablate.track.server.runs import (
    FILES_TAG,
    ORDER_TAG,
    TOKEN_TAG,
    Row,
    ServerRun,
    counts,
    last_runs,
    metric_rows,
    runs_below,
    study_twins,
)  # fmt: skip
from ablate.track.server.spool import Parcel, Spool
from ablate.track.summary import arm_points
from ablate.track.written import arm_ended, count_points, cut_for_mlflow

_AT_ONCE = 4
_PAUSES = (0.1, 0.3, 1.0, 3.0)  # seconds, before a parcel that met another request is brought again
SESSION_TAG = "ablate.session"
EVENT_TAG = "ablate.event."


class Courier:
    """Brings what waits in a spool to its server."""

    def __init__(self, link: ServerLink, spool: Spool) -> None:
        self._link, self._spool = link, spool

    def deliver(self) -> int:
        """Deliver everything that waits, the oldest first; return how many seed runs that were.

        Raises
        ------
        Failure
            The server is away or refuses (see `link`); what was not delivered waits on.
        """
        if not self._spool.waiting():
            return 0
        count = 0
        with self._spool.held():
            for parcel in self._spool.waiting():  # again: another process may have been faster
                self._one(parcel)
                self._spool.drop(parcel)
                count += len(parcel.runs)
        return count

    def _one(self, parcel: Parcel) -> None:
        bring = {"arm": self._arm, "event": self._event, "close": self._close}[parcel.head["what"]]
        for pause in _PAUSES:
            try:
                bring(parcel)
            except Conflict:  # a second driver, or a request of ours whose answer came too late
                time.sleep(pause)
            else:
                return
        bring(parcel)

    def _event(self, parcel: Parcel) -> None:
        key = f"{EVENT_TAG}{parcel.number:020d}-{parcel.token}"
        with self._link.answers():
            tags = split_tag(key, json.dumps(parcel.head["event"], ensure_ascii=False))
            log_batches(self._link.client, parcel.head["study_run"], tags=tags, at=0)

    def _close(self, parcel: Parcel) -> None:
        head = parcel.head
        runs = runs_below(self._link, head["experiment"], head["key"])
        client = self._link.client
        with self._link.answers():
            for run in runs:
                # A run that was made by a request whose answer came too late: its parcel has another one.
                if run.child.status == "RUNNING" and run.tags.get(SESSION_TAG) == head["session"]:
                    client.delete_run(run.child.run_id)
            ended = [run.child.outcome for run in last_runs(runs).values()]
            log_batches(client, head["study_run"], points=count_points(ended), at=head["at"])
            client.set_terminated(head["study_run"], head["status"], end_time=head["at"])

    def _arm(self, parcel: Parcel) -> None:
        head = parcel.head
        before = runs_below(self._link, head["experiment"], head["key"], arm=head["arm_id"])
        mine = {(run.child.kind, run.child.seed): run for run in before if run.tags.get(TOKEN_TAG) == parcel.token}
        theirs = [run for run in before if run.tags.get(TOKEN_TAG) != parcel.token]
        finished = {run.child.identity for run in theirs if counts(run.child)}
        runs = [run for run in parcel.runs if run["tags"]["ablate.identity"] not in finished]
        if parcel.runs and not runs:
            return  # another driver was faster with all of it
        self._files(parcel)
        started = mine.get(("arm", None))
        arm_run = started.child.run_id if started is not None else self._create(parcel, head["arm"], head["study_run"])
        self._texts(parcel, arm_run, theirs)
        told = [(run, mine.get(("seed", int(run["tags"]["ablate.seed"])))) for run in runs]
        todo = [(run, stored) for run, stored in told if stored is None or not stored.child.done]
        with ThreadPoolExecutor(_AT_ONCE) as pool:  # a server far away is waited for, four seeds at a time
            list(pool.map(lambda one: self._seed(parcel, one[0], arm_run, one[1]), todo))
        self._gather(parcel, arm_run, theirs, runs)

    def _gather(
        self, parcel: Parcel, arm_run: str, theirs: Sequence[ServerRun], runs: Sequence[dict[str, Any]]
    ) -> None:
        """Bring the earlier seeds of an arm under its new arm run, sum all of them up, and let the former ones go."""
        client, head = self._link.client, parcel.head
        with self._link.answers():
            for run in theirs:
                if run.child.kind in ("seed", ledger.ASIDE) and run.child.parent != arm_run:
                    client.set_tag(run.child.run_id, "mlflow.parentRunId", arm_run)
        new_seeds = {int(run["tags"]["ablate.seed"]) for run in runs}
        earlier = [run for run in last_runs(theirs).values() if run.child.seed not in new_seeds]
        twins = study_twins(self._link, head["experiment"], head["key"]) if earlier else []
        rows = metric_rows(self._link, earlier, {run.run_id: run.artifact_uri for run in twins})
        curves = {key for run in earlier for key in run.curves}
        for new in runs:
            rows += [_row(new["name"], point) for point in new["points"]]
            curves |= set(new["curves"])
        outcomes = [run.child.outcome for run in earlier] + [new["tags"]["ablate.outcome"] for new in runs]
        tags, status = arm_ended(outcomes)
        points = arm_points(outcomes, rows, curves)
        with self._link.answers():
            log_batches(client, arm_run, points=points, params=head["arm"]["params"], tags=tags, at=head["at"])
            client.set_terminated(arm_run, status, end_time=head["at"])
        for old in theirs:
            if old.child.kind == "arm" and old.child.run_id != arm_run:
                self._let_go(old.child.run_id)

    def _seed(self, parcel: Parcel, run: dict[str, Any], arm_run: str, known: ServerRun | None) -> None:
        client = self._link.client
        run_id = known.child.run_id if known is not None else self._create(parcel, run, arm_run)
        points = [_row("", point)[1:] for point in run["points"]]
        with self._link.answers():
            log_batches(client, run_id, points=points, params=run["params"], at=run["ended"])
            client.log_inputs(run_id, [dataset_input(run["dataset"])])
            if run["error"]:
                client.log_text(run_id, run["error"], "error.txt")
            client.set_terminated(run_id, run["status"], end_time=run["ended"])

    def _create(self, parcel: Parcel, run: dict[str, Any], parent: str) -> str:
        head = parcel.head
        tags = {
            **run["tags"], "ablate.study_run": head["study_run"], "mlflow.parentRunId": parent,
            TOKEN_TAG: parcel.token, ORDER_TAG: str(head["order"]), SESSION_TAG: head["session"],
        }  # fmt: skip
        if run["tags"][KIND_TAG] == "seed":
            tags[FILES_TAG] = " ".join([head["study_run"], *head["files"]])
        with self._link.answers():
            made = self._link.client.create_run(
                head["experiment"], start_time=run["started"], tags=cut_for_mlflow(tags), run_name=run["name"][:250]
            )
        return str(made.info.run_id)

    def _files(self, parcel: Parcel) -> None:
        if any(parcel.files.iterdir()):
            with self._link.answers():
                place = f"runs/{parcel.token}"
                self._link.client.log_artifacts(parcel.head["study_run"], str(parcel.files), place)

    def _texts(self, parcel: Parcel, arm_run: str, theirs: Sequence[ServerRun]) -> None:
        """Put the texts of an arm beside its arm run, and those of the former one that are not written anew."""
        client = self._link.client
        with self._link.answers(), tempfile.TemporaryDirectory(prefix="ablate-") as folder:
            if any(parcel.texts.iterdir()):
                client.log_artifacts(arm_run, str(parcel.texts))
            new = {path.name for path in parcel.texts.iterdir()}
            for old in theirs:
                if old.child.kind != "arm" or old.child.run_id == arm_run:
                    continue
                kept = [one.path for one in client.list_artifacts(old.child.run_id) if not one.is_dir]
                places = [f"{old.child.artifact_uri}/{name}" for name in kept if name not in new]
                new |= set(kept)
                for place in self._link.fetch(places, Path(tempfile.mkdtemp(dir=folder))):
                    client.log_artifact(arm_run, str(place))

    def _let_go(self, run_id: str) -> None:
        try:
            with self._link.answers():
                self._link.client.delete_run(run_id)
        except Refused:
            with self._link.answers():  # another driver was faster
                if self._link.client.get_run(run_id).info.lifecycle_stage == "active":
                    raise


def _row(run: str, point: Sequence[Any]) -> Row:
    key, step, value = point
    return run, str(key), int(step), float(value)
