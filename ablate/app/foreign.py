"""A Hydra application of somebody else's: started by itself with our sweeper, or by `ablate run --hydra FILE`.

Both make one request of the same overrides (`foreign_request`). From there on it is a study like any other.
"""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig

from ablate.app.compose import config_loader
from ablate.app.explain import explained
from ablate.app.foreign_request import ForeignRequest, request_of, settings_typed, sorted_words
from ablate.app.honoured import launcher_typed
from ablate.app.sweep import Settings, one_launcher, perform, plain_setting
from ablate.early import EXIT_CODE
from ablate.errors import AblateError, UserError
from ablate.interrupts import interruptible, told_as_interrupt
from ablate.programs.hydra_open import OpenedApp, is_main, open_app
from ablate.programs.hydra_words import changed_words
from ablate.sweep.found.asked import Asked as Compared
from ablate.sweep.launch import launcher_for
from ablate.sweep.own_keys import in_short_names
from ablate.work.request import Request


def sweep_inside(
    settings: Settings, task: Callable[..., Any], context: HydraContext, config: DictConfig, arguments: list[str]
) -> None:
    """Do what the sweeper is asked inside of an application; a mistake ends the process with one line.

    Raises
    ------
    SystemExit
        With the exit code that the command line of ablate has.
    """
    with interruptible():
        try:
            with explained():
                app = app_of(task)
                asked = ForeignRequest(
                    app, _not_as_said(app, config), arguments, list(config.hydra.overrides.hydra),
                    context.config_loader, shlex.join(["python", *sys.orig_argv[1:]]),
                )  # fmt: skip
                launcher, _ = launcher_typed(list(config.hydra.overrides.hydra))
                _sweep(settings, request_of(settings, asked), launcher)
        except (KeyboardInterrupt, Exception) as error:
            if told_as_interrupt(error):
                raise SystemExit(EXIT_CODE) from None
            if not isinstance(error, AblateError):
                raise
            sys.stderr.write(f"ablate: {error}\n")
            raise SystemExit(error.exit_code) from None


def sweep_outside(
    app: str,
    words: Sequence[str],
    given: Mapping[str, Any],
    main: Mapping[str, str],
    *,
    command: str,
    compared: Compared | None = None,
) -> None:
    """Sweep over an application that knows nothing of ablate.

    Parameters
    ----------
    words
        Overrides, and `seeds=8`.
    given
        Settings of the sweeper (`AblateSweeperConf`); the others are those that `hydra.sweeper.NAME=VALUE` says, or the
        application's configuration, where that chooses our sweeper.
    main
        See `programs.hydra_app.HydraApp`.
    compared
        What is said of the comparisons that the sweep is judged by.
    """
    from hydra_plugins.ablate_sweeper.sweeper import AblateSweeperConf

    with explained():
        opened = open_app(app, main)
        task, hydra, seeds = sorted_words(words)
        launcher, hydra = launcher_typed(hydra)
        with opened.world.entered(name=opened.name):
            master = opened.compose(changed_words(hydra), task, mode=RunMode.MULTIRUN)
            chosen = master.hydra.sweeper
            sweeper = chosen if chosen.get("_target_") == AblateSweeperConf._target_ else {}
            callbacks = Callbacks(master)
            callbacks.on_multirun_start(config=master, config_name=opened.config_name)
        names = [one.name for one in fields(AblateSweeperConf) if one.name != "_target_"]
        taken = {str(key): value for key, value in sweeper.items() if key in names}
        said = {**settings_typed(hydra, names), **given, **({"seeds": seeds} if seeds is not None else {})}
        settings: Any = AblateSweeperConf(**{**taken, **said})
        with opened.world.entered(name=opened.name):  # which options its groups have
            request = request_of(
                settings, ForeignRequest(opened.target, main, task, hydra, opened.loader, command), compared
            )
        _sweep(settings, request, launcher)
        with opened.world.entered(name=opened.name):
            callbacks.on_multirun_end(config=master, config_name=opened.config_name)


def app_of(task: Callable[..., Any]) -> str:
    """Return the name by which a worker process finds the function that Hydra was given.

    Raises
    ------
    UserError
        It stands in no file.
    """
    inner = inspect.unwrap(task)
    module = sys.modules.get(inner.__module__)
    names = [name for name, value in vars(module).items() if is_main(value) and inspect.unwrap(value) is inner]
    name = names[0] if names else inner.__name__
    if inner.__module__ != "__main__":
        return f"{inner.__module__}:{name}"
    spec, file = getattr(module, "__spec__", None), getattr(module, "__file__", None)
    if spec is not None:  # python -m package.train
        return f"{spec.name}:{name}"
    if file is None or not Path(file).is_file():
        raise UserError("the application was typed into a prompt: write it into a file, which worker processes can run")
    here = Path(file).resolve()
    inside = here.is_relative_to(Path.cwd())
    return f"{(here.relative_to(Path.cwd()) if inside else here).as_posix()}:{name}"


def _not_as_said(app: str, config: DictConfig) -> dict[str, str]:
    """Return what the command line says of where the configuration is, and `@hydra.main` does not."""
    sources = {one.provider: str(one.path) for one in config.hydra.runtime.config_sources}
    name, beside = config.hydra.job.config_name, sources.get("command-line", "")
    given = {"config_dir": beside} if beside else {}
    place = sources.get("main", "")
    try:
        opened = open_app(app, given)
    except UserError:
        if "`@hydra.main`" not in str(sys.exc_info()[1]):
            raise
        from hydra.version import getbase

        return {**given, "config_path": place, "config_name": name or "", "version_base": str(getbase())}
    if name != opened.config_name:
        given["config_name"] = name
    if place != _main_of(opened):
        given["config_path"] = place
    return given


def _main_of(opened: OpenedApp) -> str:
    paths = [one.path for one in opened.loader.get_search_path().get_path() if one.provider == "main"]
    return paths[0].removeprefix("file://") if paths else ""


def _sweep(settings: Settings, request: Request, option: Mapping[str, Any] | None) -> None:
    """Run what is asked for; `option` is the launcher that `hydra/launcher=NAME` chose."""
    if settings.n_jobs is None:
        settings.n_jobs = settings.jobs
    elif settings.jobs is not None:
        raise UserError("`hydra.sweeper.jobs` and `hydra.sweeper.n_jobs` say the same: give one of them")
    for name in ("study", "quick", "uses"):
        if getattr(settings, name):
            raise UserError(f"`hydra.sweeper.{name}` is for ablate's own studies, and not for another application")
    launcher = launcher_for(one_launcher(plain_setting(settings.launcher), option), settings.n_jobs)
    with in_short_names(request.study), config_loader() as loader:
        perform(settings, request, loader, launcher)
