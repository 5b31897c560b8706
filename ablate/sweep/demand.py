"""What an arm needs of a machine, and launchers that ask a cluster for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any, ClassVar

import yaml

from ablate.errors import UserError, must, unknown
from ablate.levels import compact, same_level
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Job, Plan


@dataclass(frozen=True)
class Demand:
    """What is asked of the cluster for each arm that is trained.

    Attributes
    ----------
    cpus, gpus
        Cores and graphics cards. With Ray, fractions share one card: `gpus: 0.25` puts four arms on it.
    memory_gb
        Memory in GiB; None: what the cluster gives.
    minutes, partition
        A job's time limit, and where it runs: of Slurm.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    memory_gb: float | None = None
    minutes: float | None = None
    partition: str = ""

    def __post_init__(self) -> None:
        for name, least in (("cpus", "> 0"), ("gpus", ">= 0"), ("memory_gb", "> 0"), ("minutes", "> 0")):
            value = getattr(self, name)
            if value is None and name in ("memory_gb", "minutes"):
                continue
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if not number or value < 0 or (value == 0 and name != "gpus"):
                raise must(name, f"be a number {least}", value)
        if not isinstance(self.partition, str):
            raise must("partition", "be a name", self.partition)


def most_of(demands: Sequence[Demand]) -> Demand:
    """Return the demand that meets all of these; the first partition that one of them names."""
    memory = [one.memory_gb for one in demands if one.memory_gb is not None]
    minutes = [one.minutes for one in demands if one.minutes is not None]
    return Demand(
        cpus=max(one.cpus for one in demands), gpus=max(one.gpus for one in demands),
        memory_gb=max(memory, default=None), minutes=max(minutes, default=None),
        partition=next((one.partition for one in demands if one.partition), ""),
    )  # fmt: skip


@dataclass(frozen=True)
class OnCluster(Launcher):
    """A launcher that asks a cluster for resources.

    Attributes
    ----------
    cpus, gpus, memory_gb
        What each arm needs (see `Demand`).
    arms
        What some arms need beside that: `{"model=convnet": {gpus: 1, memory_gb: 8}}`. Of several conditions that hold,
        later ones count more.
    """

    package: ClassVar[str] = ""  # what it cannot do without
    extra: ClassVar[str] = ""  # the extra of ours that brings it
    asks: ClassVar[tuple[str, ...]] = ("cpus", "gpus", "memory_gb")

    cpus: float = 1.0
    gpus: float = 0.0
    memory_gb: float | None = None
    arms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if find_spec(self.package) is None:
            raise UserError(
                f"the launcher {self.package} needs the package {self.package}, which is not installed: "
                f"pip install 'ablate-studies[{self.extra}]'"
            )
        usual = Demand(**{name: getattr(self, name) for name in self.asks})
        if not isinstance(self.arms, Mapping):
            raise must("arms", "map conditions to resources, as in {model=convnet: {gpus: 1}}", self.arms)
        for condition, resources in self.arms.items():
            if not isinstance(condition, str) or not all(condition.partition("=")):
                raise must("arms", "map conditions KEY=VALUE to resources", condition)
            if not isinstance(resources, Mapping) or not resources:
                raise must(f"arms[{condition}]", f"give some of {', '.join(self.asks)}", resources)
            for name in resources:
                if name not in self.asks:
                    raise unknown(f"resource of the arms {condition}:", str(name), self.asks)
            replace(usual, **resources)

    @classmethod
    def usual(cls) -> int:
        """Return 1,024: as many as the cluster has room for."""
        return 1024

    def most(self, jobs: Sequence[Job]) -> int:
        """Return the number of seed runs: there may be a machine for each."""
        return sum(len(job.missing) for job in jobs)

    def demand(self, job: Job) -> Demand:
        """Return what an arm needs."""
        needed = Demand(**{name: getattr(self, name) for name in self.asks})
        for condition, resources in self.arms.items():
            if _holds(job, condition):
                needed = replace(needed, **resources)
        return needed

    def grouped(self, jobs: Sequence[Job], *, together: bool = False) -> list[tuple[Demand, list[Job]]]:
        """Return the arms that ask alike; `together`: all of them, with a demand that meets each."""
        groups: dict[Demand, list[Job]] = {}
        for job in jobs:
            groups.setdefault(self.demand(job), []).append(job)
        return [(most_of(list(groups)), list(jobs))] if together and groups else list(groups.items())

    def check(self, plan: Plan) -> None:
        """Refuse conditions that no arm of a plan can meet; raises `UserError` with the nearest factor or level."""
        self.check_conditions(plan.jobs)
        tuned = plan.study.tune.all_keys if plan.study.tune is not None else ()
        for condition in self.arms:
            key, _, value = condition.partition("=")
            if key in tuned or any(_holds(job, condition) for job in plan.jobs):
                continue
            levels = {str(compact({**job.settings, **job.arm.levels}.get(key))) for job in plan.jobs}
            raise unknown(f"level of {key} in `arms` ({condition}):", value, levels)

    def check_conditions(self, jobs: Sequence[Job]) -> None:
        """Refuse conditions on what no arm has; raises `UserError`."""
        keys = {key for job in jobs for key in (*job.arm.levels, *job.settings)}
        for condition in self.arms:
            key = condition.partition("=")[0]
            if jobs and key not in keys:
                raise unknown(f"factor in `arms` ({condition}):", key, keys)


def _holds(job: Job, condition: str) -> bool:
    key, _, value = condition.partition("=")
    levels = {**job.settings, **job.arm.levels}
    return key in levels and same_level(compact(levels[key]), compact(yaml.safe_load(value)))
