"""A study tried before it is run: whether its seeds repeat, and whether seeds and settings make any difference."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ablate.programs.command import Command
from ablate.programs.process_state import HASH_SEED
from ablate.sweep.launch import Launcher
from ablate.sweep.own_keys import short_names, with_short_names
from ablate.sweep.plan import Job, Plan
from ablate.sweep.schedule import ArmParts, scheduled
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult
from ablate.work.advice import never_read
from ablate.work.bench import Bench
from ablate.work.events import RunFinished, RunsEnded, RunsStarted
from ablate.work.rerunning import TIMED, Gap, compare_results, timed

_MOST = 4  # arms that are named


@dataclass(frozen=True)
class Tried:
    """An arm that was tried: its first seed twice, and another one where more is planned.

    `hash_seeds`: what `PYTHONHASHSEED` was when its first seed was run, and when it was run again; empty where no
    process was started for it.
    """

    job: Job
    first: RunResult
    again: RunResult
    other: RunResult | None
    hash_seeds: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[RunResult, ...]:
        """The runs that were made."""
        return (self.first, self.again) if self.other is None else (self.first, self.again, self.other)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is not the same when its first seed is run again."""
        return compare_results(self.first, self.again, times=timed(self.job.program)).gaps

    @property
    def steady(self) -> bool:
        """Whether its first run has numbers by which another can be told from it.

        That is, metrics that come out again, and not those of a run that diverges at once: all such runs are alike.
        """
        drifting = {gap.what for gap in self.gaps}
        metrics = set(self.first.metrics) - timed(self.job.program)
        return self.first.outcome != Outcome.DIVERGED and any(
            name not in drifting and not name.startswith(TIMED) for name in metrics
        )

    def same(self, other: RunResult) -> bool:
        """Tell whether a run is its first one to the last bit, aside from times and from what drifts by itself."""
        drifting = {gap.what for gap in self.gaps}
        gaps = compare_results(self.first, other, times=timed(self.job.program)).gaps
        return all(gap.what in drifting for gap in gaps)


