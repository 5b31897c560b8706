"""Studies of the local store put into MLflow's trash, and brought back; never while somebody runs them."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ablate.errors import Failure, UserError
from ablate.track import ledger, owner
from ablate.track import trash as bin_of
from ablate.track.database import exists
from ablate.track.layout import Layout
from ablate.track.mlflow_store import connect, plain_errors
from ablate.track.read import found_study
from ablate.track.reading import read_only


def trash(root: Path, name: str) -> None:
    """Put every study run of a name into the trash; see `Store.trash`."""
    layout = Layout(root.resolve())
    with found_study(root, name, None):  # the error names the nearest
        pass
    with ExitStack() as until:
        until.enter_context(owner.store_lock(layout))
        with read_only(layout.database) as connection:
            runs = [run for run in ledger.study_runs(connection) if run.name == name]
        for run in runs:
            lock = owner.take_lock(layout, name, run.key)
            if lock is None:
                raise Failure(f"study {name} is being run by another process: wait for it, or end it first")
            until.callback(lock.release)
        bin_of.put(connect(layout), name, partial(plain_errors, layout))


def restore(root: Path, name: str) -> None:
    """Bring back what was put into the trash last under a name; see `Store.restore`."""
    layout = Layout(root.resolve())
    if not exists(layout):
        raise UserError(f"no runs under {layout.runs}: nothing is in the trash")
    with owner.store_lock(layout):
        bin_of.bring_back(connect(layout), name, partial(plain_errors, layout))
