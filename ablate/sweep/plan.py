"""From a study to a plan: which arms, which seeds, under which identities. Pure: nothing is run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ablate.errors import UserError
from ablate.identity import describe, digest
from ablate.sweep.design.build import DesignArms, build_design
from ablate.sweep.metrics import Metrics, joined
from ablate.sweep.study import FAIRNESS, Level, Levels, Study
from ablate.sweep.tune import Choice, cell_key, check_tuning, tuned_cell
from ablate.track.record import ArmRecord, StudyRecord
from ablate.train.config import NO_IDENTITY, TrainConfig, seed_list

Compose = Callable[[Mapping[str, Level]], TrainConfig]  # factor -> level, on top of what is fixed

# Part of every identity. Raise it when a change to the core alters results for the same configuration.
REVISION = 1


@dataclass(frozen=True)
class Job:
    """One arm with the seeds that are still to be run.

    Attributes
    ----------
    identities
        Seed -> identity, every planned seed.
    settings
        Key -> value of everything that was composed on top of what is fixed: levels, and tuned values.
    same_as
        Id of the arm whose runs are this arm's too: its tuned values are the fixed ones. It is never run itself.
    """

    arm: ArmRecord
    config: TrainConfig
    identities: dict[int, str]
    missing: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    same_as: str = ""

    @property
    def done(self) -> int:
        """Number of planned seeds that are finished."""
        return len(self.identities) - len(self.missing)


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


def arm_label(levels: Mapping[str, Level], base: Mapping[str, Level]) -> str:
    """Name an arm by its difference from the baseline.

    >>> arm_label({"norm": "batch", "init.std": 0.1}, {"norm": "none", "init.std": 0.1})
    'norm=batch'
    """
    different = [f"{factor}={show(level)}" for factor, level in levels.items() if base.get(factor) != level]
    return ", ".join(different) or "baseline"


def show(level: Level) -> str:
    """Write a level as a user would type it.

    >>> show(0.0001), show(0.10000000000000002), show(None), show(True)
    ('0.0001', '0.1', 'null', 'true')
    """
    if level is None:
        return "null"
    if isinstance(level, bool):
        return str(level).lower()
    return f"{level:.6g}" if isinstance(level, float) else str(level)


def make_job(
    levels: Mapping[str, Level], settings: Mapping[str, Level], compose: Compose, seeds: Sequence[int], *, label: str
) -> Job:
    """Compose one arm and name its runs: the same configuration, data and seed have the same identity everywhere."""
    config = compose(settings)
    facts = {**config.program.facts(config), "vouches": sorted(config.program.vouches)}
    description = {k: v for k, v in describe(config).items() if k not in NO_IDENTITY}
    what = {"revision": REVISION, "config": description, "fingerprint": facts["fingerprint"]}
    arm = ArmRecord(digest(what)[:12], label, dict(levels), description, facts)
    identities = {seed: digest({**what, "seed": seed}) for seed in seeds}
    return Job(arm, config, identities, tuple(seeds), dict(settings))


def make_plan(
    study: Study,
    *,
    name: str,
    seeds: Any,
    compose: Compose,
    command: str,
    note: str = "",
    tuned: Mapping[str, Choice] | None = None,
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

    Returns
    -------
    Plan
        With every seed still missing; see `Plan.after`.
    """
    check_tuning(study, where=name, seeds=seeds)
    blocks = tuple(seed_list(seeds))
    base = study.base_levels()
    jobs: list[Job] = []
    design = build_design(study)
    for levels in design.arms:
        cell = tuned_cell(study, levels)
        choice = tuned[cell_key(cell)] if cell is not None and tuned is not None else None
        settings = {**untold(levels), **(choice.values if choice else {})}
        label = arm_label(levels, base) if study.factors else (name if not study.fixed else _fixed_label(study))
        job = make_job(levels, settings, compose, blocks, label=label)
        facts = {**job.arm.facts, **(choice.facts if choice else {})}
        job = replace(job, arm=replace(job.arm, baseline=levels == base, facts=facts))
        jobs.append(_beside_its_twin(job, jobs, pending=cell is not None and choice is None))
    # The key leaves out seeds and the levels of the factors: more seeds, or one more level, go on with the same
    # study run; a change to anything that is fixed starts another. What tuning chooses does not: it is no part of it.
    first = make_job({}, untold(design.arms[0]), compose, (), label="").arm.config if tuned else jobs[0].arm.config
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


def untold(levels: Mapping[str, Level]) -> Levels:
    """Return the levels that are composed: all but `fairness`, which says whose values an arm has."""
    return {factor: level for factor, level in levels.items() if factor != FAIRNESS}


def _beside_its_twin(job: Job, jobs: Sequence[Job], *, pending: bool) -> Job:
    """Return a job that shares no arm id with those before it, or refuse two levels that mean the same.

    Where tuning chose the fixed values, one training serves the fixed and the tuned arm: the second has an id of its
    own, names the first, and is never run. `pending`: nothing is chosen yet, so that its runs are unknown.
    """
    twin = next((other for other in jobs if other.arm.id == job.arm.id), None)
    if twin is None:
        return job
    if untold(twin.arm.levels) != untold(job.arm.levels):
        raise UserError(
            f"the arms `{_full_label(twin.arm.levels)}` and `{_full_label(job.arm.levels)}` are the same "
            "configuration: two levels of a factor mean the same thing; drop one"
        )
    own = digest({"same as": twin.arm.id, FAIRNESS: job.arm.levels[FAIRNESS]})[:12]
    if pending:
        unknown_yet = {seed: f"{own} {seed}" for seed in job.identities}
        return replace(job, arm=replace(job.arm, id=own), identities=unknown_yet)
    arm = replace(job.arm, id=own, facts={**job.arm.facts, "same_as": twin.arm.id})
    return replace(job, arm=arm, missing=(), same_as=twin.arm.id)


def _full_label(levels: Mapping[str, Level]) -> str:
    return ", ".join(f"{factor}={show(level)}" for factor, level in levels.items())


def _fixed_label(study: Study) -> str:
    return ", ".join(f"{key}={show(value)}" for key, value in study.fixed.items())


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
