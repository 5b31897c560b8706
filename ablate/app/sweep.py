"""What the sweeper does: request -> plan -> resume -> train -> track -> judge -> report."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from hydra.core.config_loader import ConfigLoader
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from ablate.app.checking import try_study
from ablate.app.compose import Composer
from ablate.app.console import say
from ablate.app.job_folders import write_job_folders
from ablate.app.noise import noise_lines
from ablate.app.printing import bench as terminal
from ablate.app.request import read_request
from ablate.app.rerunning import rerun
from ablate.app.showing import show_plan, show_tuning
from ablate.app.study_name import HANDED, out_of_hydra
from ablate.app.trusted import note_given
from ablate.errors import UserError, unknown
from ablate.sweep.launch import Launcher, launcher_for, worker_count
from ablate.sweep.plan import Plan
from ablate.sweep.tune import Tune
from ablate.sweep.tuning_plan import plan_tuning
from ablate.work.again import extended
from ablate.work.bench import Bench
from ablate.work.choosing import with_tuning
from ablate.work.noise import noise_request, run_noise
from ablate.work.planning import plan_study, stored_under
from ablate.work.request import Request
from ablate.work.running import look_over, run_request
from ablate.work.tuning_stage import shown_plan

_ACTIONS = ("run", "plan", "extend", "noise", "check", "rerun")


class Settings(Protocol):
    """What Hydra configured the sweeper with."""

    study: str | None
    name: str | None
    single: bool
    action: str
    rerun: str | None
    more_seeds: int | None
    copies: int
    quick: bool
    fresh: bool
    n_jobs: int | None
    launcher: Any
    report: bool
    progress: bool
    design: Any
    exclude: Any
    tune: Any
    fairness: str | None
    metrics: Any
    uses: Any
    seeds: Any
    seed_key: str | None
    metrics_file: str | None
    code_version: str | None
    jobs: int | None


OF_OTHERS = ("seeds", "seed_key", "metrics_file", "code_version", "jobs")
"""Settings of the sweeper that are those of an application of somebody else's."""


def sweep(settings: Settings, hydra_context: HydraContext, config: DictConfig, arguments: list[str]) -> None:
    """Plan or run a request."""
    loader, arguments = hydra_context.config_loader, [HANDED.words.get(word, word) for word in arguments]
    for name, value in HANDED.settings.items():
        setattr(settings, name, value)
    for name in OF_OTHERS:
        if getattr(settings, name) is not None:
            raise UserError(
                f"`hydra.sweeper.{name}` is for a Hydra application of your own; with ablate's configuration it is "
                f"`{_INSTEAD.get(name, 'program.' + name)}`"
            )
    worker_count(settings.n_jobs)  # refuse a wrong number before anything else is done
    request = read_request(
        out_of_hydra(settings.study),
        arguments,
        loader,
        parts=parts_given(settings),
        quick=settings.quick,
        uses=[str(out_of_hydra(file)) for file in settings.uses or ()],
        adhoc=out_of_hydra(settings.name),
        spelling=HANDED.spelling,
        compared=HANDED.compared,
    )
    launcher = launcher_for(_launcher(settings, config), settings.n_jobs)
    if settings.single and request.study.factors:
        factor = next(iter(request.study.factors))
        raise UserError(
            f"`{factor}` is given several levels: add -m to sweep over them, as in `ablate -m {shlex.join(arguments)}`"
        )
    raw = (*map(str, config.hydra.overrides.hydra), *request.raw)

    def keep(composer: Composer, todo: Plan) -> None:
        write_job_folders(todo, config, composer, request, single=settings.single)

    perform(settings, request, loader, launcher, raw=raw, keep=keep)


_INSTEAD = {"seeds": "seeds", "jobs": "hydra.sweeper.n_jobs"}


