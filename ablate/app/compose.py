"""Composing arms through Hydra, once per combination of group options.

Hydra takes 120 to 170 ms to compose this configuration, and an arm that differs from another only in a value
(`init.std`) differs in nothing Hydra has to look up: values are set on a copy, with the same type checks.
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
from omegaconf import DictConfig, ListConfig, OmegaConf, ValueNode
from omegaconf.errors import OmegaConfBaseException

from ablate.app.console import warn
from ablate.app.explain import explain, wrong_type
from ablate.app.offered import ignored
from ablate.app.overrides import literals
from ablate.app.schema import check_choice, check_field, check_key, free_fields, register_components
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
        self._told: set[str] = set()

    def node(self, levels: Mapping[str, Level]) -> DictConfig:
        """Return what an arm owns of the composed configuration, as OmegaConf writes it to a file, and Hydra's node."""
        config, free = self._node(levels)
        for key, value in free.items():
            OmegaConf.update(config, key, literals(value), merge=False)
        kept = {"program", "seeds", "hydra", *OmegaConf.get_type(config, "program").owns()}  # type: ignore[union-attr]
        return OmegaConf.masked_copy(config, [str(key) for key in config if key in kept])

    def __call__(self, levels: Mapping[str, Level]) -> TrainConfig:
        """Return the typed configuration of one arm, checked by every component it holds."""
        node, free = self._node(levels)
        config = to_config(node)
        for key, value in free.items():
            group, _, field = key.partition(".")
            component = dataclasses.replace(getattr(config, group), **{field: value})
            config = dataclasses.replace(config, **{group: component})
        return config

    def _node(self, levels: Mapping[str, Level]) -> tuple[DictConfig, dict[str, dict[str, Any]]]:
        """Return the configuration, and beside it the free-form fields (`program.params`) with what is set in them.

        OmegaConf never holds the latter: a text such as `${x}` or `???` means something to it, and a user's function
        is to get what was written.
        """
        assigned = {**self._fixed, **levels}
        groups = {key: value for key, value in assigned.items() if key in GROUPS}
        for group, name in groups.items():
            check_choice(group, name)
        for key in assigned:
            check_key(key)
        overrides = tuple(f"{group}={name}" for group, name in groups.items())
        if overrides not in self._composed:
            self._composed[overrides] = self._loader.load_configuration(
                config_name="config", overrides=[*self._raw, *overrides], run_mode=RunMode.RUN
            )
            self._tell_of_ignored(groups)
        config = copy.deepcopy(self._composed[overrides])
        program = OmegaConf.get_type(config, "program")
        owned = {"program", *getattr(program, "owns", frozenset)()}
        free: dict[str, dict[str, Any]] = {}
        for key, level in assigned.items():
            value = expanded(level)
            if key in GROUPS:
                continue
            try:
                check_field(config, key)
            except UserError:
                if key.partition(".")[0] in owned:
                    raise
                continue  # of another Program of the study, whose arms check it; where there is none, it is refused
            field = ".".join(key.split(".")[:2])
            if field in free_fields():
                held: Any = OmegaConf.to_container(OmegaConf.select(config, field))
                _set_free(free.setdefault(field, held), key, copy.deepcopy(value))
            else:
                _set(config, key, value)
        if "target_accuracy" not in assigned and not getattr(program, "has_target", True):
            # The default is that of the NumPy core: nobody has set it as the target of somebody else's training.
            OmegaConf.update(config, "target_accuracy", None)
        return config, free

    def _tell_of_ignored(self, groups: Mapping[str, Any]) -> None:
        """Say which files of the user's own have the name of a default, which is ours."""
        chosen = self._composed[tuple(f"{group}={name}" for group, name in groups.items())].hydra.runtime.choices
        for group in GROUPS:
            line = None if group in groups else ignored(group, str(chosen[group]))
            if line is not None and line not in self._told:
                self._told.add(line)
                warn(line)


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
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            loader = GlobalHydra.instance().config_loader()
        GlobalHydra.instance().hydra = around
        yield loader
    except Exception as error:
        ours = explain(error)
        if ours is None or ours is error:
            raise
        raise ours from None
    finally:
        GlobalHydra.instance().hydra = around


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
    _check_kind(_node_at(config, key), key, value)
    try:
        OmegaConf.update(config, key, literals(value), merge=False)
    except OmegaConfBaseException as error:
        raise wrong_type(error, key, value) from None


def _node_at(config: DictConfig, key: str) -> Any:
    above, _, last = key.rpartition(".")
    parent = OmegaConf.select(config, above) if above else config
    return parent._get_node(last) if isinstance(parent, DictConfig) else None


def _check_kind(node: Any, key: str, value: Any) -> None:
    """Refuse a value of another kind than its key has: OmegaConf would read the text "1" as 1, and 1 as the text."""
    if isinstance(node, ListConfig):
        if not isinstance(value, list):
            raise UserError(f"`{key}` must be a list such as [{value}], got {value!r}.")
        kind = node._metadata.element_type
        for item in value:
            _check_scalar(kind, key, item)
        return
    if isinstance(node, ValueNode):
        _check_scalar(node._metadata.ref_type, key, value)


def _check_scalar(kind: Any, key: str, value: Any) -> None:
    wanted = _SCALARS.get(kind)
    if wanted is None or value is None:
        return
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise wrong_type(OmegaConfBaseException(f"could not be converted to {_WORDS[kind]}"), key, value)
    if value == "???":
        raise UserError(f"`{key}` must be given, got '???', which stands for what is missing.")


_SCALARS: dict[Any, type | tuple[type, ...]] = {int: int, float: (int, float), bool: bool, str: str}
_WORDS = {int: "Integer", float: "Float", bool: "Boolean", str: "String"}


def _set_free(held: dict[str, Any], key: str, value: Any) -> None:
    """Set a key inside a free-form field (`program.params.width`), known or not; the field itself takes a mapping."""
    names = key.split(".")[2:]
    if not names:
        if not isinstance(value, dict):
            raise UserError(f"`{key}` must be a mapping such as {{width: 8}}, got {value!r}.")
        held.clear()
        held.update(value)
        return
    at = held
    for part in names[:-1]:
        if not isinstance(at.setdefault(part, {}), dict):
            raise UserError(f"`{key}`: {part!r} holds a value already, {at[part]!r}, and no settings of its own.")
        at = at[part]
    at[names[-1]] = value
