"""What is written to and read from a tracker: plain records, no MLflow in sight."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ablate import levels
from ablate.track.columns import PLANNED, factor_of, metrics_among
from ablate.train.config import MOST_SEED
from ablate.train.program import RunResult

if TYPE_CHECKING:  # 0.4 s to import, and only readers hold tables
    import pandas as pd

Level = levels.Level
Levels = dict[str, Level]
COPIES = 1_000_000
"""How far the seeds of a copy of the baseline lie from those of its study: no study's own seeds reach so far."""

Arrays = dict[str, dict[int, dict[str, NDArray[Any]]]]  # arm id -> seed -> name -> array


@dataclass(frozen=True)
class ArmRecord:
    """One arm: a cell of the design.

    Attributes
    ----------
    id
        First 12 hex digits of the SHA-256 of the arm's resolved configuration and data fingerprint.
    label
        Its difference from the baseline: `norm=batch`; the baseline itself is `baseline`.
    levels
        Factor -> level, in the study's order: ``{"norm": "batch", "init.std": 0.1}``.
    config
        The resolved configuration, nested, JSON-ready.
    facts
        What the Program knows before running (fingerprint, dataset, majority_rate, parameters, …). Of a tuned arm also
        `tuned`, ``{key: {chosen, grid, edge}}``, and `tuning`, how it was chosen; `same_as` names the arm whose runs
        are this arm's too, because tuning chose the fixed values.
    """

    id: str
    label: str
    levels: dict[str, Level]
    config: dict[str, Any]
    facts: dict[str, Any]
    baseline: bool = False


def copy_seed(seed: int) -> int:
    """Return the seed that a copy of the baseline has beside a seed of the study, where it draws its data anew too.

    >>> copy_seed(3)
    1000003
    """
    return seed + COPIES if seed <= MOST_SEED - COPIES else seed - COPIES


@dataclass(frozen=True)
class Trials:
    """The trials of arms that are tuned in every judging seed: their runs are kept, and one per seed is the arm's.

    Attributes
    ----------
    metric, ties
        What decides, and what decides between equals: the name and all that is declared of it (see `Metric.as_dict`);
        `ties` is empty where the smaller value wins at once.
    tried
        Key -> value of every trial, of arms that have no others.
    others
        Id of a tuned arm -> key -> value of every trial, of arms with a space of their own (see `Tune.spaces`).
    arms
        The arms that the trials are, without those that are arms of the study.
    of
        Id of a tuned arm -> the ids of its trials, in the order of `tried`.
    copy
        A copy of the baseline that tunes for itself with draws of its own, among the keys of `of` too; it is not an
        arm of the study. None where there is none.
    copied
        Id of the arm that it is a copy of.
    same_data
        The copy has the seeds of the study, so that each of its runs has the data of the run it stands beside, and all
        else is drawn anew (see `TrainConfig.redraw`). Else it has seeds of its own (see `copy_seed`).
    """

    metric: dict[str, Any]
    ties: dict[str, Any]
    tried: tuple[dict[str, Level], ...]
    arms: tuple[ArmRecord, ...]
    of: dict[str, tuple[str, ...]]
    copy: ArmRecord | None = None
    copied: str = ""
    same_data: bool = False
    others: dict[str, tuple[dict[str, Level], ...]] = field(default_factory=dict)

    def copy_seed(self, seed: int) -> int:
        """Return the seed of the copy's run that stands beside a seed of the study."""
        return seed if self.same_data else copy_seed(seed)

    def tried_by(self, arm_id: str) -> tuple[dict[str, Level], ...]:
        """Return key -> value of every trial of an arm."""
        return self.others.get(arm_id, self.tried)


@dataclass(frozen=True)
class StudyRecord:
    """A study as it is tracked.

    Attributes
    ----------
    name
        The study's file name without `.yaml`, or the name of an ad-hoc sweep; names the experiment.
    key
        Hex digest of what makes it the same study run when the command is given again.
    definition
        The study file's content, JSON-ready (what the verdicts are judged by).
    arms, seeds
        The plan: every arm is to have a run for every seed.
    command
        The line that rebuilds it.
    note
        Markdown shown as the description of the study run.
    design
        How the arms were chosen: parts, duplicates, excluded cells, aliasing; JSON-ready.
    tuning
        The tuning runs behind the values of tuned arms, a row each (see `track.tuned`; a score of None is worse than
        any): a study keeps what its arms rest on. Of ``per: study``; with ``per: seed`` they are runs of the study.
    trials
        Of arms that are tuned in every judging seed.
    """

    name: str
    key: str
    definition: dict[str, Any]
    arms: tuple[ArmRecord, ...]
    seeds: tuple[int, ...]
    command: str
    note: str = ""
    design: dict[str, Any] = field(default_factory=dict)
    tuning: tuple[dict[str, Any], ...] = ()
    trials: Trials | None = None

    @property
    def run_arms(self) -> tuple[ArmRecord, ...]:
        """The arms that runs are kept under: the trials in place of the arms that choose among them."""
        if self.trials is None:
            return self.arms
        return (*(arm for arm in self.arms if arm.id not in self.trials.of), *self.trials.arms)


