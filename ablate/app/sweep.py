"""What the sweeper does: request -> plan -> resume -> train -> track -> judge -> report."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from hydra.core.utils import JobRuntime
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.app.advice import advise, before
from ablate.app.choosing import with_tuning
from ablate.app.compose import Composer
from ablate.app.console import root_folder
from ablate.app.extending import extended
from ablate.app.fresh import start_over
from ablate.app.noise import noise_request, run_noise
from ablate.app.overrides import HANDED, literal, typed
from ablate.app.planning import plan_study, show_plan, stored_under, tell_of_data
from ablate.app.request import Request, read_request
from ablate.app.running import run_study
from ablate.app.study_name import out_of_hydra
from ablate.app.tuning import run_tuning, show_tuning
from ablate.errors import UserError, unknown
from ablate.levels import expanded
from ablate.manifest import Part, publish
from ablate.report.known import JOBS, known_files
from ablate.sweep.plan import Plan
from ablate.sweep.runner import worker_count
from ablate.sweep.tune import Tune
from ablate.sweep.tuning_plan import plan_tuning


class Settings(Protocol):
    """What Hydra configured the sweeper with."""

    study: str | None
    single: bool
    action: str
    more_seeds: int | None
    copies: int
    quick: bool
    fresh: bool
    n_jobs: int | None
    report: bool
    progress: bool
    design: Any
    exclude: Any
    tune: Any
    fairness: str | None
    metrics: Any


def sweep(settings: Settings, hydra_context: HydraContext, config: DictConfig, arguments: list[str]) -> None:
    """Plan or run a request."""
    loader, arguments = hydra_context.config_loader, [HANDED.words.get(word, word) for word in arguments]
    for name, value in HANDED.settings.items():
        setattr(settings, name, value)
    worker_count(settings.n_jobs)  # refuse a wrong number before anything else is done
    request = read_request(
        out_of_hydra(settings.study), arguments, loader, parts=_parts(settings), quick=settings.quick
    )
    if settings.single and request.study.factors:
        factor = next(iter(request.study.factors))
        raise UserError(
            f"`{factor}` is given several levels: add -m to sweep over them, as in `ablate -m {shlex.join(arguments)}`"
        )
    hydra_overrides = tuple(map(str, config.hydra.overrides.hydra))
    if settings.action not in ("run", "plan", "extend", "noise"):
        raise unknown("hydra.sweeper.action", settings.action, ["run", "plan", "extend", "noise"])
    raw = (*hydra_overrides, *request.raw)
    composer = Composer(loader, request.study.fixed, raw)
    planned = None
    if settings.action == "extend":
        request, planned = extended(request, composer, settings.more_seeds)
    plan = plan_study(request, composer, planned=planned)
    tell_of_data(plan)
    advise(before(plan, root_folder()))
    if settings.action == "noise":
        aa = noise_request(request, plan, seeds=settings.more_seeds, copies=settings.copies)
        alone = Composer(loader, aa.study.fixed, raw)
        run_noise(plan, aa, alone, n_jobs=settings.n_jobs, progress=settings.progress)
        return
    if settings.fresh and settings.action != "run":
        raise UserError(f"`fresh` runs a study again; it does not go with `{settings.action}`")
    tuning = plan_tuning(plan, composer, stored_under(f"{plan.record.name}-tuning"))
    if settings.fresh:
        start_over(plan, *([tuning.plan] if tuning is not None else []))
    if tuning is not None:
        if settings.action == "plan":
            chosen = show_tuning(tuning, plan, n_jobs=settings.n_jobs)
        else:
            chosen = run_tuning(tuning, plan, n_jobs=settings.n_jobs, progress=settings.progress)
        if chosen is not None:
            plan = with_tuning(plan_study(request, composer, planned=planned, tuned=chosen), tuning)
    if settings.action == "plan":
        show_plan(plan, n_jobs=settings.n_jobs)
        return

    def keep(todo: Plan) -> None:
        _write_job_folders(todo, config, composer, request, single=settings.single)

    report = settings.report and not settings.single
    run_study(plan, n_jobs=settings.n_jobs, report=report, progress=settings.progress, before=keep)


def _parts(settings: Settings) -> dict[str, Any]:
    """Return the parts of a study that the command line gave, as plain values."""
    given = {key: getattr(settings, key) for key in ("design", "exclude", "tune", "fairness", "metrics")}
    plain: dict[str, Any] = {
        k: OmegaConf.to_container(v, resolve=True) if OmegaConf.is_config(v) else v
        for k, v in given.items()
        if v is not None
    }
    if isinstance(plain.get("exclude"), str):
        plain["exclude"] = [plain["exclude"]]
    tune = plain.get("tune")
    if isinstance(tune, dict) and "space" not in tune:
        # Typed short: what is no setting of `tune` is a key to be tuned.
        own = {key: value for key, value in tune.items() if key in Tune.model_fields}
        plain["tune"] = {"space": {key: value for key, value in tune.items() if key not in own}, **own}
    return plain


def _write_job_folders(plan: Plan, config: DictConfig, composer: Composer, request: Request, *, single: bool) -> None:
    """Write what Hydra users look for: `multirun.yaml`, and one numbered folder per job with its `.hydra/`."""
    folder = Path(config.hydra.run.dir if single else config.hydra.sweep.dir)
    todo = [(index, job) for index, job in enumerate(plan.jobs) if job.missing]
    if not todo:
        return
    files: dict[str, bytes | str] = {} if single else {"multirun.yaml": OmegaConf.to_yaml(config)}
    fixed = _as_overrides(request.study.fixed)
    for index, job in todo:
        node = composer.node(job.settings)
        overrides = [*fixed, *_as_overrides(job.settings), f"seeds=[{','.join(map(str, job.missing))}]"]
        below = "" if single else f"{index}/"
        described = _described(folder / below, index, node, overrides)
        files |= {f"{below}.hydra/{name}": text for name, text in described.items()}
    publish(folder, [Part(JOBS, files, retires=False)], known=known_files, option="hydra.sweep.dir")


def _described(folder: Path, index: int, node: DictConfig, overrides: list[str]) -> dict[str, str]:
    """Return the files of Hydra's `.hydra/` for one job."""
    with open_dict(node):
        node.hydra.job.num = index
        node.hydra.job.id = f"{JobRuntime.instance().get('name')}_{index}"
        node.hydra.overrides.task = overrides
        node.hydra.runtime.output_dir = str(folder.resolve())
        hydra = OmegaConf.masked_copy(node, "hydra")
        del node["hydra"]
    return {
        "config.yaml": OmegaConf.to_yaml(node),
        "hydra.yaml": OmegaConf.to_yaml(hydra),
        "overrides.yaml": OmegaConf.to_yaml(OmegaConf.create(overrides)),
    }


def _as_overrides(levels: Mapping[str, Any]) -> list[str]:
    return [literal(f"{key}={typed(expanded(level))}") for key, level in levels.items()]
