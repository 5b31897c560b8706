"""From a study to a plan: which arms, which seeds, under which identities. Pure: nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ablate.identity import made_by
from ablate.levels import value_name
from ablate.sweep.design.build import DesignArms, build_design
from ablate.sweep.grids import a_trial, trials
from ablate.sweep.jobs import REVISION, Compose, Job, arm_label, beside_its_twin, check_owned, make_job, untold
from ablate.sweep.metrics import Metrics
from ablate.sweep.own_keys import short_names, with_short_names
from ablate.sweep.stored_arms import StoredArms, arms_by_study
from ablate.sweep.study import Claim, Study
from ablate.sweep.study_key import key_of
from ablate.sweep.trial_jobs import choosing, copy_of_baseline, logged_scalars, trial_jobs, trials_of
from ablate.sweep.tune import Choice, Tune, cell_key, tuned_cell
from ablate.sweep.tune_check import check_tuning
from ablate.track.earlier_runs import StoredArm
from ablate.track.record import StudyRecord
from ablate.train.config import seed_list

Stored = Callable[[], Sequence[StoredArm]]

__all__ = ["REVISION", "Compose", "Job", "Plan", "arm_label", "make_job", "make_plan", "untold"]


@dataclass(frozen=True)
class Plan:
    """A study resolved into jobs, design order.

    `provisional`: the values its arms are to be tuned to are not known yet, the fixed ones stand in for them.
    `copy`: the copy of the baseline that tunes for itself; no arm of the design.
    `former_key`: the key of its study run when all that is composed named an arm; empty where it is the same.
    """

    study: Study
    record: StudyRecord
    jobs: tuple[Job, ...]
    design: DesignArms
    provisional: bool = False
    former_key: str = ""
    copy: Job | None = None

    @property
    def trained(self) -> tuple[Job, ...]:
        """The jobs that are run, each once: the trials of arms that choose among them in every seed, not these."""
        untuned = [job for job in self.jobs if not job.trials and not job.same_as]
        by_arm = {job.arm.id: job for job in untuned}
        for job in (*self.jobs, *([self.copy] if self.copy is not None else [])):
            for trial in job.trials:  # one of them may be an arm with fixed values, run on other seeds
                there = by_arm.get(trial.arm.id)
                by_arm[trial.arm.id] = trial if there is None else there.joined(trial)
        return tuple(by_arm.values())

    @property
    def runs(self) -> int:
        """Planned seed runs; those that serve two arms count once."""
        return sum(len(job.identities) for job in self.trained)

    @property
    def missing(self) -> int:
        """Planned seed runs that are not finished."""
        return sum(len(job.missing) for job in self.trained)

    def metrics(self) -> Metrics:
        """Return the scalars that some arm's runs may log."""
        return logged_scalars(self.jobs, self.study)

    def logged(self) -> frozenset[str]:
        """Return the names of the scalars that some arm's runs may log."""
        return frozenset().union(*(job.program.metrics() for job in self.jobs))

    def claiming(self, claims: Sequence[Claim]) -> Plan:
        """Return the plan of the same runs with other claims."""
        study = self.study.model_copy(update={"claims": list(claims)})
        return replace(self, study=study, record=replace(self.record, definition=study.model_dump(mode="json")))

    def after(self, finished: frozenset[str]) -> Plan:
        """Return the plan with what is finished taken off the missing seeds."""
        copy = None if self.copy is None else self.copy.after(finished)
        return replace(self, jobs=tuple(job.after(finished) for job in self.jobs), copy=copy)

    def with_seeds(self, seeds: Sequence[int]) -> Plan:
        """Return the part of the plan that runs these seeds only."""
        return replace(self, jobs=tuple(job.with_seeds(seeds) for job in self.jobs), copy=self._copy_beside(seeds))

    def with_needed(self, needed: Mapping[str, int]) -> Plan:
        """Return the part of the plan that runs of each arm as many of the first seeds as it needs (id -> count).

        An arm whose runs serve another is run as far as either needs it.
        """
        counts = dict(needed)
        for job in self.jobs:
            if job.same_as:
                counts[job.same_as] = max(counts[job.same_as], counts[job.arm.id])
        seeds = self.record.seeds
        jobs = tuple(job.with_seeds(seeds[: counts[job.arm.id]]) for job in self.jobs)
        most = max((counts[job.arm.id] for job in self.jobs if job.trials), default=0)
        return replace(self, jobs=jobs, copy=self._copy_beside(seeds[:most]))

    def _copy_beside(self, seeds: Sequence[int]) -> Job | None:
        trials = self.record.trials
        if self.copy is None or trials is None:
            return None
        return self.copy.with_seeds([trials.copy_seed(seed) for seed in seeds])

    def may_be_stored(self) -> bool:
        """Tell whether what is stored has to be asked for the names of its arms.

        Their runs say what they looked at, or were named by more than their Program owns.
        """
        return any(job.program.traced or job.former for job in self.jobs)


