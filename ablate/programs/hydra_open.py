"""Opening a Hydra application: its task function, and what composes its configuration, as `@hydra.main` says them.

The file is imported under a name of its own, as a worker process does it; nothing is read off its source. What
`@hydra.main` was given is caught when the decorated function hands it on to Hydra.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import (
    create_automatic_config_search_path,
    detect_calling_file_or_module_from_task_function,
    detect_task_name,
)
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.utils import validate_config_path
from hydra.types import HydraContext, RunMode
from hydra.version import setbase
from omegaconf import DictConfig, OmegaConf

from ablate.errors import UserError, nearest, unknown
from ablate.programs.hydra_words import keys_of
from ablate.programs.hydra_world import World
from ablate.programs.place import APP, Place, file_place, parts_of
from ablate.programs.target import Code, module_at

_MAIN = "hydra.main"


SAID = ("config_name", "config_path", "config_dir", "version_base")
"""What `@hydra.main` or a command line says of where a configuration is (`--config-name`, …)."""


@dataclass
class OpenedApp:
    """An application that was imported.

    Attributes
    ----------
    target
        `path/to/file.py:function` or `module:function`.
    task
        What `@hydra.main` decorates.
    decorated
        The function under its name: it may say which metrics it returns (`main.metrics`).
    loader
        What composes its configuration.
    config_name
        Its primary configuration; None where it has none.
    """

    target: str
    task: Callable[[DictConfig], Any]
    decorated: Any
    loader: ConfigLoader
    config_name: str | None
    world: World
    module: ModuleType
    name: str

    def compose(self, hydra: Sequence[str], task: Sequence[str], mode: RunMode = RunMode.RUN) -> DictConfig:
        """Compose the configuration of a job, Hydra's node with it; called inside its world."""
        words = [*hydra, "hydra.mode=MULTIRUN", *task]
        return self.loader.load_configuration(self.config_name, overrides=words, run_mode=mode)

    def keys(self, hydra: Sequence[str], task: Sequence[str]) -> list[str]:
        """Return the keys of its own configuration, as an override names them; called inside its world."""
        config: Any = OmegaConf.to_container(self.compose(hydra, task), resolve=False)
        return [key for key in keys_of(config) if key.partition(".")[0] != "hydra"]

    def context(self, config: DictConfig) -> HydraContext:
        """Return what Hydra hands to a job: the loader, and the callbacks that its configuration names."""
        return HydraContext(config_loader=self.loader, callbacks=Callbacks(config))


_worlds: dict[str, tuple[ModuleType, World]] = {}
_opened: dict[tuple[Any, ...], OpenedApp] = {}


