"""The arms of a plan, one job each: composed, named by what they are, with the seeds that are still to be run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from ablate.errors import UserError
from ablate.identity import describe, digest, made_by, seed_digests
from ablate.levels import NO_NAMES, Names, levels_text, same_level
from ablate.programs.uses import is_foreign, own_code
from ablate.registry import options
from ablate.sweep.stored_arms import StoredArms
from ablate.sweep.study import FAIRNESS, Level, Levels
from ablate.track.record import ArmRecord
from ablate.train.config import NO_IDENTITY, TrainConfig
from ablate.train.metric import metric_from
from ablate.train.program import Program

Compose = Callable[[Mapping[str, Level]], TrainConfig]  # factor -> level, on top of what is fixed

# Part of every identity. Raise it when a change to the core alters results for the same configuration.
REVISION = 1


@dataclass(frozen=True)
class Job:
    """One arm with the seeds that are still to be run.

    Attributes
    ----------
    program
        What trains it, as its study knows it.
    config
        What the Program owns of the composed configuration; its `config_class`.
    identities
        Seed -> identity, every planned seed.
    settings
        Key -> value of everything that was composed on top of what is fixed: levels, and tuned values.
    same_as
        Id of the arm whose runs are this arm's too: its tuned values are the fixed ones. It is never run itself.
    former
        The description that named the arm when everything that is composed did (see `former_description`); empty where
        that is its description still.
    hash_seed
        `PYTHONHASHSEED` of the processes in which code of the user's own runs; empty: as the environment has it.
    """

    arm: ArmRecord
    program: Program
    config: Any
    identities: dict[int, str]
    missing: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    same_as: str = ""
    former: Mapping[str, Any] = field(default_factory=dict)
    trials: tuple[Job, ...] = ()
    hash_seed: str = ""

    def after(self, finished: frozenset[str]) -> Job:
        """Return the job with what is finished taken off the missing seeds."""
        if self.same_as:
            return self
        if self.trials:
            return self._of([trial.after(finished) for trial in self.trials])
        return replace(self, missing=tuple(s for s, identity in self.identities.items() if identity not in finished))

    def with_seeds(self, seeds: Sequence[int]) -> Job:
        """Return the part of the job that runs these seeds only."""
        kept = {seed: identity for seed, identity in self.identities.items() if seed in seeds}
        trials = tuple(trial.with_seeds(seeds) for trial in self.trials)
        return replace(self, identities=kept, missing=tuple(s for s in self.missing if s in seeds), trials=trials)

    def joined(self, other: Job) -> Job:
        """Return the job with the seeds of another that is the same arm."""
        missing = dict.fromkeys((*self.missing, *other.missing))
        return replace(self, identities={**self.identities, **other.identities}, missing=tuple(missing))

    def _of(self, trials: Sequence[Job]) -> Job:
        lacking = {seed for trial in trials for seed in trial.missing}
        return replace(self, trials=tuple(trials), missing=tuple(seed for seed in self.identities if seed in lacking))

    @property
    def done(self) -> int:
        """Number of planned seeds that are finished."""
        return len(self.identities) - len(self.missing)

    @property
    def trained(self) -> tuple[Job, ...]:
        """The jobs whose runs are its own: its trials, or itself."""
        return self.trials or (self,)


def arm_label(levels: Mapping[str, Level], base: Mapping[str, Level], names: Names = NO_NAMES) -> str:
    """Name an arm by its difference from the baseline; `names` (see `factor_names`) keep the arms of a study apart.

    >>> arm_label({"norm": "batch", "init.std": 0.1}, {"norm": "none", "init.std": 0.1})
    'norm=batch'
    """
    different = {factor: level for factor, level in levels.items() if not same_level(base.get(factor), level)}
    return levels_text(different, names) or "baseline"


def description_of(program: Program, config: Any) -> dict[str, Any]:
    """Return what an arm is, JSON-ready: its Program, and what that owns; it is logged, and names the arm."""
    parts = {"program": describe(program), **describe(config)}
    return {name: value for name, value in parts.items() if name not in NO_IDENTITY}


def former_description(composed: Any) -> dict[str, Any]:
    """Return what named an arm before Programs owned their configuration: all that is composed, the NumPy net's too.

    Runs that are stored under such a name are found by it.
    """
    whole = {name: value for name, value in describe(composed).items() if name not in NO_IDENTITY}
    program = whole["program"]
    if program.get("name") == "function":
        whole["program"] = {"logs": [], **program}  # a field that functions had
    return whole


def make_job(
    levels: Mapping[str, Level],
    settings: Mapping[str, Level],
    compose: Compose,
    seeds: Sequence[int],
    *,
    label: str,
    earlier: StoredArms | None = None,
    unsettled: Collection[str] = (),
    uses: Sequence[str] = (),
    metrics: Mapping[str, Any] = MappingProxyType({}),
    tried: Callable[[], Mapping[str, Level]] | None = None,
) -> Job:
    """Compose one arm and name its runs: the same configuration, data and seed have the same identity everywhere.

    Parameters
    ----------
    earlier
        What was run before; an arm that is there already, but for settings that no run looked at, is that arm.
    unsettled
        Keys that are still to be tuned: an arm that was run with another value of them is the same for now.
    uses
        The study's own Python files: what they say is part of what a run is.
    metrics
        Those that the study declares, name -> what it says of them.
    tried
        Of an arm whose every run gets values by tuning: gives some of them. Where the Program refuses the arm because
        a setting has no value yet, it is asked for its facts with these.
    """
    composed = compose(settings)
    declared = {name: metric_from(name, said) for name, said in metrics.items()}
    program, config = composed.program.told(declared), composed.program.own(composed)
    own_facts = _facts(program, config, settings, compose, tried)
    facts = {**own_facts, "vouches": sorted(program.vouches), **_vouched(program, config, levels)}
    code = own_code([composed.program, composed], uses)
    if code:
        facts["uses"] = code
    if is_foreign(type(program)):  # kept with the arm: a report is written where the plug-in may not be
        facts["metrics"] = {name: metric.as_dict() for name, metric in program.metrics().items()}
    description = description_of(composed.program, config)
    former = description if config is composed else former_description(composed)
    what = {"revision": REVISION, "config": description, "fingerprint": made_by(facts)}
    stored = None
    if earlier is not None and (program.traced or former != description):
        prints = program.former(config)
        stored = earlier.same(levels, what, configs=(description, former), former=prints, unsettled=unsettled)
        what = what if stored is not None else earlier.renewed(levels, what)
    arm_id = digest(what)[:12] if stored is None else stored.arm_id
    arm = ArmRecord(arm_id, label, dict(levels), description, facts)
    identities = seed_digests(what, seeds)
    if stored is not None:
        identities |= {seed: stored.identities[seed] for seed in seeds if seed in stored.identities}
    renamed = {} if former == description else former
    return Job(arm, program, config, identities, tuple(seeds), dict(settings), former=renamed)


def _facts(
    program: Program, config: Any, settings: Mapping[str, Level], compose: Compose,
    tried: Callable[[], Mapping[str, Level]] | None,
) -> Mapping[str, Any]:  # fmt: skip
    try:
        return program.facts(config)
    except UserError:
        if tried is None:
            raise
    composed = compose({**settings, **tried()})
    return composed.program.facts(composed.program.own(composed))


def check_owned(programs: Mapping[str, type[Program]], keys: Collection[str], *, where: str) -> None:
    """Refuse keys that none of the Programs of a study owns, by their names: such a setting would be without effect.

    Raises
    ------
    UserError
        Names the key, the Programs, and what they own.
    """
    owned = sorted(frozenset().union(*(program.owns() for program in programs.values())))
    for key in keys:
        group = key.partition(".")[0]
        if group in (*owned, "seeds", FAIRNESS) or key == "program":
            continue
        if group == "program":
            _check_own_field(programs, key, where=where)
            continue
        free = any("params" in _own_fields(program) for program in programs.values())
        hint = f"; a setting of your own function is `program.params.{key}`" if free else ""
        raise UserError(
            f"{where}: `{key}` would have no effect: program={', '.join(programs)} owns "
            f"{', '.join([*owned, 'program.…'])}{hint}"
        )


def _check_own_field(programs: Mapping[str, type[Program]], key: str, *, where: str) -> None:
    """Refuse a setting of a Program (`program.target`) that none of these has."""
    name = key.split(".")[1]
    if any(name in _own_fields(program) for program in programs.values()):
        return
    classes = options("program")
    told = []
    for option, program in programs.items():
        has = ", ".join(f"program.{one}" for one in _own_fields(classes.get(option, program)))
        told.append(f"program={option} has {has or 'no settings'}")
    owners = [option for option, program in classes.items() if name in _own_fields(program)]
    raise UserError(
        f"{where}: `{key}` would have no effect: {', '.join(told)}"
        + (f"; it is a setting of program={' and '.join(owners)}" if owners else "")
    )


def _own_fields(program: type[Program]) -> list[str]:
    return [field.name for field in fields(program)]


def _vouched(program: Program, config: Any, levels: Mapping[str, Level]) -> dict[str, Any]:
    """Return what is known beforehand of the factors of an arm: which its Program does not look at, or does not own.

    Where its runs say themselves what they looked at, only what it does not own.
    """
    reads = program.reads(config)
    looked = {*(program.owns() if reads is None else reads), FAIRNESS}
    ignored = [factor for factor in levels if not _is_among(factor, looked, program)]
    if reads is None:
        return {"unread": ignored} if ignored else {}
    return {"unread": ignored, "vouched": program.vouched}


def _is_among(factor: str, names: Collection[str], program: Program) -> bool:
    group, _, rest = factor.partition(".")
    return rest.split(".")[0] in ("", *_own_fields(type(program))) if group == "program" else group in names


def untold(levels: Mapping[str, Level]) -> Levels:
    """Return the levels that are composed: all but `fairness`, which says whose values an arm has."""
    return {factor: level for factor, level in levels.items() if factor != FAIRNESS}


def beside_its_twin(job: Job, jobs: Sequence[Job], names: Names, *, pending: bool) -> Job:
    """Return a job that shares no arm id with those before it, or refuse two levels that mean the same.

    Where tuning chose the fixed values, one training serves the fixed and the tuned arm: the second has an id of its
    own, names the first, and is never run. So it is where two arms differ in what their Program does not own alone
    (`optimizer.lr` of `program: [numpy, knn]`). `pending`: nothing is chosen yet, so that its runs are unknown.
    """
    twin = next((other for other in jobs if other.arm.id == job.arm.id), None)
    if twin is None:
        return job
    levels, before = untold(job.arm.levels), untold(twin.arm.levels)
    apart = {factor: level for factor, level in levels.items() if not same_level(before[factor], level)}
    if not apart.keys() <= set(job.arm.facts.get("unread", ())):
        raise UserError(
            f"the arms `{levels_text(twin.arm.levels, names)}` and `{levels_text(job.arm.levels, names)}` are the same "
            "configuration: two levels of a factor mean the same thing; drop one"
        )
    fairness = {FAIRNESS: job.arm.levels[FAIRNESS]} if FAIRNESS in job.arm.levels else {}
    arm_id = digest({"same as": twin.arm.id, **fairness, **apart})[:12]
    if pending:
        unknown_yet = {seed: f"{arm_id} {seed}" for seed in job.identities}
        return replace(job, arm=replace(job.arm, id=arm_id), identities=unknown_yet)
    arm = replace(job.arm, id=arm_id, facts={**job.arm.facts, "same_as": twin.arm.id})
    return replace(job, arm=arm, missing=(), same_as=twin.arm.id)
