"""A Hydra application of somebody else's, unchanged, as a Program: `program=hydra program.app=train.py`."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ablate.errors import UserError, must, nearest
from ablate.identity import describe, digest
from ablate.programs.hydra_checks import check_keys, code_behind, import_named
from ablate.programs.hydra_words import changed_words, hydra_word, is_of_hydra
from ablate.programs.per_seed import PerSeed
from ablate.programs.returned import to_result
from ablate.programs.target import importing, used_code
from ablate.registry import register
from ablate.train.contained import contained
from ablate.train.metric import Metric, by_name, metric_from
from ablate.train.outcome import Outcome
from ablate.train.program import ProgramConfig, RunResult
from ablate.train.vouched import Fact

if TYPE_CHECKING:  # Hydra is imported where an application is asked for
    from omegaconf import DictConfig

    from ablate.programs.hydra_open import OpenedApp

_ASIDE: dict[str, Any] = {"identity": False}


@dataclass(frozen=True)
class HydraAppConfig(ProgramConfig):
    """What an application is given: its own configuration, resolved.

    Attributes
    ----------
    target
        The file or module, and the function, of the application.
    config
        Its configuration with the seed 0; where and when a job runs stands in it as it is written.
    around
        What Hydra does around the task function: `env_set`, `chdir`.
    folder, cache
        Where `multirun.yaml` goes, and what is resolved once for a sweep (`now`). No part of an identity.
    """

    target: str
    config: dict[str, Any]
    around: dict[str, Any] = field(default_factory=dict, metadata=_ASIDE)
    folder: str = field(default="", metadata=_ASIDE)
    cache: dict[str, Any] = field(default_factory=dict, metadata=_ASIDE, compare=False)


@register("program", "hydra")
@dataclass(frozen=True)
class HydraApp(PerSeed):
    """Calls the task function of a Hydra application once per seed, with its own configuration.

    A run is what the application is given (its configuration, resolved), its seed, and the code: of its file, of the
    project's modules that this imports, and of those that `_target_` names. How the configuration was said, by which
    overrides or option files, is not part of it.

    What the task function returns is the result: a number, where one metric is declared, or a dict of numbers; or
    `metrics_file` is. Which metrics these are is said by the study (`metrics:`) or the function (`main.metrics`).

    Attributes
    ----------
    app
        ``path/to/train.py``, or a module; with ``:function`` where it has several functions with `@hydra.main`.
    params
        Overrides of the application, key -> value: groups, values, ``+key``; any of them can be a factor.
    overrides
        Overrides as they are typed, the same in all arms: ``~key``.
    hydra
        Overrides of Hydra's own node: ``hydra.job.chdir=true``.
    seed_key
        The key of its configuration that takes the seed.
    metrics_file
        A JSON file that a job writes into its output folder: name -> number.
    returns
        The names of the metrics that it returns; in a study those that it declares (`metrics:`).
    code_version
        What stands for the code, in place of its digests: a change to it makes new runs, and nothing else does.
    main
        What is not as `@hydra.main` says: `config_name`, `config_path`, `config_dir`, `version_base`.
    """

    vouches = frozenset({Fact.SECONDS})
    has_target = False
    config_class = HydraAppConfig
    isolated = True
    flat = True
    unnamed = frozenset({"code_version", "hydra"})

    app: str = field(default="", metadata=_ASIDE)
    params: dict[str, Any] = field(default_factory=dict, metadata=_ASIDE)
    overrides: list[str] = field(default_factory=list, metadata=_ASIDE)
    hydra: list[str] = field(default_factory=list, metadata=_ASIDE)
    seed_key: str = "seed"
    metrics_file: str = ""
    returns: list[str] = field(default_factory=list, metadata=_ASIDE)
    code_version: str = field(default="", metadata=_ASIDE)
    main: dict[str, str] = field(default_factory=dict, metadata=_ASIDE)

    def __post_init__(self) -> None:
        """Refuse a file outside of a job's folder: one that a crashed run left is removed before the next."""
        place = PurePath(self.metrics_file)
        if place.is_absolute() or ".." in place.parts:
            raise must("metrics_file", "be a file below the output folder of a job", self.metrics_file)

    @classmethod
    def owns(cls) -> frozenset[str]:
        """Return nothing: the application's configuration is its own affair."""
        return frozenset()

    def seconds_per_run(self, config: Any, seeds: int) -> None:
        """Return None: nobody's own training is run untracked, for hours perhaps, to tell how long it takes."""
        del config, seeds

    def opened(self) -> OpenedApp:
        """Return the application, imported; see `hydra_open.open_app` for the errors."""
        from ablate.programs.hydra_open import open_app

        return open_app(self.app, self.main)

    def imports(self) -> Any:
        """Return what names it."""
        return self.app, self.main

    def load(self, config: HydraAppConfig) -> None:
        """Import the application, and what `_target_` names in its configuration."""
        with contextlib.suppress(Exception), self._inside(self.opened()):  # the run says it
            import_named(config.config)

    def own(self, composed: Any) -> HydraAppConfig:
        """Return the application's own configuration, composed as Hydra composes it.

        Raises
        ------
        UserError
            It has no such key, or none that takes the seed.
        hydra.errors.HydraException
            It cannot be composed.
        """
        from ablate.programs.hydra_job import resolved, sweep_folder

        del composed
        app = self.opened()
        with self._inside(app):
            check_keys(self.app, app, *self._words(), seed_key=self.seed_key)
            config = self._composed(app, 0)
            said = resolved(config)
            folder = sweep_folder(app, config)
            cache = copy.deepcopy(app.world.cache)
        return HydraAppConfig(app.target, said["config"], said["around"], folder, cache)

    def facts(self, config: HydraAppConfig) -> dict[str, Any]:
        """Return where the application stands, and digests of its code."""
        sources = self._sources(config)
        declared = self._declared()
        return {
            "dataset": f"chosen by {config.target}",
            "fingerprint": digest({"sources": sources, **config.around}),
            "sources": sources,
            **({"metrics": {name: one.as_dict() for name, one in self.metrics().items()}} if declared else {}),
        }

    def planned(self, facts: Mapping[str, Any]) -> HydraApp:
        """Return the same, which refuses to run where its code is not as it was planned."""
        settings = {one.name: getattr(self, one.name) for one in fields(HydraApp)}
        settings["returns"] = list(facts.get("metrics", ())) or self.returns
        return HydraAppInStudy(**settings, sources=facts.get("sources"))

    def told(self, metrics: Mapping[str, Metric]) -> HydraApp:
        """Return the same, which returns these metrics where the application does not say what it returns."""
        return replace(self, returns=list(metrics) or self.returns)

    def metrics(self) -> dict[str, Metric]:
        """Return what the application says it returns (`main.metrics`), or else what the study declares.

        Raises
        ------
        UserError
            Nobody declares any.
        """
        declared = self._declared()
        where = f"{self.app}.metrics"
        if isinstance(declared, Mapping) and declared:
            return {str(name): metric_from(str(name), said, where=where) for name, said in declared.items()}
        if not declared or isinstance(declared, str):
            raise UserError(
                f"{self.app}: it is not known which metrics it returns; say so: `metrics: {{accuracy: higher}}` in "
                "a study, "
                "`--metric accuracy:higher`, or hydra.sweeper.metrics={accuracy: higher}"
            )
        return by_name(one if isinstance(one, Metric) else Metric(str(one)) for one in declared)

    def ready(self, config: HydraAppConfig) -> None:
        """Write what Hydra writes of a sweep, `multirun.yaml`, where it is not there yet."""
        from ablate.programs.hydra_job import write_sweep

        app = self.opened()
        with self._inside(app):
            write_sweep(app, *self._words(), config.folder)

    def one(self, config: HydraAppConfig, seed: int) -> RunResult:
        """Run the application for one seed as Hydra runs a job, and check what it returned."""
        from ablate.programs.hydra_job import as_dict, run_one
        from ablate.programs.hydra_world import logging_kept

        app, declared = self.opened(), self.metrics()
        with self._inside(app), logging_kept(app.module.__name__), contained(str(app.module.__file__)):
            job = self._composed(app, seed)
            returned = run_one(app, job, cache=config.cache, metrics_file=self.metrics_file)
        try:
            result = to_result(as_dict(self.app, returned, declared), seed, declared)
        except UserError as error:
            error.kept = f"It had returned {returned!r}\n"  # type: ignore[attr-defined]
            raise
        beside = [name for name in result.metrics if name not in declared]
        lost = [name for name in declared if name not in result.metrics and result.outcome is Outcome.FINISHED]
        hint = nearest(lost[0], beside) if lost else None
        notes = [
            *(f"{app.target} gave no {name!r}" + (f"; nearest match: {hint}" if hint else "") for name in lost[:1]),
            *([f"{app.target} gives {_some(beside)} beside what is declared; it is kept"] if beside else []),
        ]
        return replace(result, used=used_code(app.target), notes=tuple(notes))

    @contextlib.contextmanager
    def _inside(self, app: OpenedApp) -> Iterator[None]:
        """Import, compose and run meanwhile as the application does."""
        with importing(app.target), app.world.entered(name=app.name):
            yield

    def _words(self) -> tuple[list[str], list[str]]:
        """Return the overrides of Hydra's node, and those of the application."""
        typed = [*self.overrides, *(f"{key}={hydra_word(value)}" for key, value in self.params.items())]
        if of_hydra := [word for word in typed if is_of_hydra(word)]:
            raise UserError(f"`{of_hydra[0]}` is an override of Hydra's own node: it belongs in `program.hydra`")
        return changed_words(self.hydra), typed

    def _composed(self, app: OpenedApp, seed: int) -> DictConfig:
        """Compose the configuration of a job."""
        hydra, task = self._words()
        return app.compose(hydra, [*task, f"{self.seed_key}={seed}"])

    def _sources(self, config: HydraAppConfig) -> dict[str, str]:
        """Return what the code says that an arm runs, or the version that stands for it."""
        return {"code version": self.code_version} if self.code_version else code_behind(config.target, config.config)

    def _declared(self) -> Any:
        return getattr(self.opened().decorated, "metrics", None) or self.returns


@dataclass(frozen=True)
class HydraAppInStudy(HydraApp):
    """An application as a study knows it (see `programs.function.FunctionInStudy`)."""

    sources: Mapping[str, str] | None = None

    def imports(self) -> Any:
        """Return what names it, and the code that was planned."""
        return self.app, self.main, self.sources

    def one(self, config: HydraAppConfig, seed: int) -> RunResult:
        """Run the application for one seed, unless the code or the configuration has changed since it was planned.

        Raises
        ------
        UserError
            It has.
        """
        if self.sources is not None:
            now, sources = self.own(None), self._sources(config)
            changed = [name for name in {*sources, *self.sources} if sources.get(name) != self.sources.get(name)]
            planned, there = (describe([one.config, one.around]) for one in (config, now))  # in which NaN is NaN
            if planned != there:
                changed.append(f"the configuration of {config.target}")
            if changed:
                raise UserError(
                    f"{', '.join(sorted(changed))} changed while the study was running; the same command runs what is "
                    "missing as it is now"
                )
        return super().one(config, seed)


def _some(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more numbers"