def arms_to_try(plan: Plan) -> list[Job]:
    """Return one job per arm, and of an arm that is tuned in every seed the trial in the middle of its grid."""
    jobs = [job for job in plan.jobs if not job.same_as]
    return list({job.arm.id: job for job in (arm.trained[len(arm.trained) // 2] for arm in jobs)}.values())


def hash_seeds() -> tuple[str, str]:
    """Return what `PYTHONHASHSEED` is in the first run of a seed and in the second: two values, or the user's own."""
    setting = os.environ.get(HASH_SEED, "random")
    return ("1", "2") if setting in ("", "random") else (setting, setting)


def _apart(job: Job) -> bool:
    """Tell whether processes are started for an arm, for code of the user's own, with the hash seed that we choose."""
    if isinstance(job.program, Command):
        return HASH_SEED not in job.program.env
    return job.program.isolated or bool(job.arm.facts.get("uses"))


def tried(plan: Plan, bench: Bench, *, launcher: Launcher) -> list[Tried]:
    """Train every arm of a plan on its first two seeds, and on the first once more; nothing is tracked.

    Code of the user's own runs in other processes the second time, with another hash seed (`hash_seeds`): what goes by
    the order of a set of texts is not the same there.

    Raises
    ------
    Failure
        A worker process was lost, or what has to be ready before training cannot be made.
    """
    launcher.check(plan)
    jobs = arms_to_try(plan)
    for job in jobs:
        job.program.ready(job.config)
    asked = [(job, tuple(job.identities)[:2]) for job in jobs]
    bench.tell(RunsStarted(plan.record.name, sum(len(seeds) + 1 for _, seeds in asked)))
    try:
        one, two = hash_seeds()
        made = _trained([_on(job, seeds, one) for job, seeds in asked], plan, bench, launcher)
        again = _trained([_on(job, seeds[:1], two) for job, seeds in asked], plan, bench, launcher)
    finally:
        bench.tell(RunsEnded(plan.record.name))
    return [
        Tried(
            job, made[job.arm.id][0], again[job.arm.id][0], made[job.arm.id][1] if len(seeds) > 1 else None,
            (one, two) if _apart(job) else (),
        )
        for job, seeds in asked
    ]  # fmt: skip


def _on(job: Job, seeds: Sequence[int], hash_seed: str) -> Job:
    identities = {seed: job.identities[seed] for seed in seeds}
    return dataclasses.replace(job, identities=identities, missing=tuple(seeds), hash_seed=hash_seed)


def hash_seeds_told(arms: Sequence[Tried]) -> str:
    """Return what is said of the hash seeds of a trial; empty where no process was started for any arm."""
    pair = next((one.hash_seeds for one in arms if one.hash_seeds), None)
    if pair is None:
        return ""
    if pair[0] == pair[1]:
        return f"{HASH_SEED} was {pair[0]} in both runs of a seed, as it is set: what depends on it is not seen"
    return f"{HASH_SEED} was {pair[0]} in the first run of a seed, {pair[1]} in the second"


def _trained(jobs: Sequence[Job], plan: Plan, bench: Bench, launcher: Launcher) -> dict[str, list[RunResult]]:
    by_arm, arms = {}, ArmParts(jobs)
    for part, results in launcher.train(scheduled(jobs, launcher.slots()), uses=plan.study.uses):
        for one in results:
            bench.tell(RunFinished(plan.record.name, part.arm.label, one.seed, str(one.outcome), one.seconds))
        if (arm := arms.add(part, results)) is not None:
            by_arm[arm[0].arm.id] = arm[1]
    arms.check_whole()
    return by_arm


def wrong_with(plan: Plan, arms: Sequence[Tried]) -> list[tuple[str, list[str]]]:
    """Return each check in words, and what is wrong by it; nothing where it passes.

    Arms of which a run crashed are judged by the first check alone. Whether seeds and arms make a difference is asked
    only where arms have numbers that can tell it (`Tried.steady`): what was not looked at does not pass.
    """
    names = short_names(plan.study, plan.study.metrics)
    whole_ones = [one for one in arms if all(run.outcome != Outcome.CRASHED for run in one.runs)]
    checks = [
        ("no run crashes", list(_crashed(arms))),
        ("a seed gives the same run twice, to the bit (times aside)", list(_unlike(whole_ones))),
    ]
    if whole_ones:
        checks.append(("not every run diverges", list(_diverging(whole_ones))))
    if any(one.other is not None and one.steady for one in whole_ones):
        checks.append(("another seed gives another run", list(_seedless(whole_ones))))
    if sum(one.steady for one in whole_ones) > 1:
        checks.append(("no two arms give the same run", list(_alike(whole_ones, names))))
    reads = [run.reads for one in whole_ones for run in one.runs]
    if reads and None not in reads:
        read = frozenset(path for paths in reads for path in paths or ())
        checks.append(("every factor and fixed setting is read", never_read(plan, read)))
    return checks


def _crashed(arms: Sequence[Tried]) -> Iterator[str]:
    for one in arms:
        run = next((run for run in one.runs if run.outcome == Outcome.CRASHED), None)
        if run is not None:
            yield f"{one.job.arm.label}, seed {run.seed}: {((run.error or '').strip().splitlines() or ['?'])[-1]}"


def _diverging(arms: Sequence[Tried]) -> Iterator[str]:
    runs = [run for one in arms for run in one.runs]
    if all(run.outcome == Outcome.DIVERGED for run in runs):
        yield f"all {len(runs)} runs diverge, as where a declared metric is not finite: there is nothing to compare"


def _unlike(arms: Sequence[Tried]) -> Iterator[str]:
    for one in arms:
        if gaps := one.gaps:
            far = "" if gaps[0].distance is None else f", {gaps[0].distance:.3g} apart"
            more = f", and {len(gaps) - 1} more" if len(gaps) > 1 else ""
            yield (
                f"{one.job.arm.label}, seed {one.first.seed}: {gaps[0].what} is {gaps[0].logged}, then "
                f"{gaps[0].now}{far}{more}"
            )


def _seedless(arms: Sequence[Tried]) -> Iterator[str]:
    for one in arms:
        if one.other is not None and one.steady and one.same(one.other):
            yield (
                f"{one.job.arm.label}: seeds {one.first.seed} and {one.other.seed} give the same run: more seeds "
                "would be copies of it"
            )


def _alike(arms: Sequence[Tried], names: Mapping[str, str]) -> Iterator[str]:
    groups: list[list[Tried]] = []
    for one in arms:
        if not one.steady:
            continue
        group = next((group for group in groups if _match(group[0], one)), None)
        groups.append([one]) if group is None else group.append(one)
    for group in groups:
        if len(group) == 1:
            continue
        differing = sorted({key for one in group[1:] for key in _differing(group[0].job, one.job)})
        shown = "; ".join(one.job.arm.label for one in group[:_MOST]) + ("; …" if len(group) > _MOST else "")
        told = f": `{'`, `'.join(differing)}` makes no difference there" if differing else ""
        yield with_short_names(f"{shown} give the same run{told}", names)


def _match(one: Tried, other: Tried) -> bool:
    return one.first.seed == other.first.seed and one.same(other.first) and other.same(one.first)


def _differing(one: Job, other: Job) -> list[str]:
    first, second = one.arm.levels, other.arm.levels
    return [key for key in {**first, **second} if first.get(key) != second.get(key)]
