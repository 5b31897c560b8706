"""From a study to a plan: which arms, which seeds, under which identities. Pure: nothing is run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ablate.identity import digest, made_by
from ablate.levels import value_name
from ablate.sweep.design.build import DesignArms, build_design
from ablate.sweep.jobs import REVISION, Compose, Job, arm_label, beside_its_twin, make_job, telling, untold
from ablate.sweep.known import Known, study_runs
from ablate.sweep.metrics import Metrics, joined
from ablate.sweep.study import Study
from ablate.sweep.tune import Choice, cell_key, check_tuning, tuned_cell
from ablate.track.known import StoredArm
from ablate.track.record import StudyRecord
from ablate.train.config import seed_list

Stored = Callable[[], Sequence[StoredArm]]

__all__ = ["REVISION", "Compose", "Job", "Plan", "arm_label", "make_job", "make_plan", "untold"]


@dataclass(frozen=True)
class Plan:
    """A study resolved into jobs, design order.

    `provisional`: the values its arms are to be tuned to are not known yet, the fixed ones stand in for them.
    """

    study: Study
    record: StudyRecord
    jobs: tuple[Job, ...]
    design: DesignArms
    provisional: bool = False

    @property
    def runs(self) -> int:
        """Planned seed runs; those that serve two arms count once."""
        return sum(len(job.identities) for job in self.jobs if not job.same_as)

    @property
    def missing(self) -> int:
        """Planned seed runs that are not finished."""
        return sum(len(job.missing) for job in self.jobs)

    def metrics(self) -> Metrics:
        """Return the scalars that some arm's runs may log."""
        return Metrics(self.study.metrics, joined(job.config.program.metrics() for job in self.jobs))

    def logged(self) -> frozenset[str]:
        """Return the names of the scalars that some arm's runs may log."""
        return frozenset().union(*(job.config.program.metrics() for job in self.jobs))

    def after(self, finished: frozenset[str]) -> Plan:
        """Return the plan with what is finished taken off the missing seeds."""
        jobs = tuple(
            job
            if job.same_as
            else replace(job, missing=tuple(s for s, identity in job.identities.items() if identity not in finished))
            for job in self.jobs
        )
        return replace(self, jobs=jobs)

    def with_seeds(self, seeds: Sequence[int]) -> Plan:
        """Return the part of the plan that runs these seeds only."""
        jobs = tuple(
            replace(
                job,
                identities={s: identity for s, identity in job.identities.items() if s in seeds},
                missing=tuple(s for s in job.missing if s in seeds),
            )
            for job in self.jobs
        )
        return replace(self, jobs=jobs)


def make_plan(
    study: Study,
    *,
    name: str,
    seeds: Any,
    compose: Compose,
    command: str,
    note: str = "",
    tuned: Mapping[str, Choice] | None = None,
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
    stored
        Gives the arms that were run under this name before, the study runs opened last first; asked only where a
        Program is traced.

    Returns
    -------
    Plan
        With every seed still missing; see `Plan.after`.
    """
    check_tuning(study, where=name, seeds=seeds)
    compose = telling(study, compose)

    def resolved(known: Known | None) -> Plan:
        return _resolved(
            study, name=name, seeds=seeds, compose=compose, command=command, note=note, tuned=tuned, known=known
        )

    plan = resolved(None)
    if stored is None or not any(job.config.program.traced for job in plan.jobs):
        return plan
    runs = study_runs(stored())
    own = [run for run in runs if run.key == plan.record.key]
    for run in own or runs:
        again = resolved(run)
        if own or _goes_on(again, run):
            return replace(again, record=replace(again.record, key=run.key))
    return plan


def _goes_on(plan: Plan, known: Known) -> bool:
    """Tell whether a plan is the one that was run under another key: what differs was never looked at.

    Some arm was run, and no arm that was run at the same levels with the same code is another one now.
    """
    found = False
    for job in plan.jobs:
        traced, there = job.config.program.traced, known.at(job.arm.levels)
        if job.same_as or not there:
            continue
        if any(arm.arm_id == job.arm.id for arm in there):
            found = found or traced
        elif not traced or any(arm.fingerprint == made_by(job.arm.facts) for arm in there):
            return False
    return found


def _resolved(
    study: Study,
    *,
    name: str,
    seeds: Any,
    compose: Compose,
    command: str,
    note: str,
    tuned: Mapping[str, Choice] | None,
    known: Known | None,
) -> Plan:
    blocks = tuple(seed_list(seeds))
    base, names = study.base_levels(), study.names()
    jobs: list[Job] = []
    design = build_design(study)
    for levels in design.arms:
        cell = tuned_cell(study, levels)
        choice = tuned[cell_key(cell)] if cell is not None and tuned is not None else None
        settings = {**untold(levels), **(choice.values if choice else {})}
        label = arm_label(levels, base, names) if study.factors else _fixed_label(study) or name
        pending = cell is not None and choice is None
        open_keys = tuple(study.tune.space) if pending and study.tune is not None else ()
        job = make_job(
            levels, settings, compose, blocks, label=label, known=known, unsettled=open_keys, uses=study.uses
        )
        facts = {**job.arm.facts, **(choice.facts if choice else {})}
        job = replace(job, arm=replace(job.arm, baseline=levels == base, facts=facts))
        jobs.append(beside_its_twin(job, jobs, names, pending=pending))
    # The key leaves out seeds and the levels of the factors: more seeds, or one more level, go on with the same
    # study run; a change to anything that is fixed starts another. What tuning chooses does not: it is no part of it.
    first = (
        make_job({}, untold(design.arms[0]), compose, (), label="", uses=study.uses).arm.config
        if tuned
        else jobs[0].arm.config
    )
    what: dict[str, Any] = {"name": name, "factors": sorted(study.factors), "revision": REVISION}
    what["shared"] = _without(first, study.factors)
    if study.tune is not None and study.fairness != "fixed":
        what["tuned"] = sorted(study.tune.space)
    record = StudyRecord(
        name=name,
        key=digest(what)[:16],
        definition=study.model_dump(mode="json"),
        arms=tuple(job.arm for job in jobs),
        seeds=blocks,
        command=command,
        note=note,
        design=design.record(),
    )
    provisional = tuned is None and any(tuned_cell(study, levels) is not None for levels in design.arms)
    return Plan(study=study, record=record, jobs=tuple(jobs), design=design, provisional=provisional)


def _fixed_label(study: Study) -> str:
    return ", ".join(f"{key}={value_name(value)}" for key, value in study.fixed.items())


def _without(description: dict[str, Any], factors: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what the factors vary: a whole group for a group factor, one leaf for a value factor."""
    kept = copy.deepcopy(description)
    for factor in factors:
        *path, leaf = factor.split(".")
        at: Any = kept
        for part in path:
            at = at.get(part) if isinstance(at, dict) else None
        if isinstance(at, dict):
            at.pop(leaf, None)
        elif path:
            kept.pop(path[0], None)
    return kept
