"""Drivers that were killed: their runs are closed for them, and their processes are named to those who tidy up."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from ablate.track import ledger, owner
from ablate.track.direct_client import Client
from ablate.track.layout import Layout
from ablate.track.reading import read_only


def bury(layout: Layout, client: Client) -> list[ledger.StudyRun]:
    """Mark the runs of dead drivers `KILLED`: SIGKILL leaves them RUNNING for ever. Return the studies.

    A study whose lock can be taken has no live driver. The one being opened is locked by us, so it is treated by
    its session, which goes on with it.
    """
    with read_only(layout.database) as connection:
        running = [run for run in ledger.study_runs(connection) if run.status == "RUNNING"]
        below = {run.run_id: ledger.running_children(connection, run.run_id) for run in running}
    dead = []
    for run in running:
        lock = owner.take_lock(layout, run.name, run.key)
        if lock is None:
            continue
        try:
            for child in below[run.run_id]:
                client.set_terminated(child, "KILLED")
            client.set_terminated(run.run_id, "KILLED")
            dead.append(run)
        finally:
            lock.release()
    return dead


def killed_here(runs: Sequence[ledger.StudyRun]) -> list[int]:
    """Return the processes of this machine that opened runs which are `RUNNING` still, and are not run any more."""
    return [
        int(run.tags["ablate.pid"])
        for run in runs
        if run.status == "RUNNING"
        and run.tags.get("ablate.host") == (platform.node() or "unknown")
        and run.tags.get("ablate.pid", "").isdecimal()
    ]
