"""From a study to a plan: which arms, which seeds, under which identities. Pure: nothing is run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ablate.errors import UserError
from ablate.identity import describe, digest
from ablate.sweep.design.build import DesignArms, build_design
from ablate.sweep.study import Level, Study
from ablate.track.record import ArmRecord, StudyRecord
from ablate.train.config import NO_IDENTITY, TrainConfig, seed_list

Compose = Callable[[Mapping[str, Level]], TrainConfig]  # factor -> level, on top of what is fixed

# Part of every identity. Raise it when a change to the core alters results for the same configuration.
REVISION = 1


@dataclass(frozen=True)
class Job:
    """One arm with the seeds that are still to be run."""

    arm: ArmRecord
    config: TrainConfig
    identities: dict[int, str]  # seed -> identity, every planned seed
    missing: tuple[int, ...]

    @property
    def done(self) -> int:
        """Number of planned seeds that are finished."""
        return len(self.identities) - len(self.missing)


@dataclass(frozen=True)
class Plan:
    """A study resolved into jobs, design order."""

    study: Study
    record: StudyRecord
    jobs: tuple[Job, ...]
    design: DesignArms

    @property
    def runs(self) -> int:
        """Planned seed runs."""
        return sum(len(job.identities) for job in self.jobs)

    @property
    def missing(self) -> int:
        """Planned seed runs that are not finished."""
        return sum(len(job.missing) for job in self.jobs)

    def metrics(self) -> frozenset[str]:
        """Return the names of the scalars that some arm's runs may log."""
        return frozenset().union(*(job.config.program.metrics() for job in self.jobs))

    def after(self, finished: frozenset[str]) -> Plan:
        """Return the plan with what is finished taken off the missing seeds."""
        jobs = tuple(
            replace(job, missing=tuple(s for s, identity in job.identities.items() if identity not in finished))
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


def make_plan(study: Study, *, name: str, seeds: Any, compose: Compose, command: str, note: str = "") -> Plan:
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

    Returns
    -------
    Plan
        With every seed still missing; see `Plan.after`.
    """
    blocks = tuple(seed_list(seeds))
    base = study.base_levels()
    jobs: list[Job] = []
    design = build_design(study)
    for levels in design.arms:
        config = compose(levels)
        facts = config.program.facts(config)
        description = {k: v for k, v in describe(config).items() if k not in NO_IDENTITY}
        what = {
            "revision": REVISION,
            "config": description,
            "fingerprint": facts["fingerprint"],
        }
        arm = ArmRecord(
            id=digest(what)[:12],
            label=arm_label(levels, base) if study.factors else (name if not study.fixed else _fixed_label(study)),
            levels=levels,
            config=description,
            facts=facts,
            baseline=levels == base,
        )
        twin = next((job.arm for job in jobs if job.arm.id == arm.id), None)
        if twin is not None:
            raise UserError(
                f"the arms `{_full_label(twin.levels)}` and `{_full_label(arm.levels)}` are the same configuration: "
                "two levels of a factor mean the same thing; drop one"
            )
        jobs.append(
            Job(arm, config, {seed: digest({**what, "seed": seed}) for seed in blocks}, missing=blocks),
        )
    # The key leaves out seeds and the levels of the factors: more seeds, or one more level, go on with the same
    # study run; a change to anything that is fixed starts another.
    shared = _without(jobs[0].arm.config, study.factors)
    key = digest({"name": name, "factors": sorted(study.factors), "revision": REVISION, "shared": shared})[:16]
    record = StudyRecord(
        name=name,
        key=key,
        definition=study.model_dump(mode="json"),
        arms=tuple(job.arm for job in jobs),
        seeds=blocks,
        command=command,
        note=note,
        design=design.record(),
    )
    return Plan(study=study, record=record, jobs=tuple(jobs), design=design)


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
