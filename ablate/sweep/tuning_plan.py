"""From a study's `tune:` to a plan of tuning runs: a study of its own, which judges nothing. Pure: nothing is run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ablate.errors import UserError, plural
from ablate.identity import digest
from ablate.levels import among
from ablate.sweep.design.build import DesignArms, PartCount
from ablate.sweep.grids import a_trial, space_text, trials
from ablate.sweep.own_keys import short_names, with_short_names
from ablate.sweep.plan import REVISION, Compose, Job, Plan, Stored, arm_label, make_job
from ablate.sweep.stored_arms import arms_by_study
from ablate.sweep.study import FAIRNESS, Study
from ablate.sweep.trial_jobs import held, trial_jobs
from ablate.sweep.tune import Tune, cell_key, tuned_cell
from ablate.track.record import Level, StudyRecord


@dataclass(frozen=True)
class TunedCell:
    """One tuning: a cell of the design, and a job for every trial in it.

    Attributes
    ----------
    key, id
        `cell_key` of its levels; the same as 12 hex digits.
    label
        Its difference from the baseline.
    jobs
        In the order of the trials.
    fixed
        Key -> the value that arms have where they are not tuned.
    """

    key: str
    id: str
    label: str
    levels: dict[str, Level]
    jobs: tuple[Job, ...]
    fixed: dict[str, Any]


@dataclass(frozen=True)
class TuningPlan:
    """Every trial of every cell, as a plan that can be run, and what belongs to which cell."""

    plan: Plan
    tune: Tune
    trials: tuple[dict[str, Level], ...]
    cells: tuple[TunedCell, ...]

    def after(self, finished: frozenset[str]) -> TuningPlan:
        """Return the plan with what is finished taken off; the cells keep all of theirs."""
        return replace(self, plan=self.plan.after(finished))

    def size(self) -> str:
        """Say how many runs it has: ``2 arms x 5 trials x 3 seeds = 30 runs``."""
        counts = (len(self.cells), len(self.trials), len(self.plan.record.seeds))
        names = ("arm", "trial", "seed")
        parts = [plural(count, name) for count, name in zip(counts, names, strict=True)]
        return f"{' x '.join(parts)} = {plural(self.plan.runs, 'run')}"

    def spaces(self) -> dict[str, str]:
        """Return where the value of each key is looked for, in words."""
        return {key: space_text(axis, len(self.trials)) for key, axis in self.tune.space.items()}


def plan_tuning(plan: Plan, compose: Compose, stored: Stored | None = None) -> TuningPlan | None:
    """Return what must be tried before the arms of a plan have their values.

    None for a study that tunes nothing, and for one whose arms choose in every judging seed.

    Parameters
    ----------
    plan
        The study's plan, provisional or not: its arms say which cells there are.
    stored
        Gives the trials that were run before, as for `make_plan`.

    Raises
    ------
    UserError
        A tuned key or value does not exist, or not in every tuned arm; the metric is not logged by every arm.
    """
    study, name, tune = plan.study, plan.record.name, plan.study.tune
    if tune is None or study.fairness == "fixed" or tune.per == "seed":
        return None
    by_key: dict[str, dict[str, Level]] = {}
    for levels in plan.design.arms:
        cell = tuned_cell(study, levels)
        if cell is not None:
            by_key.setdefault(cell_key(cell), cell)
    if not by_key:
        raise UserError(f"{name}: tune.where: no arm of the design is at these levels, so that nothing is tuned")
    tried, seeds = tuple(trials(tune)), tune.seed_numbers()
    runs = arms_by_study(stored()) if stored is not None and plan.may_be_stored() else []
    keys = [_key(study_key, tune) for study_key in (plan.record.key, plan.former_key) if study_key]
    earlier = next((run for key in keys for run in runs if run.key == key), None)
    names, short = study.names(), short_names(study, study.metrics)
    base = {factor: level for factor, level in study.base_levels().items() if factor != FAIRNESS}
    cells = []
    for key, cell in by_key.items():
        first = partial(a_trial, tune, cell)
        fixed = make_job(cell, cell, compose, (), label="", uses=study.uses, tried=first).arm.config
        label = with_short_names(arm_label(cell, base, names), short) if cell else name
        label += f" (every {', '.join(tune.share)})" if tune.share else ""
        jobs = trial_jobs(study, cell, label, tune, tried, compose=compose, seeds=seeds, earlier=earlier, name=name)
        cells.append(TunedCell(key, digest(key)[:12], label, cell, jobs, {k: held(fixed, k) for k in tried[0]}))
    plan.metrics().direction(tune.metric, where=f"{name}: tune.metric")
    key = keys[0] if earlier is None else earlier.key
    return TuningPlan(_as_plan(plan, cells, tune, key), tune, tried, tuple(cells))


def _as_plan(plan: Plan, cells: list[TunedCell], tune: Tune, key: str) -> Plan:
    study, record = plan.study, plan.record
    jobs = tuple(job for cell in cells for job in cell.jobs)
    factors: dict[str, list[Level]] = {}
    for job in jobs:
        for factor, level in job.arm.levels.items():
            levels = factors.setdefault(factor, [])
            if not among(level, levels):
                levels.append(level)
    seeds = tune.seed_numbers()
    definition = Study(
        title=f"Tuning of {', '.join(tune.space)} for {record.name}",
        question=f"Which values give the best mean {tune.metric} over the tuning seeds? Judges no claim.",
        fixed=study.fixed,
        factors=factors,
        seeds=list(seeds),
        uses=study.uses,
    )
    name = f"{record.name}-tuning"
    made = StudyRecord(
        name=name,
        key=key,
        definition=definition.model_dump(mode="json"),
        arms=tuple(job.arm for job in jobs),
        seeds=seeds,
        command=record.command,
        note=f"Tuning runs of the study `{record.name}`, on seeds that judge nothing. They are in no verdict and in no "
        "count of it, and nothing measured on the test part is kept.",
    )
    design = DesignArms(
        tuple(dict(job.arm.levels) for job in jobs), (PartCount("tuning", len(jobs), len(jobs)),), {}, ()
    )
    return Plan(definition, made, jobs, design)


def _key(study_key: str, tune: Tune) -> str:
    return digest({"tuning": study_key, "keys": sorted(tune.space), "revision": REVISION})[:16]
