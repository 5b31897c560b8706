"""What a Hydra application keeps for the whole process, apart for each application.

Hydra and OmegaConf hold stored configurations, resolvers, `version_base` and the running configuration once per
process. A worker runs jobs of several applications, and ablate's own configuration is composed beside them: each
application has its own of these, which hold while it is asked for something.
"""

from __future__ import annotations

import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobRuntime, setup_globals
from hydra.version import _UNSPECIFIED_, VersionBase
from omegaconf import OmegaConf
from omegaconf.basecontainer import BaseContainer

_OURS = ("schema", "train_schema.yaml")


@dataclass
class World:
    """What is put in place while an application is asked.

    Attributes
    ----------
    stored
        The content of Hydra's `ConfigStore`.
    resolvers
        OmegaConf's resolvers, by name.
    base
        The `version_base` that it was written for.
    cache
        What resolvers gave that are asked once for a whole sweep (`now`).
    """

    stored: dict[str, Any]
    resolvers: dict[str, Any]
    base: Any = _UNSPECIFIED_
    cache: dict[str, Any] = field(default_factory=lambda: defaultdict(dict))  # as OmegaConf makes it

    @classmethod
    def new(cls) -> World:
        """Return what there is before the application was imported; what installed packages stored is among it."""
        Plugins.instance()  # stores the configurations of Hydra's plug-ins
        store = ConfigStore.instance().repo
        theirs = {name: value for name, value in store.items() if name not in _OURS}
        return cls(_copied(theirs), dict(BaseContainer._resolvers))

    @contextlib.contextmanager
    def entered(self, *, name: str = "", importing: bool = False) -> Iterator[None]:
        """Put it in place meanwhile; `name` is what Hydra calls the application.

        `importing`: the file may have been imported in this process before, so that what it registers takes the place
        of what it registered then; what it leaves behind is kept for the next time.
        """
        store, base, runtime = ConfigStore.instance(), VersionBase.instance(), JobRuntime.instance()
        before = store.repo, BaseContainer._resolvers, base.version_base, GlobalHydra.instance().hydra
        running, called = HydraConfig.instance().cfg, runtime.get("name")
        store.repo, BaseContainer._resolvers = self.stored, self.resolvers
        base.version_base = self.base
        GlobalHydra.instance().clear()
        runtime.set("name", name or called)
        if not importing:
            setup_globals()
        try:
            with _replacing() if importing else contextlib.nullcontext():
                yield
            if importing:
                self.base = base.version_base
        finally:
            self.stored, self.resolvers = store.repo, BaseContainer._resolvers
            store.repo, BaseContainer._resolvers, base.version_base, GlobalHydra.instance().hydra = before
            HydraConfig.instance().cfg = running
            runtime.set("name", called)


def _copied(stored: dict[str, Any]) -> dict[str, Any]:
    """Return groups of their own; Hydra copies a configuration itself before it changes it."""
    return {name: _copied(value) if isinstance(value, dict) else value for name, value in stored.items()}


@contextlib.contextmanager
def _replacing() -> Iterator[None]:
    """Let a resolver be registered under a name that is taken."""
    register: Callable[..., None] = OmegaConf.register_new_resolver

    def replace(name: str, resolver: Callable[..., Any], **how: Any) -> None:
        register(name, resolver, **{**how, "replace": True})

    OmegaConf.register_new_resolver = staticmethod(replace)  # type: ignore[method-assign]
    try:
        yield
    finally:
        OmegaConf.register_new_resolver = staticmethod(register)  # type: ignore[method-assign]


@contextlib.contextmanager
def logging_kept(module: str) -> Iterator[None]:
    """Put the root logger back afterwards: a job sets it up for itself, with a file in its folder.

    Meanwhile the logger of the application's module is the one that `__main__` means: `hydra.verbose=__main__` and the
    `loggers` of its `job_logging` are about it.
    """
    root, every = logging.getLogger(), logging.Logger.manager.loggerDict
    of_module, main = every.get(module), every.get("__main__")
    handlers, level = list(root.handlers), root.level
    disabled = {
        name: logger.disabled
        for name, logger in logging.Logger.manager.loggerDict.items()
        if hasattr(logger, "disabled")
    }
    if isinstance(of_module, logging.Logger) and of_module.name == "__main__":
        every["__main__"] = of_module
    try:
        yield
    finally:
        every.pop("__main__", None)
        if main is not None:
            every["__main__"] = main
        for handler in [one for one in root.handlers if one not in handlers]:
            handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, was in disabled.items():
            logging.getLogger(name).disabled = was
