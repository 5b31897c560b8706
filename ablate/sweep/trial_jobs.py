"""The trials of one tuned cell as jobs, and an arm that chooses among them in every judging seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ablate.errors import UserError, unknown
from ablate.identity import digest
from ablate.levels import factor_names, levels_text
from ablate.sweep.grids import space_text, trials
from ablate.sweep.jobs import Compose, Job, make_job
from ablate.sweep.metrics import Metrics, join_metrics
from ablate.sweep.own_keys import short_names, with_short_names
from ablate.sweep.stored_arms import StoredArms
from ablate.sweep.study import FAIRNESS, Study
from ablate.sweep.tune import SMALLER, Tune
from ablate.track.record import Level, Levels, Trials, copy_seed

REDRAW = "redraw"
COPY = "copy of the baseline"
"""What tells the trials of the copy from those of the baseline among levels that are stored."""


def trial_jobs(
    study: Study,
    cell: Mapping[str, Level],
    label: str,
    tune: Tune,
    tried: Sequence[Levels],
    *,
    compose: Compose,
    seeds: Sequence[int],
    earlier: StoredArms | None,
    name: str,
) -> tuple[Job, ...]:
    """Return a job for every trial in a cell.

    Raises
    ------
    UserError
        A tuned key or value does not exist, or not in this cell; the metric is not logged by its Program.
    """
    short = short_names(study, study.metrics)
    names = factor_names({key: [values[key] for values in tried] for key in tune.space})
    jobs = []
    for values in tried:
        told = f"{label}, {with_short_names(levels_text(values, names), short)}"
        at = {**cell, **values}
        try:
            job = make_job(at, at, compose, seeds, label=told, earlier=earlier, uses=study.uses, metrics=study.metrics)
        except UserError as error:
            raise UserError(f"{name}: tune.space: {error}") from None
        if tune.metric not in job.program.metrics():
            logged = [metric for metric in job.program.metrics() if "test" not in metric]
            raise UserError(f"{name}: tune.metric: {unknown('metric', tune.metric, logged)}")
        jobs.append(job)
    return tuple(jobs)


def choosing(
    job: Job, trials: Sequence[Job], tried: Sequence[Levels], tune: Tune, *, study: str, declared: Tune
) -> Job:
    """Return an arm that chooses among trials in every seed; `job` is the arm at its fixed values.

    It is never run itself: in every seed its run is the trial that was chosen, whichever that is. Its id does not hang
    on the trials, so that a grid that grows leaves it what it is. `declared` is the tuning as the study has it, with
    the grids that were not widened yet.
    """
    arm_id = digest({"tuned in every seed": job.arm.id, "keys": sorted(tune.space), "metric": tune.metric})[:12]
    how = {
        "study": study,
        "per": "seed",
        "cell": job.arm.label,
        "metric": tune.metric,
        "trials": len(tried),
        "seeds": [],
        "space": {key: space_text(axis, len(tried)) for key, axis in tune.space.items()},
        "fixed": {key: held(job.arm.config, key) for key in tune.space},
        **widening(declared, tune),
    }
    arm = replace(job.arm, id=arm_id, facts={**job.arm.facts, "tuning": how})
    identities = {seed: digest({"arm": arm_id, "seed": seed}) for seed in job.identities}
    return replace(job, arm=arm, identities=identities, missing=tuple(identities), trials=tuple(trials), former={})


def copy_of_baseline(
    study: Study,
    jobs: Sequence[Job],
    tune: Tune,
    tried: Mapping[str, Sequence[Levels]],
    *,
    compose: Compose,
    earlier: StoredArms | None,
) -> tuple[Job | None, str]:
    """Return a copy of the baseline that tunes for itself, and the id of the arm it is a copy of.

    With the baseline's draws it would be the same run to the last bit, and show nothing. Where the Program can draw
    weights, order and the like anew on the same data (it owns `redraw`), the copy does, and is paired with the
    baseline as every arm is. Else it has seeds of its own: its data are drawn anew too.
    """
    tuned = [job for job in jobs if job.trials]
    if not tuned or not tune.copy_baseline:
        return None, ""
    base = study.base_levels()
    base_job = next(
        (job for job in tuned if all(job.arm.levels[f] == base[f] for f in base if f != FAIRNESS)), tuned[0]
    )
    same_data = _same_data(base_job)
    again = {REDRAW: base_job.config.redraw + 1} if same_data else {}
    seeds = [seed if same_data else copy_seed(seed) for seed in base_job.identities]
    cell = {factor: level for factor, level in base_job.arm.levels.items() if factor != FAIRNESS}
    marked = {arm.arm_id for arm in earlier.arms if COPY in arm.levels} if earlier is not None else set()
    trials = []
    for trial, values in zip(base_job.trials, tried[base_job.arm.id], strict=True):
        at = {**cell, **values}
        job = make_job(
            {**at, COPY: True}, {**at, **again}, compose, seeds, label=f"copy of {trial.arm.label}", earlier=earlier,
            uses=study.uses, metrics=study.metrics,
        )  # fmt: skip
        arm_id = job.arm.id if job.arm.id in marked else digest({"copy of": job.arm.id})[:12]
        trials.append(replace(job, arm=replace(job.arm, id=arm_id)))
    arm = replace(
        base_job.arm,
        id=digest({"copy of": base_job.arm.id})[:12],
        label=f"copy of {base_job.arm.label}",
        baseline=False,
    )
    identities = {seed: digest({"arm": arm.id, "seed": seed}) for seed in seeds}
    return replace(
        base_job, arm=arm, identities=identities, missing=tuple(seeds), trials=tuple(trials)
    ), base_job.arm.id


def trials_of(
    jobs: Sequence[Job],
    tried: Mapping[str, Sequence[Levels]],
    tune: Tune,
    study: Study,
    *,
    copy: tuple[Job | None, str],
    name: str,
) -> Trials | None:
    """Return what a study keeps of the trials of its arms; None where no arm chooses among any.

    `tried`: id of a tuned arm -> what its trials try.

    Raises
    ------
    UserError
        Nobody declares which way the metric that decides is better.
    """
    trial_ids = {job.arm.id: tuple(trial.arm.id for trial in job.trials) for job in jobs if job.trials}
    if not trial_ids:
        return None
    metrics = logged_scalars(jobs, study)
    metrics.direction(tune.metric, where=f"{name}: tune.metric")
    arms = {trial.arm.id: trial.arm for job in jobs for trial in job.trials}
    untuned = {job.arm.id for job in jobs if not job.trials}
    logged = [trial.program.metrics() for job in jobs for trial in job.trials]
    has_ties = tune.ties != SMALLER and metrics.of(tune.ties).better is not None
    ties = tune.ties if has_ties and all(tune.ties in names for names in logged) else ""
    again, of = copy
    shared = tuple(trials(tune))
    others = {arm: tuple(values) for arm, values in tried.items() if tuple(values) != shared}
    if again is not None:
        others |= {again.arm.id: others[of]} if of in others else {}
        trial_ids[again.arm.id] = tuple(trial.arm.id for trial in again.trials)
        arms |= {trial.arm.id: trial.arm for trial in again.trials}
    return Trials(
        metric={"name": tune.metric, **metrics.of(tune.metric).as_dict()},
        ties={"name": ties, **metrics.of(ties).as_dict()} if ties else {},
        tried=shared,
        arms=tuple(arm for arm_id, arm in arms.items() if arm_id not in untuned),
        of=trial_ids,
        copy=None if again is None else again.arm,
        copied=of,
        same_data=again is not None and _same_data(again),
        others=others,
    )


def _same_data(job: Job) -> bool:
    return REDRAW in type(job.program).owns()


def widening(declared: Tune, tune: Tune) -> dict[str, Any]:
    """Return what an arm's facts say of grids that were widened: `widened`, key -> values added; nothing of others."""
    pairs = ((key, axis, tune.space[key]) for key, axis in declared.space.items())
    sizes = {key: (len(a), len(b)) for key, a, b in pairs if isinstance(a, list) and isinstance(b, list)}
    added = {key: now - before for key, (before, now) in sizes.items() if now > before}
    return {"widened": added} if added else {}


def logged_scalars(jobs: Sequence[Job], study: Study) -> Metrics:
    """Return the scalars that some arm's runs may log."""
    return Metrics(study.metrics, join_metrics(job.program.metrics() for job in jobs))


def held(config: Mapping[str, Any], key: str) -> Any:
    """Return the value that a described configuration has at a dotted key; of a component, its name."""
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value.get("name") if isinstance(value, Mapping) else value
