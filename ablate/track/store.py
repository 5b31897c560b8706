"""The store contract: where the runs of studies are written to and read from, whatever it is made of.

Callers ask the store, never a path or a database. `ablate.testing` holds the checks that every store must pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError
from ablate.track.record import ArmRecord, Arrays, SeedRecord, StudyRecord, StudyTables

if TYPE_CHECKING:
    from ablate.track.earlier_runs import StoredArm
    from ablate.track.shown import Shown
    from ablate.track.stored_run import LoggedRun, StoredRun

Score = tuple[str, float, float]
"""(outcome, value of the metric or NaN, seconds)."""

Correctness = dict[str, dict[int, NDArray[np.bool_]]]
"""Arm id -> seed -> correctness of every test example."""

KnownFiles = Callable[[Path], Mapping[str, str]]
"""Says which files below a folder an earlier release wrote, and as what."""


@dataclass(frozen=True)
class StudyLine:
    """One study run in a listing.

    Attributes
    ----------
    outcomes
        Outcome -> number of seed runs.
    planned
        Arms times seeds of the plan; None where that cannot be told any more.
    opened
        When it was last worked on, ISO time.
    """

    name: str
    key: str
    run_id: str
    status: str
    opened: str
    planned: int | None
    done: int
    outcomes: dict[str, int]


class StudySession(ABC):
    """One open study: the only place runs are written to."""

    @abstractmethod
    def finished(self) -> frozenset[str]:
        """Return the identities of the seed runs that are finished (with any outcome but `crashed`)."""

    @abstractmethod
    def log_arm(
        self, arm: ArmRecord, runs: Sequence[SeedRecord], *, files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Write newly finished seed runs of one arm, and bring the arm's summary up to date.

        Parameters
        ----------
        files
            Name -> text, to lie beside the arm's run; each replaces an earlier one of its name.
        """

    @abstractmethod
    def set_aside(self) -> int:
        """Let none of the seed runs that are finished count any more; return how many there were. They are kept."""

    @abstractmethod
    def register(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what was fixed before the runs (`time`, `sha256`, …). The first stands; return the one that does."""

    @abstractmethod
    def note(self, event: Mapping[str, Any]) -> None:
        """Add an event (a look, an extension, an edit) to the history of the study run."""

    @abstractmethod
    def history(self) -> list[dict[str, Any]]:
        """Return the events of the study run, the earliest first."""

    @abstractmethod
    def close(self, status: str) -> None:
        """End the session: `FINISHED`, `FAILED` or `KILLED`."""


class Store(ABC):
    """A store of studies.

    A study run has a name and a key (see `StudyRecord`). Where no key is given, the run of that name that was opened
    last is meant. What is asked of a study that is not there: `read`, `plan`, `seed_runs`, `logged`, `arrays` and
    `correctness` raise a `UserError` with the nearest name; the rest return nothing.

    Attributes
    ----------
    where
        What the store is, in words that an error shows: a folder, an address.
    address
        Where its runs can be looked at in a browser; empty where that is not an address.
    warnings
        What the user should know since it was opened last.
    """

    where: str
    address: str = ""
    warnings: Sequence[str] = ()

    @abstractmethod
    def open(self, study: StudyRecord) -> StudySession:
        """Open a study run to write to, or go on with the one that has the same name and key."""

    @abstractmethod
    def studies(self) -> list[StudyLine]:
        """Return the study runs, the last opened first; none where nothing was run yet."""

    def last(self) -> str:
        """Return the name of the study that was opened last.

        Raises
        ------
        UserError
            Nothing was run yet.
        """
        lines = self.studies()
        if not lines:
            raise UserError(f"no runs under {self.where} yet: run a study first, `ablate run quickstart` for example")
        return lines[0].name

    @abstractmethod
    def read(self, name: str, *, key: str | None = None) -> StudyTables:
        """Return a study as tidy tables."""

    @abstractmethod
    def plan(self, name: str, *, key: str | None = None) -> StudyRecord:
        """Return a study as it was last planned."""

    @abstractmethod
    def seed_runs(self, name: str, *, key: str | None = None) -> list[StoredRun]:
        """Return the seed runs that count, in short: of each arm and seed the one that ended last, crashed ones too."""

    @abstractmethod
    def logged(self, name: str, *, key: str | None = None, only: Collection[str] | None = None) -> list[LoggedRun]:
        """Return the same runs with all that is kept of them; `only` those with these run ids."""

    @abstractmethod
    def driver(self, name: str, key: str) -> str:
        """Return who runs a study at this moment, in words; empty where nobody does."""

    @abstractmethod
    def arrays(self, name: str, *, key: str | None = None) -> Arrays:
        """Return arm id -> seed -> name -> array (`RunResult.arrays`)."""

    @abstractmethod
    def correctness(self, name: str, *, key: str | None = None) -> Correctness:
        """Return arm id -> seed -> correctness of every test example, bool (examples,)."""

    @abstractmethod
    def finished(self, name: str, key: str) -> frozenset[str]:
        """Return the identities that need not run again: every seed run that ended with any outcome but `crashed`."""

    @abstractmethod
    def arms(self, name: str) -> list[StoredArm]:
        """Return the arms of every study run of a name that have finished runs; crashed ones are left out."""

    @abstractmethod
    def scores(self, name: str, key: str, metric: str) -> dict[str, Score]:
        """Return identity -> outcome, value and seconds, over the finished seed runs of a study, crashed ones too."""

    @abstractmethod
    def trash(self, name: str) -> str:
        """Put every study run of a name into the trash, under another name; return how it is brought back, in words.

        Raises
        ------
        UserError
            No study of that name was run.
        Failure
            Somebody runs it now.
        """

    @abstractmethod
    def restore(self, name: str) -> None:
        """Bring back what was put into the trash last under a name.

        Raises
        ------
        UserError
            Nothing of that name lies there, or a study has the name now.
        """

    @abstractmethod
    def attach(self, name: str, key: str, files: Mapping[str, bytes], label: str, *, known: KnownFiles) -> str | None:
        """Keep files beside a study run, in place of those that were there under that label.

        Parameters
        ----------
        files
            Name below the label -> content: what was written, whoever writes into the same folder meanwhile.

        Returns
        -------
        str or None
            Why they could not be kept.
        """

    def show(self, name: str, key: str, shown: Shown) -> str | None:
        """Show a judged study to who browses the store, in place of what was shown; by default it has no pages.

        Returns
        -------
        str or None
            Why it could not be shown.
        """
        del name, key, shown
        return None