def make_plan(
    study: Study,
    *,
    name: str,
    seeds: Any,
    compose: Compose,
    command: str,
    note: str = "",
    tuned: Mapping[str, Choice] | None = None,
    tune: Tune | None = None,
    stored: Stored | None = None,
) -> Plan:
    """Resolve a study: compose and check every arm before any is run.

    Parameters
    ----------
    name
        The study's name; names the MLflow experiment.
    seeds
        A count or a list.
    compose
        Turns an arm's levels into its configuration; raises `UserError` for what does not exist.
    command
        The line that rebuilds the study.
    tuned
        What tuning chose, by `cell_key` of the cell (see `tuned_cell`); None: not known yet.
    tune
        The study's `tune:` with wider grids, where they were widened.
    stored
        Gives the arms that were run under this name before, the study runs opened last first; asked only where an arm
        may have another name there.

    Returns
    -------
    Plan
        With every seed still missing; see `Plan.after`.

    Raises
    ------
    UserError
        An arm cannot be composed; a setting is given that no Program of the study owns.
    """
    check_tuning(study, where=name, seeds=seeds)

    def resolved(earlier: StoredArms | None) -> Plan:
        return _resolved(
            study, name=name, seeds=seeds, compose=compose, command=command, note=note, tuned=tuned, tune=tune,
            earlier=earlier,
        )  # fmt: skip

    plan = resolved(None)
    if stored is None or not plan.may_be_stored():
        return plan
    runs = arms_by_study(stored())
    same_key = [run for key in (plan.record.key, plan.former_key) for run in runs if run.key == key]
    for run in same_key or runs:
        again = resolved(run)
        if same_key or _goes_on(again, run):
            return replace(again, record=replace(again.record, key=run.key))
    return plan


def _goes_on(plan: Plan, earlier: StoredArms) -> bool:
    """Tell whether a plan is the one that was run under another key: what differs was never looked at.

    Some arm was run, and no arm that was run at the same levels with the same code is another one now.
    """
    matched = False
    for job in plan.trained:
        traced, there = job.program.traced, earlier.at(job.arm.levels)
        if not there:
            continue
        if any(arm.arm_id == job.arm.id for arm in there):
            matched = matched or traced
        elif not traced or any(arm.fingerprint == made_by(job.arm.facts) for arm in there):
            return False
    return matched


def _resolved(
    study: Study,
    *,
    name: str,
    seeds: Any,
    compose: Compose,
    command: str,
    note: str,
    tuned: Mapping[str, Choice] | None,
    tune: Tune | None,
    earlier: StoredArms | None,
) -> Plan:
    blocks, tune = tuple(seed_list(seeds)), tune or study.tune
    per_seed = tune is not None and tune.per == "seed"
    spaces = [(of_cell, trials(of_cell)) for of_cell in tune.each()] if tune is not None and per_seed else []
    base, names, short = study.base_levels(), study.names(), short_names(study, study.metrics)
    made: list[tuple[Job, bool]] = []
    design = build_design(study)
    for levels in design.arms:
        cell = tuned_cell(study, levels)
        choice = tuned[cell_key(cell)] if cell is not None and tuned is not None else None
        settings = {**untold(levels), **(choice.values if choice else {})}
        label = arm_label(levels, base, names) if study.factors else _fixed_label(study) or name
        label = with_short_names(label, short)
        pending = cell is not None and choice is None and not per_seed
        open_keys = study.tune.all_keys if pending and study.tune is not None else ()
        job = make_job(
            levels, settings, compose, blocks, label=label, earlier=earlier, unsettled=open_keys, uses=study.uses,
            metrics=study.metrics, tried=None if cell is None or tune is None else partial(a_trial, tune, cell),
        )  # fmt: skip
        facts = {**job.arm.facts, **(choice.facts if choice else {})}
        job = replace(job, arm=replace(job.arm, baseline=levels == base, facts=facts))
        if cell is not None and tune is not None and per_seed:
            at = tune.place(cell, name=name)
            there, values = spaces[at]
            of_cell = trial_jobs(
                study, cell, label, there, values, compose=compose, seeds=blocks, earlier=earlier, name=name
            )
            job = choosing(job, of_cell, values, there, study=name, declared=(study.tune or tune).each()[at])
        made.append((job, pending))
    programs = {str(job.arm.config["program"].get("name", "")): type(job.program) for job, _ in made}
    tuned_keys = study.tune.all_keys if study.tune is not None else ()
    check_owned(programs, [*study.fixed, *study.factors, *tuned_keys], where=name)
    jobs: list[Job] = []
    for job, pending in made:
        jobs.append(beside_its_twin(job, jobs, names, pending=pending))
    copy: tuple[Job | None, str] = (None, "")
    tried = {job.arm.id: spaces[tune.place(job.arm.levels)][1] for job in jobs if job.trials and tune is not None}
    if tune is not None:
        copy = copy_of_baseline(study, jobs, tune, tried, compose=compose, earlier=earlier)
    first = jobs[0]
    if tuned:
        cell = tuned_cell(study, design.arms[0])
        some = None if cell is None or tune is None else partial(a_trial, tune, cell)
        first = make_job({}, untold(design.arms[0]), compose, (), label="", uses=study.uses, tried=some)
    record = StudyRecord(
        name=name,
        key=key_of(study, name, first.arm.config),
        definition=study.model_dump(mode="json"),
        arms=tuple(job.arm for job in jobs),
        seeds=blocks,
        command=command,
        note=note,
        design=design.record(),
        trials=trials_of(jobs, tried, tune, study, copy=copy, name=name) if tune is not None else None,
    )
    tunes = any(tuned_cell(study, levels) is not None for levels in design.arms)
    provisional = tuned is None and not per_seed and tunes
    former = key_of(study, name, first.former) if first.former else ""
    former = former if former != record.key else ""
    return Plan(
        study=study, record=record, jobs=tuple(jobs), design=design, provisional=provisional, former_key=former,
        copy=copy[0],
    )  # fmt: skip


def _fixed_label(study: Study) -> str:
    return ", ".join(f"{key}={value_name(value)}" for key, value in study.fixed.items())
