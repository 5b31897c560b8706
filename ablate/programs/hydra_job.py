"""One job of a Hydra application: what its configuration is, where its folder lies, and what came of it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import run_job
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict, read_write
from omegaconf.basecontainer import BaseContainer
from yaml import YAMLError

from ablate.errors import UserError
from ablate.identity import digest
from ablate.programs.hydra_open import OpenedApp
from ablate.programs.reports import object_in

_OF_A_JOB = ("job.num", "job.id", "runtime.output_dir", "runtime.cwd", "run.dir", "sweep.dir", "sweep.subdir")
"""Keys of Hydra's node that say where and when a job runs, and not what it does."""


def resolved(config: DictConfig) -> dict[str, Any]:
    """Return what a job is given, as plain values; with it what Hydra does around it (`hydra.job.env_set`, `chdir`).

    Where and when it runs (`${hydra:runtime.output_dir}`, `${now:…}`) stands there as it is written, and so does what
    cannot be resolved, or has another value each time. Called inside the application's world.
    """
    probe = copy.deepcopy(config)
    OmegaConf.clear_cache(probe)
    with read_write(probe), open_dict(probe):
        for key in _OF_A_JOB:
            OmegaConf.update(probe.hydra, key, 0 if key == "job.num" else f"<{key}>", merge=False)
    running, resolvers = HydraConfig.instance().cfg, dict(BaseContainer._resolvers)
    OmegaConf.register_new_resolver("now", lambda pattern: f"<now {pattern}>", replace=True)
    HydraConfig.instance().set_config(probe)
    try:
        once, again = ({str(k): _plain(probe, k) for k in probe if k != "hydra"} for _ in range(2))
        around = {"env_set": _plain(probe.hydra.job, "env_set"), "chdir": _plain(probe.hydra.job, "chdir")}
    finally:
        HydraConfig.instance().cfg, BaseContainer._resolvers = running, resolvers
    said = {str(key): _said(probe, key) for key in probe if key != "hydra"}
    return {"config": _settled(once, again, said), "around": {key: value for key, value in around.items() if value}}


def _plain(node: DictConfig | ListConfig, key: Any) -> Any:
    try:
        value = node[key]
    except Exception:  # noqa: BLE001 - missing, or a resolver that fails: it says what is written
        return _said(node, key)
    if isinstance(value, DictConfig) and not value._is_none():
        return {str(name): _plain(value, name) for name in value}
    if isinstance(value, ListConfig):
        return [_plain(value, place) for place in range(len(value))]
    return _simple(value)


def _said(node: DictConfig | ListConfig, key: Any) -> Any:
    """Return what is written at a key, interpolations as they are."""
    child: Any = node._get_node(key)
    return _simple(OmegaConf.to_container(child, resolve=False) if OmegaConf.is_config(child) else child._value())


