"""What the sweeper does: request -> plan -> resume -> train -> track -> judge -> report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from hydra.core.utils import JobRuntime
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.app.compose import Composer
from ablate.app.planning import plan_study, show_plan
from ablate.app.request import Request, read_request
from ablate.app.running import run_study
from ablate.errors import UserError, unknown
from ablate.sweep.plan import Plan, show
from ablate.sweep.runner import worker_count


class Settings(Protocol):
    """What Hydra configured the sweeper with."""

    study: str | None
    single: bool
    action: str
    n_jobs: int | None
    report: bool
    progress: bool
    design: Any
    exclude: Any


def sweep(settings: Settings, hydra_context: HydraContext, config: DictConfig, arguments: list[str]) -> None:
    """Plan or run a request."""
    loader = hydra_context.config_loader
    worker_count(settings.n_jobs)  # refuse a wrong number before anything else is done
    request = read_request(settings.study, arguments, loader, choices=_choices(settings))
    if settings.single and request.study.factors:
        factor = next(iter(request.study.factors))
        raise UserError(
            f"`{factor}` is given several levels: add -m to sweep over them, as in `ablate -m {' '.join(arguments)}`"
        )
    hydra_overrides = tuple(map(str, config.hydra.overrides.hydra))
    composer = Composer(loader, request.study.fixed, (*hydra_overrides, *request.raw))
    plan = plan_study(request, composer)
    if settings.action == "plan":
        show_plan(plan, n_jobs=settings.n_jobs)
        return
    if settings.action != "run":
        raise unknown("hydra.sweeper.action", settings.action, ["run", "plan"])

    def keep(todo: Plan) -> None:
        _write_job_folders(todo, config, composer, request, single=settings.single)

    report = settings.report and not settings.single
    run_study(plan, n_jobs=settings.n_jobs, report=report, progress=settings.progress, before=keep)


def _choices(settings: Settings) -> dict[str, Any]:
    """Return the parts of a study that the command line gave, as plain values."""
    given = {"design": settings.design, "exclude": settings.exclude}
    plain = {k: OmegaConf.to_container(v) if OmegaConf.is_config(v) else v for k, v in given.items() if v is not None}
    if isinstance(plain.get("exclude"), str):
        plain["exclude"] = [plain["exclude"]]
    return plain


def _write_job_folders(plan: Plan, config: DictConfig, composer: Composer, request: Request, *, single: bool) -> None:
    """Write what Hydra users look for: `multirun.yaml`, and one numbered folder per job with its `.hydra/`."""
    folder = Path(config.hydra.run.dir if single else config.hydra.sweep.dir)
    todo = [(index, job) for index, job in enumerate(plan.jobs) if job.missing]
    if not todo:
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not single:
        OmegaConf.save(config, folder / "multirun.yaml")
    fixed = [f"{key}={show(value)}" for key, value in request.study.fixed.items()]
    for index, job in todo:
        node = composer.node(job.arm.levels)
        overrides = [*fixed, *_as_overrides(job.arm.levels), f"seeds=[{','.join(map(str, job.missing))}]"]
        _write_job(folder if single else folder / str(index), index, node, overrides)


def _write_job(folder: Path, index: int, node: DictConfig, overrides: list[str]) -> None:
    with open_dict(node):
        node.hydra.job.num = index
        node.hydra.job.id = f"{JobRuntime.instance().get('name')}_{index}"
        node.hydra.overrides.task = overrides
        node.hydra.runtime.output_dir = str(folder.resolve())
        hydra = OmegaConf.masked_copy(node, "hydra")
        del node["hydra"]
    place = folder / ".hydra"
    place.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(node, place / "config.yaml")
    OmegaConf.save(hydra, place / "hydra.yaml")
    OmegaConf.save(OmegaConf.create(overrides), place / "overrides.yaml")


def _as_overrides(levels: Mapping[str, Any]) -> list[str]:
    return [f"{key}={show(level)}" for key, level in levels.items()]