def open_app(app: str, said: Mapping[str, str], code: Code | None = None) -> OpenedApp:
    """Import an application and return what composes and runs it; what is open already is not opened again.

    Parameters
    ----------
    app
        `path/to/file.py`, or a module, with `:function` where it has several.
    said
        What was said in place of what `@hydra.main` says (`SAID`).
    code
        What its modules must say (see `target.module_at`).

    Raises
    ------
    UserError
        The file, module or function is missing; it cannot be imported; it has no `@hydra.main`, or several of which
        none is named; its code is not `code` any more.
    """
    for key in said:
        if key not in SAID:
            raise unknown("setting of `program.main`", key, SAID)
    place, name = place_of_app(app)
    new = World.new()
    with new.entered(importing=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of `version_base`: said where the application runs by itself
        module = module_at(place, code)
    imported, world = _worlds.get(place.name, (None, new))
    if imported is not module:
        world = new
        _worlds[place.name] = module, world
    asked = (place.name, name, tuple(sorted(said.items())))
    opened = _opened.get(asked)
    if opened is not None and opened.module is module:
        return opened
    function = _function(module, name, app, said)
    task, path, config_name = _said(function, said)
    if said.get("version_base") and not is_main(function):
        with world.entered(importing=True):
            setbase(said["version_base"])
    with world.entered():
        loader, job_name = _loader(task, path, said.get("config_dir", ""))
    target = f"{place.said}:{getattr(function, '__name__', name)}"
    _opened[asked] = OpenedApp(target, task, function, loader, config_name, world, module, job_name)
    return _opened[asked]


def place_of_app(app: str) -> tuple[Place, str]:
    """Return where an application stands, and the name of its function, empty where none is given.

    Raises
    ------
    UserError
        The file or module is missing.
    """
    said, colon, name = app.rpartition(":")
    said, name = (said, name) if colon and name.isidentifier() else (app, "")
    if said.endswith(".py"):
        return file_place(said, asked=APP), name
    if not said or not all(part.isidentifier() for part in said.split(".")):
        raise UserError(f"`program.app` must be a Python file such as train.py, or a module, got {app!r}")
    try:
        return parts_of(f"{said}:{name or 'main'}")[0], name
    except UserError as error:
        raise UserError(str(error).replace("`program.target`", "`program.app`")) from None


def is_main(thing: Any) -> bool:
    """Tell whether a function is one that `@hydra.main` decorated."""
    code = getattr(thing, "__code__", None)
    return code is not None and hasattr(thing, "__wrapped__") and code.co_filename == sys.modules[_MAIN].__file__


def _function(module: ModuleType, name: str, app: str, said: Mapping[str, str]) -> Any:
    mains = {key: function for key, function in vars(module).items() if is_main(function)}
    defined = {key: function for key, function in mains.items() if function.__module__ == module.__name__} or mains
    if name:
        if name in mains:
            return mains[name]
        function = getattr(module, name, None)
        if callable(function) and said:
            return function  # `hydra.main(…)(train)()`: decorated where it is called
        hint = nearest(name, defined)
        raise UserError(
            f"`program.app`: {app} names no function with `@hydra.main`, expected one of {', '.join(defined) or '-'}"
            + (f"; nearest match: {hint}" if hint else "")
        )
    if not defined:
        raise UserError(f"`program.app`: {app} has no function with `@hydra.main`, so Hydra does not start it")
    if len(defined) > 1:
        names = sorted(defined)
        raise UserError(
            f"`program.app`: {app} has several functions with `@hydra.main`, {', '.join(names)}: say which, as "
            f"in {app}:{names[0]}"
        )
    return next(iter(defined.values()))


def _said(function: Any, said: Mapping[str, str]) -> tuple[Any, str | None, str | None]:
    """Return the task function, the path and the name of the configuration, as `@hydra.main` hands them on."""
    if not is_main(function):
        return function, said.get("config_path"), said.get("config_name")
    caught: dict[str, Any] = {}
    theirs, argv = function.__globals__["_run_hydra"], sys.argv
    try:
        sys.argv = argv[:1]
        function.__globals__["_run_hydra"] = lambda **handed: caught.update(handed)
        function()
    finally:
        function.__globals__["_run_hydra"], sys.argv = theirs, argv
    return (
        caught["task_function"],
        said.get("config_path", caught["config_path"]),
        said.get("config_name", caught["config_name"]),
    )


def _loader(task: Any, path: str | None, beside: str) -> tuple[ConfigLoader, str]:
    """Return the config loader that Hydra makes where the file is run as a script, and the name of its jobs."""
    inner = task
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    module = inner.__module__
    try:
        inner.__module__ = "__main__"  # what it is there
        file, _ = detect_calling_file_or_module_from_task_function(task)
    finally:
        inner.__module__ = module
    validate_config_path(path)
    search = create_automatic_config_search_path(file, None, path)
    if beside:
        folder = Path(beside).resolve()
        if not folder.is_dir():
            raise UserError(f"`--config-dir`: no folder {folder}")
        search.prepend(provider="command-line", path=f"file://{folder}", anchor=SearchPathQuery(provider="schema"))
    name = detect_task_name(file, None)
    return Hydra.create_main_hydra2(task_name=name, config_search_path=search).config_loader, name