def _simple(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _simple(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_simple(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _settled(once: Any, again: Any, said: Any) -> Any:
    """Return what is the same both times; else what is written."""
    if isinstance(once, dict) and isinstance(again, dict):
        under = said if isinstance(said, dict) else {}
        return {name: _settled(value, again.get(name), under.get(name, said)) for name, value in once.items()}
    return once if repr(once) == repr(again) else said


def sweep_folder(opened: OpenedApp, config: DictConfig) -> str:
    """Return the folder of a sweep, `hydra.sweep.dir`; one for all its jobs, whenever they begin."""
    config = copy.deepcopy(config)
    OmegaConf.set_cache(config, copy.deepcopy(opened.world.cache))
    running = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(config)
    try:
        folder = Path(str(config.hydra.sweep.dir)).absolute()
    finally:
        HydraConfig.instance().cfg = running
    opened.world.cache = OmegaConf.get_cache(config)
    return str(folder)


def write_sweep(opened: OpenedApp, hydra: Sequence[str], task: Sequence[str], folder: str) -> None:
    """Write what Hydra writes of a sweep, `multirun.yaml`, where it is not there yet."""
    file = Path(folder) / "multirun.yaml"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(opened.compose(hydra, task, mode=RunMode.MULTIRUN), file)


def run_one(opened: OpenedApp, config: DictConfig, *, cache: Mapping[str, Any], metrics_file: str) -> Any:
    """Run a job as Hydra's launchers do, and return what its task function returned, or its file of metrics holds.

    `cache`: what is resolved once for the whole sweep.

    Raises
    ------
    Exception
        What the task function raises.
    UserError
        Its folder is that of another job; it left no metrics.
    """
    OmegaConf.set_cache(config, copy.deepcopy(cache))  # type: ignore[arg-type]
    _ask(config)
    with read_write(config), open_dict(config):
        config.hydra.sweep.dir = str(Path(str(config.hydra.sweep.dir)).absolute())
        _numbered(config)
    if metrics_file:
        (_folder(config) / metrics_file).unlink(missing_ok=True)  # of a run that crashed: it is not this one's
    HydraConfig.instance().set_config(config)
    with warnings.catch_warnings():
        # An application written for Hydra 1.1 is told by Hydra itself, where it runs by itself, and not in every job.
        warnings.filterwarnings("ignore", message="Future Hydra versions will no longer change working directory")
        ret = run_job(
            task_function=opened.task,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
            hydra_context=opened.context(config),
        )
    returned = ret.return_value
    return object_in(Path(str(config.hydra.runtime.output_dir)) / metrics_file) if metrics_file else returned


def _numbered(config: DictConfig) -> None:
    """Give a job the first number whose folder is free, and its folder with it: several processes ask at a time."""
    number = 0
    while True:
        config.hydra.job.num, config.hydra.job.id = number, f"{config.hydra.job.name}_{number}"
        here = _folder(config)
        here.parent.mkdir(parents=True, exist_ok=True)
        try:
            here.mkdir()
        except FileExistsError:
            config.hydra.job.num = number + 1
            if _folder(config) == here:  # it goes by the settings: only the same job may use it again
                _check_same(here, config)
                return
            number += 1
        else:
            _take(here, config)
            return


def _ask(config: DictConfig) -> None:
    """Let `${hydra:…}` mean this configuration, which may still be changed."""
    HydraConfig.instance().set_config(config)
    OmegaConf.set_readonly(config.hydra, False)


def _folder(config: DictConfig) -> Path:
    _ask(config)
    return Path(str(config.hydra.sweep.dir)) / str(config.hydra.sweep.subdir)


def _check_same(folder: Path, config: DictConfig) -> None:
    try:
        there = OmegaConf.to_container(OmegaConf.load(_said_in(folder, config)))
    except (OSError, ValueError, YAMLError):
        there = None  # nobody knows whose it is
    if there != OmegaConf.to_container(config.hydra.overrides.task):
        raise UserError(
            f"`hydra.sweep.subdir` gives two jobs the folder {folder}: let it hold the number of the job, "
            "${hydra.job.num}, or every setting that is swept and the seed"
        )


def _said_in(folder: Path, config: DictConfig) -> Path:
    """Return the file that says which job has a folder: Hydra's, or ours below the sweep's where Hydra writes none."""
    if config.hydra.output_subdir is not None:
        return folder / str(config.hydra.output_subdir) / "overrides.yaml"
    return Path(str(config.hydra.sweep.dir)) / ".ablate" / f"{digest(str(config.hydra.sweep.subdir))[:16]}.yaml"


def _take(folder: Path, config: DictConfig) -> None:
    """Say which job has a folder, where Hydra does not."""
    if config.hydra.output_subdir is None:
        file = _said_in(folder, config)
        file.parent.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config.hydra.overrides.task, file)


def as_dict(app: str, returned: Any, declared: Collection[str]) -> Mapping[Any, Any]:
    """Return what a task function returned as a dict: a number alone is the one metric that is declared.

    Raises
    ------
    UserError
        It returned nothing, or a number where more than one metric is declared.
    """
    if isinstance(returned, Mapping):
        return returned
    if returned is None:
        raise UserError(
            f"{app} returned None: it must return a number or a dict of numbers, or write a JSON file into "
            "its output folder that `metrics_file` names"
        )
    if len(declared) != 1:
        raise UserError(
            f"{app} returned a {type(returned).__name__}, but {len(declared)} metrics are declared "
            f"({', '.join(declared)}): it must return a dict of them, or write a `metrics_file`"
        )
    return {next(iter(declared)): returned}
