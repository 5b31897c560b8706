"""The trials of one tuned cell as jobs, and an arm that chooses among them in every judging seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ablate.errors import UserError, unknown
from ablate.identity import digest
from ablate.levels import factor_names, levels_text
from ablate.sweep.grids import space_text
from ablate.sweep.jobs import Compose, Job, make_job
from ablate.sweep.known import Known
from ablate.sweep.metrics import Metrics, joined
from ablate.sweep.own_keys import short_names, with_short_names
from ablate.sweep.study import Study
from ablate.sweep.tune import SMALLER, Tune
from ablate.track.record import Level, Levels, Trials


def trial_jobs(
    study: Study,
    cell: Mapping[str, Level],
    label: str,
    tune: Tune,
    tried: Sequence[Levels],
    *,
    compose: Compose,
    seeds: Sequence[int],
    known: Known | None,
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
            job = make_job(at, at, compose, seeds, label=told, known=known, uses=study.uses, metrics=study.metrics)
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
    own = digest({"tuned in every seed": job.arm.id, "keys": sorted(tune.space), "metric": tune.metric})[:12]
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
    arm = replace(job.arm, id=own, facts={**job.arm.facts, "tuning": how})
    identities = {seed: digest({"arm": own, "seed": seed}) for seed in job.identities}
    return replace(job, arm=arm, identities=identities, missing=tuple(identities), trials=tuple(trials), former={})


def trials_of(jobs: Sequence[Job], tried: Sequence[Levels], tune: Tune, study: Study, *, name: str) -> Trials | None:
    """Return what a study keeps of the trials of its arms; None where no arm chooses among any.

    Raises
    ------
    UserError
        Nobody declares which way the metric that decides is better.
    """
    own = {job.arm.id: tuple(trial.arm.id for trial in job.trials) for job in jobs if job.trials}
    if not own:
        return None
    metrics = metrics_of(jobs, study)
    metrics.direction(tune.metric, where=f"{name}: tune.metric")
    arms = {trial.arm.id: trial.arm for job in jobs for trial in job.trials}
    untuned = {job.arm.id for job in jobs if not job.trials}
    logged = [trial.program.metrics() for job in jobs for trial in job.trials]
    known = tune.ties != SMALLER and metrics.of(tune.ties).better is not None
    ties = tune.ties if known and all(tune.ties in names for names in logged) else ""
    return Trials(
        metric={"name": tune.metric, **metrics.of(tune.metric).as_dict()},
        ties={"name": ties, **metrics.of(ties).as_dict()} if ties else {},
        tried=tuple(dict(values) for values in tried),
        arms=tuple(arm for arm_id, arm in arms.items() if arm_id not in untuned),
        of=own,
    )


def widening(declared: Tune, tune: Tune) -> dict[str, Any]:
    """Return what an arm's facts say of grids that were widened: `widened`, key -> values added; nothing of others."""
    pairs = ((key, axis, tune.space[key]) for key, axis in declared.space.items())
    sizes = {key: (len(a), len(b)) for key, a, b in pairs if isinstance(a, list) and isinstance(b, list)}
    added = {key: now - before for key, (before, now) in sizes.items() if now > before}
    return {"widened": added} if added else {}


def metrics_of(jobs: Sequence[Job], study: Study) -> Metrics:
    """Return the scalars that some arm's runs may log."""
    return Metrics(study.metrics, joined(job.program.metrics() for job in jobs))


def held(config: Mapping[str, Any], key: str) -> Any:
    """Return the value that a described configuration has at a dotted key; of a component, its name."""
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value.get("name") if isinstance(value, Mapping) else value
