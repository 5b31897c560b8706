"""The tracker contract, and a tracker in memory for tests and dry runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ablate.track.record import ArmRecord, SeedRecord, StudyRecord


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


class Tracker(ABC):
    """A store of studies."""

    @abstractmethod
    def open(self, study: StudyRecord) -> StudySession:
        """Open a study run, or go on with the one that has the same name and key."""


class _MemorySession(StudySession):
    def __init__(self, store: MemoryTracker, study: StudyRecord) -> None:
        self._store, self.study, self.status = store, study, "RUNNING"

    def finished(self) -> frozenset[str]:
        runs = self._store.runs.get((self.study.name, self.study.key), {})
        return frozenset(i for i, (_, run) in runs.items() if run.result.outcome != "crashed")

    def log_arm(
        self, arm: ArmRecord, runs: Sequence[SeedRecord], *, files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._store.files.setdefault(arm.id, {}).update(files)
        held = self._store.runs.setdefault((self.study.name, self.study.key), {})
        held.update({run.identity: (arm, run) for run in runs})

    def set_aside(self) -> int:
        held = self._store.runs.pop((self.study.name, self.study.key), {})
        self._store.aside.update(held)
        return len(held)

    def register(self, document: Mapping[str, Any]) -> dict[str, Any]:
        return self._store.registered.setdefault((self.study.name, self.study.key), dict(document))

    def note(self, event: Mapping[str, Any]) -> None:
        self._store.events.setdefault((self.study.name, self.study.key), []).append(dict(event))

    def history(self) -> list[dict[str, Any]]:
        return list(self._store.events.get((self.study.name, self.study.key), []))

    def close(self, status: str) -> None:
        self.status = status


class MemoryTracker(Tracker):
    """Keeps everything in dictionaries; gone with the process."""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, str], dict[str, tuple[ArmRecord, SeedRecord]]] = {}
        self.registered: dict[tuple[str, str], dict[str, Any]] = {}
        self.events: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.files: dict[str, dict[str, str]] = {}  # arm id -> name -> text
        self.aside: dict[str, tuple[ArmRecord, SeedRecord]] = {}  # what does not count any more

    def open(self, study: StudyRecord) -> StudySession:
        """Open a study; what was logged under the same name and key is still there."""
        return _MemorySession(self, study)
