"""What use cases report while they work: one frozen dataclass per kind of event.

A use case tells whoever listens and goes on; it never prints. The console of the command line is one listener
(`ablate.app.console`), a notebook may be another, a test a third. A listener looks at the events that it knows and
passes over the rest: `Bench(Path("."), tell=seen.append)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from ablate.manifest import Published
    from ablate.report.write import ReportPaths
    from ablate.sweep.found import items
    from ablate.sweep.found.build import Found
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
    """A chosen value lay on the edge of its grid.

    `added`: number of a space (see `Tune.place`) -> key -> side (-1, 1) -> values added so far.
    """

    study: str
    added: Mapping[int, Mapping[str, Mapping[int, int]]]
    tune: Tune


@dataclass(frozen=True)
class KeptNarrow(Event):
    """Chosen values lie on the edges of these grids, which only some arms have: wider, they would be more trials."""

    study: str
    keys: tuple[str, ...]


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
class TableFound(Event):
    """Of a table that came without a study it was found what it holds: `rows` rows at an address."""

    found: Found
    address: str
    rows: int


@dataclass(frozen=True)
class ItemsCompared(Event):
    """What other test items would show of the comparisons of a table of items."""

    compared: tuple[items.ItemComparison, ...]


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
    """The runs can be looked at in the store below this folder, or at an address where there is one."""

    root: Path
    address: str = ""


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