def perform(
    settings: Settings,
    request: Request,
    loader: ConfigLoader,
    launcher: Launcher,
    *,
    raw: tuple[str, ...] = (),
    keep: Callable[[Composer, Plan], None] | None = None,
) -> None:
    """Do with a request what `hydra.sweeper.action` says: plan, run, extend, try it, measure its noise, rerun a run.

    Parameters
    ----------
    loader
        What composes ablate's configuration.
    raw
        Overrides of Hydra's own node.
    keep
        Called with what is missing, and what composes its arms, before anything is trained.
    """
    if settings.action not in _ACTIONS:
        raise unknown("hydra.sweeper.action", settings.action, _ACTIONS)
    if settings.action in ("run", "extend"):
        note_given(request.command)
    composer = Composer(loader, request.study.fixed, raw)
    if settings.fresh and settings.action in ("plan", "extend"):
        raise UserError(f"`fresh` runs a study again; it does not go with `{settings.action}`")
    bench = terminal(progress=settings.progress)
    planned = None
    if settings.action == "extend":
        request, planned = extended(request, composer, settings.more_seeds, bench.store)
    if settings.action == "rerun":
        rerun(request, composer, bench.store, str(settings.rerun))
        return
    if settings.action == "plan":
        _show(request, composer, bench, launcher)
        return
    if settings.action == "check":
        try_study(look_over(request, composer, bench), bench, launcher)
        return
    if settings.action == "noise":
        plan = look_over(request, composer, bench)
        aa = noise_request(request, plan, seeds=settings.more_seeds, copies=settings.copies)
        tables = run_noise(aa, Composer(loader, aa.study.fixed, raw), bench, launcher=launcher)
        for line in noise_lines(plan, tables, workers=launcher.workers):
            say(line)
        return

    report = settings.report and not settings.single
    run_request(
        request, composer, bench, launcher=launcher, report=report, planned=planned, fresh=settings.fresh,
        before=None if keep is None else partial(keep, composer),
    )  # fmt: skip


def _show(request: Request, composer: Composer, bench: Bench, launcher: Launcher) -> None:
    """Print what `ablate plan` shows: the tuning that comes first, then the study as far as it is known."""
    plan = shown_plan(look_over(request, composer, bench), partial(plan_study, request, composer, bench.store), bench)
    launcher.check(plan)
    tuning = plan_tuning(plan, composer, stored_under(f"{plan.record.name}-tuning", bench.store))
    if tuning is not None:
        chosen = show_tuning(tuning, plan, bench.store, workers=launcher.workers)
        if chosen is not None:
            plan = plan_study(request, composer, bench.store, tuned=chosen)
            plan = with_tuning(plan, tuning, bench.store)
    show_plan(plan, bench.store, workers=launcher.workers)


def parts_given(settings: Settings) -> dict[str, Any]:
    """Return the parts of a study that the command line gave, as plain values."""
    given = {key: getattr(settings, key) for key in ("design", "exclude", "tune", "fairness", "metrics")}
    parts: dict[str, Any] = {key: plain_setting(value) for key, value in given.items() if value is not None}
    if isinstance(parts.get("exclude"), str):
        parts["exclude"] = [parts["exclude"]]
    tune = parts.get("tune")
    if isinstance(tune, dict) and "space" not in tune:
        # Typed short: what is not a setting of `tune` is a key to be tuned.
        fields = {key: value for key, value in tune.items() if key in Tune.model_fields}
        parts["tune"] = {"space": {key: value for key, value in tune.items() if key not in fields}, **fields}
    return parts


def _launcher(settings: Settings, config: DictConfig) -> Any:
    """Return the launcher that is asked for: by ourselves, or as an option of Hydra, `hydra/launcher=ray`."""
    ours, option = plain_setting(settings.launcher), plain_setting(config.hydra.launcher)
    return one_launcher(ours, option if isinstance(option, dict) and "kind" in option else None)


def one_launcher(ours: Any, option: Mapping[str, Any] | None) -> Any:
    """Return the launcher that is asked for, by a setting of ours or by `hydra/launcher=NAME`; raises `UserError`."""
    if option is None:
        return ours
    if ours is not None:
        raise UserError(f"the launcher is given twice: {ours}, and hydra/launcher={option['kind']}; give it once")
    return option


def plain_setting(value: Any) -> Any:
    """Return a setting of the sweeper as plain lists, dicts and values."""
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
