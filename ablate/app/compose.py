"""Composing arms through Hydra, once per combination of group options.

Hydra takes 120 to 170 ms to compose this configuration, and an arm that differs from another only in a value
(`init.std`) differs in nothing Hydra has to look up: values are set on a copy, with the same type checks. What is
copied is the part that trains, with what is fixed set already: Hydra's own node is three quarters of the whole, and no
arm looks at it.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import hydra
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.app.console import warn
from ablate.app.explain import explained
from ablate.app.offered import ignored
from ablate.app.overrides import literals
from ablate.app.schema import check_choice, check_field, check_key, free_fields, register_components
from ablate.app.setting import (
    ArmBase,
    Free,
    assign,
    base_of,
    check_kind,
    overrides_of,
    set_field,
    set_value,
    to_config,
    with_free,
    without_target,
)
from ablate.errors import UserError
from ablate.levels import expanded
from ablate.registry import GROUPS
from ablate.resources import conf_folder
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
        self._hydra: dict[tuple[str, ...], dict[str, Any]] = {}
        self._bases: dict[tuple[tuple[str, ...], frozenset[str], bool], ArmBase] = {}
        self._checked: set[tuple[str, Any]] = set()
        self._told: set[str] = set()

    def plain(self, levels: Mapping[str, Level]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what an arm owns of the composed configuration as plain values, as OmegaConf writes them to a file.

        Beside it Hydra's own node, which arms with the same options share; nobody may write to it.
        """
        config, free = self._node(levels)
        for key, value in free.items():
            OmegaConf.update(config, key, literals(value), merge=False)
        kept = {"program", "seeds", *OmegaConf.get_type(config, "program").owns()}  # type: ignore[union-attr]
        assigned = {**self._fixed, **levels}
        options = overrides_of({key: value for key, value in assigned.items() if key in GROUPS})
        if options not in self._hydra:
            self._hydra[options] = _written(self._whole(assigned).hydra)
        return {key: value for key, value in _written(config).items() if key in kept}, self._hydra[options]

    def __call__(self, levels: Mapping[str, Level]) -> TrainConfig:
        """Return the typed configuration of one arm, checked by every component it holds."""
        base = self._base(levels)
        config = self._quick(base, levels)
        if config is not None:
            return config
        node, free = self._node(levels)
        return with_free(to_config(node), free)

    def _quick(self, base: ArmBase, levels: Mapping[str, Level]) -> TrainConfig | None:
        """Return an arm by setting its levels in the parts they belong to; None where that is not surely the same.

        The rest of the configuration is that of every arm with the same options, and is made once. Where anything is
        wrong with a level, the arm is composed as a whole, and says so.
        """
        if base.typed is None:
            return None
        parts: dict[str, Any] = {}
        free = copy.deepcopy(base.free)
        try:
            for key, level in levels.items():
                if key in GROUPS:
                    continue
                if key not in base.checked:
                    check_field(base.config, key)
                    base.checked.add(key)
                name, _, rest = key.partition(".")
                field = ".".join(key.split(".")[:2])
                if field in free_fields():
                    set_field(free, base.config, field, key, expanded(level))
                    continue
                if name not in parts:
                    parts[name] = copy.deepcopy(base.config._get_node(name))
                    if OmegaConf.is_config(parts[name]):
                        OmegaConf.set_struct(parts[name], value=True)  # as the whole is
                if rest:
                    set_value(parts[name], rest, expanded(level))
                else:
                    check_kind(parts[name], key, expanded(level))
                    parts[name]._set_value(literals(expanded(level)))
            made: dict[str, Any] = {
                name: OmegaConf.to_object(part) if OmegaConf.is_config(part) else part._value()
                for name, part in parts.items()
            }
            return with_free(dataclasses.replace(copy.deepcopy(base.typed), **made), free)
        except (UserError, OmegaConfBaseException):
            return None

    def _node(self, levels: Mapping[str, Level]) -> tuple[DictConfig, Free]:
        """Return the configuration without Hydra's node, and beside it the free-form fields with what is set in them.

        OmegaConf never holds the latter (`program.params`): a text such as `${x}` or `???` means something to it, and a
        user's function is to get what was written.
        """
        base, assigned = self._base(levels), {**self._fixed, **levels}
        config, free = copy.deepcopy(base.config), copy.deepcopy(base.free)
        assign(config, free, levels)
        without_target(config, assigned)
        return config, free

    def _base(self, levels: Mapping[str, Level]) -> ArmBase:
        """Return what an arm shares with all that have the same options, once its keys and options are known."""
        assigned = {**self._fixed, **levels}
        groups = {key: value for key, value in assigned.items() if key in GROUPS}
        for group, name in groups.items():
            if (group, name) not in self._checked:
                check_choice(group, name)
                self._checked.add((group, name))
        program = str(groups.get("program", ""))
        for key in assigned:
            if (key, program) not in self._checked:
                check_key(key, program)
                self._checked.add((key, program))
        fixed = {key: value for key, value in self._fixed.items() if key not in levels}
        place = overrides_of(groups), frozenset(fixed), "target_accuracy" in assigned
        if place not in self._bases:
            self._bases[place] = base_of(self._whole(assigned), fixed, assigned)
        return self._bases[place]

    def _whole(self, assigned: Mapping[str, Level]) -> DictConfig:
        """Return what Hydra composes for a choice of options, with its own node; nobody may write to it."""
        groups = {key: value for key, value in assigned.items() if key in GROUPS}
        overrides = overrides_of(groups)
        if overrides not in self._composed:
            self._composed[overrides] = self._loader.load_configuration(
                config_name="config", overrides=[*self._raw, *overrides], run_mode=RunMode.RUN
            )
            self._tell_of_ignored(groups)
        return self._composed[overrides]

    def _tell_of_ignored(self, groups: Mapping[str, Any]) -> None:
        """Say which files of the user's own have the name of a default, which is ours, where the Program has it."""
        config = self._composed[overrides_of(groups)]
        chosen = config.hydra.runtime.choices
        owned: frozenset[str] = getattr(OmegaConf.get_type(config, "program"), "owns", frozenset)()
        for group in (one for one in GROUPS if one in owned):
            line = None if group in groups else ignored(group, str(chosen[group]))
            if line is not None and line not in self._told:
                self._told.add(line)
                warn(line)


def _written(config: DictConfig) -> dict[str, Any]:
    """Return a configuration as `OmegaConf.to_yaml` takes it: interpolations as they stand, an option as its name."""
    return OmegaConf.to_container(config, enum_to_str=True)  # type: ignore[return-value]


@contextmanager
def config_loader() -> Iterator[ConfigLoader]:
    """Give Hydra's config loader outside of a Hydra application; one that is running around it is left as it was.

    Raises
    ------
    AblateError
        For what Hydra raises inside.
    """
    register_components()
    around = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with explained():
            with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
                loader = GlobalHydra.instance().config_loader()
            GlobalHydra.instance().hydra = around
            yield loader
    finally:
        GlobalHydra.instance().hydra = around