@dataclass(frozen=True)
class Origin:
    """Who made a run that is copied from another store, and when.

    Attributes
    ----------
    code
        Version of the code; empty where it is not known.
    fingerprint
        What it was made by beside its configuration; empty where runs were stored before they carried it.
    ended
        Seconds since 1970.
    """

    code: str
    fingerprint: str
    ended: float


@dataclass(frozen=True)
class SeedRecord:
    """One finished seed run and the identity it is found again by.

    `origin`: of a run that was made elsewhere; None of one that this process made, now.
    """

    identity: str
    result: RunResult
    origin: Origin | None = None


@dataclass(frozen=True)
class StudyTables:
    """A tracked study, read back as tidy tables.

    Attributes
    ----------
    study
        `name, key, definition, command, run_id, experiment_id, created` (ISO time), `provenance`: a dict of strings
        (git commit, versions, host, CPU, threads, BLAS), and `design`: how the arms were chosen (see `StudyRecord`).
        `registration` and `history` (see `track.history`), `registered_sha256`: the hash as the run itself holds it,
        and `code`: version of the code -> seed runs made by it. `ui`: address of MLflow's pages, where it is known.
    planned
        One row per planned arm, design order: `arm_id, arm, baseline` (bool), one column per factor.
    seeds
        One row per *planned* seed run, then any finished run beyond the plan (the study was run with more seeds
        before; a finished run is never left out): `arm_id, arm, seed, outcome` (an `Outcome` value, or `missing`),
        `first_nonfinite_step, seconds, run_id, identity, majority_rate`, one column per factor (typed as in the plan)
        and one float column per scalar metric (`final/test_accuracy`; NaN where the run logged none). How the columns
        of factors and metrics are named: see `track.columns`; read them with `levels` and `logged`.
    curves
        Long: `run_id, arm_id, seed, metric, step, value`.
    tuning
        One row per tuning run (see `track.tuned`), where the study was tuned and its tuning runs were read.
    copy
        One row per seed: the run of a copy of the baseline that tuned for itself on another seed, with `copy_of` (the
        id of that arm), `seed` (the one it stands beside), `outcome`, `majority_rate` and the scalar metrics. None
        where there is no copy.
    """

    study: dict[str, Any]
    planned: pd.DataFrame
    seeds: pd.DataFrame
    curves: pd.DataFrame
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)  # arm_id -> facts
    arrays: Arrays = field(default_factory=dict)  # `RunResult.arrays` of every run, where they were read as well
    tuning: pd.DataFrame | None = None
    copy: pd.DataFrame | None = None

    @property
    def factors(self) -> list[str]:
        """Names of the factors, in the study's order."""
        return list(self._factor_columns())

    @property
    def metrics(self) -> list[str]:
        """Names of the scalar metrics, in the order of the seeds table."""
        return list(self._metric_columns())

    def levels(self) -> list[dict[str, Any]]:
        """Return factor -> level of every planned arm, in design order, as the table holds them."""
        columns = self._factor_columns()
        by_column = self.planned[list(columns.values())].to_dict("list")  # "records" takes several times as long
        rows = zip(*by_column.values(), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows] if columns else [{}] * len(self.planned)

    def logged(self, metric: str) -> pd.Series | None:
        """Return what every row of the seeds table logged of a metric; None where no run knows it."""
        column = self._metric_columns().get(metric)
        return None if column is None else self.seeds[column]

    def _factor_columns(self) -> dict[str, str]:
        return {factor_of(str(column)): str(column) for column in self.planned.columns if column not in PLANNED}

    def _metric_columns(self) -> dict[str, str]:
        return metrics_among(map(str, self.seeds.columns), map(str, self.planned.columns))
