"""What use cases report while they work: one frozen dataclass per kind of event.

A use case tells whoever listens and goes on; it never prints. The console of the command line is one listener
(`ablate.app.console`), a notebook may be another, a test a third. A listener looks at the events that it knows and
passes over the rest::

    seen = []
    bench = Bench(Path("."), tell=seen.append)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.track.local import LocalStore
from ablate.track.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from ablate.manifest import Published
    from ablate.report.write import ReportPaths
    from ablate.sweep.imported import Imported
    from ablate.sweep.plan import Plan
    from ablate.sweep.runner import RunSummary
    from ablate.sweep.tune import Tune
    from ablate.sweep.tuning_plan import TuningPlan
    from ablate.work.judging import Judgement


@dataclass(frozen=True)
class Event:
    """Something that a use case did, or that its user should know."""


@dataclass(frozen=True)
class Warned(Event):
    """The user should know this, and the work goes on. `text` is one sentence without a full stop."""

    text: str


@dataclass(frozen=True)
class Planned(Event):
    """A study was resolved into arms and seeds; nothing has run yet."""

    plan: Plan


@dataclass(frozen=True)
class PutAside(Event):
    """The finished runs of a study count no more, because everything is to run again."""

    study: str
    runs: int


@dataclass(frozen=True)
class RunsStarted(Event):
    """Training begins: `runs` seed runs are missing."""

    study: str
    runs: int


@dataclass(frozen=True)
class RunFinished(Event):
    """One seed run was trained and is tracked. `seconds` is the time of its training, NaN where nobody measured."""

    study: str
    arm: str
    seed: int
    outcome: str
    seconds: float


@dataclass(frozen=True)
class RunsEnded(Event):
    """Training ended: all runs are done, or something stopped it."""

    study: str


@dataclass(frozen=True)
class Looked(Event):
    """A study was judged at one of its planned looks. `level` is None where no claim was judged.

    `arms`: how many arms are run on, and of how many, in a study that may stop at any time; else None.
    """

    number: int
    of: int
    seeds: int
    level: float | None
    decided: int
    claims: int
    ends: bool
    arms: tuple[int, int] | None = None


@dataclass(frozen=True)
class TuningRan(Event):
    """Tuning trials that were missing have run."""

    tuning: TuningPlan
    summary: RunSummary


@dataclass(frozen=True)
class Tuned(Event):
    """Values were chosen for every tuned arm; `runs` is the table of the trials (see `choosing.tuning_runs`)."""

    tuning: TuningPlan
    runs: pd.DataFrame


@dataclass(frozen=True)
class Widened(Event):
    """A chosen value lay on the edge of its grid: `added` has key -> side (-1, 1) -> values added so far."""

    study: str
    added: Mapping[str, Mapping[int, int]]
    tune: Tune


@dataclass(frozen=True)
class StudyRan(Event):
    """All that was missing of a study has run; `stopped` is the look at which it stopped early, if it did."""

    plan: Plan
    summary: RunSummary
    stopped: Mapping[str, Any] | None


@dataclass(frozen=True)
class TableRead(Event):
    """Results were read from a file or another address; nothing is tracked yet."""

    imported: Imported
    address: str


@dataclass(frozen=True)
class SettingsFollow(Event):
    """Columns of a file differ together with factors: those that hold claims back, and those about its runs."""

    holding: tuple[str, ...]
    about: tuple[str, ...]


@dataclass(frozen=True)
class ResultsImported(Event):
    """`new` of the `runs` in a file were tracked, the rest before; `missing` planned runs are not in it."""

    study: str
    new: int
    runs: int
    missing: int = 0


@dataclass(frozen=True)
class Judged(Event):
    """The claims of a study were judged."""

    judgement: Judgement


@dataclass(frozen=True)
class ReportWritten(Event):
    """The report of a study was written."""

    paths: ReportPaths


@dataclass(frozen=True)
class FindingsWritten(Event):
    """The findings of a study, which are committed, were written."""

    paths: Published


@dataclass(frozen=True)
class StoreReady(Event):
    """The runs can be looked at in the store below this folder."""

    root: Path


@dataclass(frozen=True)
class TaskStarted(Event):
    """Something other than training begins that takes a while; `total` is None where it is not known yet."""

    task: str
    unit: str
    total: int | None = None


@dataclass(frozen=True)
class TaskAdvanced(Event):
    """`done` of `total` parts of a task are done; `part` is the last of them."""

    task: str
    done: int
    total: int
    part: str = ""


@dataclass(frozen=True)
class TaskEnded(Event):
    """A task is done, or something stopped it."""

    task: str


Tell = Callable[[Event], None]


def nobody(event: Event) -> None:
    """Listen to nothing."""
    del event


def root_folder() -> Path:
    """Return the folder that holds `mlruns/`: the current one, or what ABLATE_ROOT names."""
    return Path(os.environ.get("ABLATE_ROOT", ".")).resolve()


@dataclass(frozen=True)
class Bench:
    """Where a use case works, and whom it tells.

    Attributes
    ----------
    root
        The folder that holds `mlruns/`.
    tell
        Called with every event, in the thread that works. What it raises ends the work.
    given
        Another store than the one below `root`.
    """

    root: Path = field(default_factory=root_folder)
    tell: Tell = nobody
    given: Store | None = field(default=None, kw_only=True)

    @property
    def store(self) -> Store:
        """What runs are written to and read from."""
        return LocalStore(self.root) if self.given is None else self.given

    def tell_ready(self) -> None:
        """Report where the runs can be looked at, where that is a folder."""
        if self.given is None:
            self.tell(StoreReady(self.root))

    def warn(self, *lines: str) -> None:
        """Report warnings, no line twice."""
        for line in dict.fromkeys(lines):
            self.tell(Warned(line))

    @contextmanager
    def task(self, name: str, unit: str, total: int | None = None) -> Iterator[Callable[[int, int, str], None]]:
        """Report a task as started, and as ended whatever happens; gives what reports its progress."""
        self.tell(TaskStarted(name, unit, total))
        try:
            yield lambda done, whole, part: self.tell(TaskAdvanced(name, done, whole, part))
        finally:
            self.tell(TaskEnded(name))

    def each(self, name: str, unit: str, items: Iterable[Any]) -> Iterator[Any]:
        """Yield items, and report every one as a part of a task when it is done."""
        listed = list(items)
        with self.task(name, unit, len(listed)) as advance:
            for done, item in enumerate(listed, start=1):
                yield item
                advance(done, len(listed), "")
