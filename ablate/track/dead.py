"""Drivers that were killed: their runs are closed for them."""

from __future__ import annotations

from ablate.track import ledger, owner
from ablate.track.direct_client import Client
from ablate.track.layout import Layout
from ablate.track.reading import read_only


def bury(layout: Layout, client: Client) -> None:
    """Mark the runs of dead drivers `KILLED`: SIGKILL leaves them RUNNING for ever.

    A study whose lock can be taken has no live driver. The one being opened is locked by us, so it is treated by
    its session, which goes on with it.
    """
    with read_only(layout.database) as connection:
        running = [run for run in ledger.study_runs(connection) if run.status == "RUNNING"]
        below = {run.run_id: ledger.running_children(connection, run.run_id) for run in running}
    for run in running:
        lock = owner.take_lock(layout, run.name, run.key)
        if lock is None:
            continue
        try:
            for child in below[run.run_id]:
                client.set_terminated(child, "KILLED")
            client.set_terminated(run.run_id, "KILLED")
        finally:
            lock.release()
