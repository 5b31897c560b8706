"""From the overrides of somebody else's Hydra application to a request, by Hydra's own grammar.

What is swept are factors; everything else is the same in all arms.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString

from ablate.app.request import free_name
from ablate.app.sweep import Settings, parts_given, plain_setting
from ablate.errors import UserError, must, unknown
from ablate.programs.hydra_words import changed_words, is_of_hydra
from ablate.sweep.found.asked import Asked as Compared
from ablate.sweep.found.planned import as_said
from ablate.sweep.own_keys import renamed
from ablate.sweep.study_file import MOST_LEVELS, parse_study
from ablate.train.metric import KNOWN, metric_from
from ablate.work.request import ADHOC, Request


@dataclass(frozen=True)
class ForeignRequest:
    """What a command line asked of an application.

    Attributes
    ----------
    app, main
        See `programs.hydra_app.HydraApp`.
    task, hydra
        Overrides of the application, and of Hydra's node, as they were typed.
    loader
        The application's, which knows the options of its groups.
    command
        The line that asks for the same again.
    """

    app: str
    main: Mapping[str, str]
    task: Sequence[str]
    hydra: Sequence[str]
    loader: ConfigLoader
    command: str


def sorted_words(words: Sequence[str]) -> tuple[list[str], list[str], Any]:
    """Return the overrides of an application, those of Hydra's node, and `seeds`."""
    task: list[str] = []
    hydra: list[str] = []
    seeds: Any = None
    for word in words:
        key, _, _ = word.partition("=")
        if key == "seeds":
            (override,) = OverridesParser.create().parse_overrides([word])
            if override.is_sweep_override():
                raise UserError(f"`{word}`: seeds are a count (seeds=8) or a list (seeds=[0,1,2])")
            seeds = override.value()
            continue
        (hydra if is_of_hydra(word) else task).append(word)
    return task, hydra, seeds


def settings_typed(words: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """Return what `hydra.sweeper.NAME=VALUE` says among the overrides of Hydra's node.

    Raises
    ------
    UserError
        The setting is unknown, or another sweeper is chosen.
    """
    settings: dict[str, Any] = {}
    for word in (word for word in words if word.lstrip("+").startswith(("hydra.sweeper", "hydra/sweeper"))):
        (override,) = OverridesParser.create().parse_overrides([word])
        key, value = override.get_key_element(), _level(override.value())
        if key == "hydra/sweeper":
            if value != "ablate":
                raise UserError(f"`{word}`: expected hydra/sweeper=ablate, which is what `ablate run --hydra` does")
            continue
        name = key.removeprefix("hydra.sweeper.")
        if name not in names:
            raise unknown("setting hydra.sweeper", name, names)
        settings[name] = value
    return settings


def request_of(settings: Settings, asked: ForeignRequest, compared: Compared | None = None) -> Request:
    """Return the request that overrides make; `compared` is what is said of the comparisons that it is judged by.

    Raises
    ------
    UserError
        Something is swept that is not a list of levels; a metric has no direction.
    """
    factors: dict[str, list[Any]] = {}
    fixed: list[str] = []
    for override in OverridesParser.create(config_loader=asked.loader).parse_overrides(list(asked.task)):
        key = override.get_key_element()
        if not override.is_sweep_override():
            fixed.append(str(override.input_line))
        elif key in factors:
            raise UserError(f"`{key}` is swept twice")
        else:
            factors[key] = _levels(override, key)
    parts = parts_given(settings)
    if "metrics" in parts:
        parts["metrics"] = _directed(parts["metrics"])
    said = {
        "app": asked.app,
        "overrides": fixed,
        "hydra": changed_words(asked.hydra),
        "seed_key": settings.seed_key,
        "metrics_file": settings.metrics_file,
        "code_version": settings.code_version,
        "main": dict(asked.main),
    }
    over = ", ".join(factors)
    study = renamed({
        "title": f"{asked.app.rpartition(':')[0]}: sweep over {over}" if over else asked.app,
        "question": f"What changes with {over}?" if over else "",
        "factors": factors,
        **parts,
    })  # fmt: skip
    study["fixed"] = {"program": "hydra", **{f"program.{name}": value for name, value in said.items() if value}}
    seeds = 8 if settings.seeds is None else plain_setting(settings.seeds)
    parsed = as_said(parse_study(study, where="the command line"), compared)
    name = ADHOC if settings.name is None else free_name(settings.name)
    return Request(name, parsed, seeds, {}, asked.command, typed=False, compared=compared or Compared())


def _levels(override: Override, key: str) -> list[Any]:
    if not override.is_discrete_sweep():
        raise UserError(f"`{key}`: an interval cannot be swept; give levels: {key}=a,b,c or {key}=range(1,4)")
    if getattr(override.value(), "shuffle", False):
        raise UserError(f"`{key}`: shuffle gives another order each time, and the first level is the baseline")
    levels = [_level(one) for one in itertools.islice(override.sweep_iterator(), MOST_LEVELS + 1)]
    if not levels:
        raise UserError(f"`{override.input_line}` gives no level")
    return levels


def _level(value: Any) -> Any:
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [_level(one) for one in value]
    return {str(_level(key)): _level(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def _directed(given: Any) -> dict[str, Any]:
    """Return declared metrics, each with its direction."""
    if not isinstance(given, Mapping) or not given:
        raise must("metrics", "say for each metric which way is better: {accuracy: higher, loss: lower}", given)
    for name, said in given.items():
        if said is None or (metric_from(str(name), said).better is None and str(name) not in KNOWN):
            raise UserError(
                f"the metric {name!r} must say which way is better: `--metric {name}:higher` or `{name}:lower` "
                f"(hydra.sweeper.metrics={{{name}: higher}})"
            )
    return dict(given)
