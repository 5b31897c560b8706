"""Composing arms through Hydra, once per combination of group options.

Hydra takes 120 to 170 ms to compose this configuration, and an arm that differs from another only in a value
(`init.std`) differs in nothing Hydra has to look up: values are set on a copy, with the same type checks.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.app.explain import wrong_type
from ablate.app.schema import check_choice, check_field, check_key, free_fields
from ablate.errors import UserError
from ablate.registry import GROUPS
from ablate.sweep.study import Level
from ablate.train.config import TrainConfig


class Composer:
    """Turns an arm's levels into its configuration.

    Parameters
    ----------
    loader
        Hydra's config loader.
    fixed
        Key -> value for everything that is the same in all arms.
    raw
        Overrides passed to Hydra as they were typed (`hydra.…`, `~key`).
    """

    def __init__(self, loader: ConfigLoader, fixed: Mapping[str, Any], raw: tuple[str, ...] = ()) -> None:
        self._loader, self._fixed, self._raw = loader, dict(fixed), raw
        self._composed: dict[tuple[str, ...], DictConfig] = {}

    def node(self, levels: Mapping[str, Level]) -> DictConfig:
        """Return the composed configuration, Hydra's own node included."""
        assigned = {**self._fixed, **levels}
        for key in assigned:
            check_key(key)
        groups = {key: value for key, value in assigned.items() if key in GROUPS}
        for group, name in groups.items():
            check_choice(group, name)
        overrides = tuple(f"{group}={name}" for group, name in groups.items())
        if overrides not in self._composed:
            self._composed[overrides] = self._loader.load_configuration(
                config_name="config", overrides=[*self._raw, *overrides], run_mode=RunMode.RUN
            )
        config = copy.deepcopy(self._composed[overrides])
        for key, value in assigned.items():
            if key not in GROUPS:
                _set(config, key, value)
        program = OmegaConf.get_type(config, "program")
        if "target_accuracy" not in assigned and not getattr(program, "has_target", True):
            # The default is that of the NumPy core: nobody has set it as the target of somebody else's training.
            OmegaConf.update(config, "target_accuracy", None)
        return config

    def __call__(self, levels: Mapping[str, Level]) -> TrainConfig:
        """Return the typed configuration of one arm, checked by every component it holds."""
        return to_config(self.node(levels))


def to_config(node: DictConfig) -> TrainConfig:
    """Build the typed configuration from a composed node."""
    plain = copy.copy(node)
    OmegaConf.set_struct(plain, False)
    plain.pop("hydra", None)
    config = OmegaConf.to_object(plain)
    if not isinstance(config, TrainConfig):
        raise UserError(f"the configuration has keys that are not known: got {type(config).__name__}")
    return config


def _set(config: DictConfig, key: str, value: Any) -> None:
    check_field(config, key)
    if isinstance(value, str) and value[:1] == "[":
        value = json.loads(value)  # a list level, kept as its text (see `sweep.study.Level`)
    if _set_free(config, key, value):
        return
    held = OmegaConf.select(config, key)
    if isinstance(held, int | float) and isinstance(value, str | bool) != isinstance(held, bool):
        # OmegaConf would read the text "1" as the number 1, and a boolean as a number: a level's type must show.
        raise wrong_type(OmegaConfBaseException(_conversion(held)), key, value)
    if isinstance(held, ListConfig) and not isinstance(value, list | ListConfig):
        raise UserError(f"`{key}` must be a list such as [{value}], got {value!r}.")
    try:
        OmegaConf.update(config, key, value, merge=False)
    except OmegaConfBaseException as error:
        raise wrong_type(error, key, value) from None


def _set_free(config: DictConfig, key: str, value: Any) -> bool:
    """Set a key inside a free-form field (`program.params.width`), known or not; False where it lies in none."""
    group, _, rest = key.partition(".")
    field, *path = rest.split(".")
    if not path or f"{group}.{field}" not in free_fields():
        return False
    plain: Any = OmegaConf.to_container(OmegaConf.select(config, f"{group}.{field}"))
    at = plain
    for part in path[:-1]:
        if not isinstance(at.setdefault(part, {}), dict):
            raise UserError(f"`{key}`: {part!r} holds a value already, {at[part]!r}, and no settings of its own.")
        at = at[part]
    at[path[-1]] = value
    OmegaConf.update(config, f"{group}.{field}", plain, merge=False)
    return True


def _conversion(held: Any) -> str:
    kind = "Boolean" if isinstance(held, bool) else "Integer" if isinstance(held, int) else "Float"
    return f"could not be converted to {kind}"
