"""The store on this machine: MLflow writes it, SQL and plain files read it, without MLflow and at once.

Every method imports what it needs: asking for what is finished loads neither MLflow nor pandas.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.track.record import Arrays, StudyRecord, StudyTables
from ablate.track.store import Correctness, KnownFiles, Score, Store, StudyLine, StudySession

if TYPE_CHECKING:
    from ablate.track.earlier_runs import StoredArm
    from ablate.track.shown import Shown
    from ablate.track.stored_run import LoggedRun, StoredRun


class LocalStore(Store):
    """The store below a folder: `mlruns/` with its database and artifacts.

    Parameters
    ----------
    notes
        What its user should know when it is opened.
    """

    def __init__(self, root: str | Path, *, notes: Sequence[str] = ()) -> None:
        self.root = Path(root).resolve()
        self.where, self._notes = str(self.root), tuple(notes)

    def open(self, study: StudyRecord) -> StudySession:
        """Open a study run to write to; this process is then the only writer of the store."""
        from ablate.track.mlflow_tracker import MlflowTracker  # MLflow takes a second to import

        tracker = MlflowTracker(self.root)
        session = tracker.open(study)
        self.warnings = [*self._notes, *tracker.warnings]
        return session

    def studies(self) -> list[StudyLine]:
        """Return the study runs, the last opened first; none where nothing was run yet."""
        from ablate.track.database import exists
        from ablate.track.layout import Layout
        from ablate.track.read import list_studies

        return list_studies(self.root) if exists(Layout(self.root)) else []

    def read(self, name: str, *, key: str | None = None) -> StudyTables:
        """Return a study as tidy tables."""
        from ablate.track.read import read_study

        return read_study(self.root, name, key=key)

    def plan(self, name: str, *, key: str | None = None) -> StudyRecord:
        """Return a study as it was last planned."""
        from ablate.track.local_runs import read_plan

        return read_plan(self.root, name, key)

    def seed_runs(self, name: str, *, key: str | None = None) -> list[StoredRun]:
        """Return the seed runs that count, in short."""
        from ablate.track.local_runs import read_runs

        return read_runs(self.root, name, key)

    def logged(self, name: str, *, key: str | None = None, only: Collection[str] | None = None) -> list[LoggedRun]:
        """Return seed runs with all that is kept of them."""
        from ablate.track.local_runs import read_logged

        return read_logged(self.root, name, key, only)

    def driver(self, name: str, key: str) -> str:
        """Return who runs a study at this moment: who holds its lock."""
        from ablate.track.local_runs import driver

        return driver(self.root, name, key)

    def arrays(self, name: str, *, key: str | None = None) -> Arrays:
        """Return arm id -> seed -> name -> array."""
        from ablate.track.read import read_arrays

        return read_arrays(self.root, name, key=key)

    def correctness(self, name: str, *, key: str | None = None) -> Correctness:
        """Return arm id -> seed -> correctness of every test example."""
        from ablate.track.read import read_test_correct

        return read_test_correct(self.root, name, key=key)

    def finished(self, name: str, key: str) -> frozenset[str]:
        """Return the identities that need not run again."""
        from ablate.track.ledger import finished

        return finished(self.root, name, key)

    def arms(self, name: str) -> list[StoredArm]:
        """Return the arms of every study run of a name that have finished runs."""
        from ablate.track.earlier_runs import stored_arms

        return stored_arms(self.root, name)

    def scores(self, name: str, key: str, metric: str) -> dict[str, Score]:
        """Return identity -> outcome, value and seconds of finished seed runs."""
        from ablate.track.earlier_runs import scores

        return scores(self.root, name, key, metric)

    def trash(self, name: str) -> str:
        """Put every study run of a name into MLflow's trash."""
        from ablate.track.local_trash import trash

        trash(self.root, name)
        return f"ablate rm --restore {shlex.quote(name)}"

    def restore(self, name: str) -> None:
        """Bring back what was put into the trash last under a name."""
        from ablate.track.local_trash import restore

        restore(self.root, name)

    def attach(self, name: str, key: str, files: Mapping[str, bytes], label: str, *, known: KnownFiles) -> str | None:
        """Write files into the artifacts of a study run."""
        from ablate.track.attach import attach_files

        return attach_files(self.root, name, key, files, label, known=known)

    def show(self, name: str, key: str, shown: Shown) -> str | None:
        """Show a judged study in MLflow's pages."""
        from ablate.track.shown import show_study

        return show_study(self.root, name, key, shown)
