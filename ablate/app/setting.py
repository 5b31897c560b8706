"""Setting the levels of an arm in a composed configuration, checked as Hydra checks them."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf, ValueNode, open_dict
from omegaconf.errors import OmegaConfBaseException

from ablate.app.explain import wrong_type
from ablate.app.overrides import literals
from ablate.app.schema import check_field, free_fields
from ablate.errors import UserError
from ablate.levels import expanded
from ablate.registry import GROUPS
from ablate.train.config import TrainConfig

Free = dict[str, dict[str, Any]]  # `program.params` -> what is set in it


@dataclasses.dataclass(frozen=True)
class ArmBase:
    """What the arms of one choice of options share.

    Attributes
    ----------
    config
        The configuration without Hydra's node, with what is fixed set in it; nobody may write to it.
    free
        What is fixed of free-form fields.
    typed
        The same as an object; None where a part of it looks at another one, so that parts cannot be set alone.
    checked
        Keys that its options have.
    """

    config: DictConfig
    free: Free
    typed: TrainConfig | None
    checked: set[str] = dataclasses.field(default_factory=set)


def overrides_of(groups: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the choices of options as Hydra takes them."""
    return tuple(f"{group}={name}" for group, name in groups.items())


def base_of(whole: DictConfig, fixed: Mapping[str, Any], assigned: Mapping[str, Any]) -> ArmBase:
    """Return what arms share: `whole` as Hydra composed it, with what is fixed; `assigned`: all that such arms set."""
    config = copy.deepcopy(whole)
    free: Free = {}
    with open_dict(config):
        config.pop("hydra", None)
    assign(config, free, fixed)
    ended = copy.deepcopy(config)
    without_target(ended, assigned)
    try:
        alone = "${" not in OmegaConf.to_yaml(config)
        typed = to_config(ended) if alone else None
    except (UserError, OmegaConfBaseException):  # a level sets what is missing, or makes right what is wrong
        typed = None
    return ArmBase(config, free, typed)


def without_target(config: DictConfig, assigned: Mapping[str, Any]) -> None:
    """Take the target accuracy out where the Program has none and nobody set it: the default is the NumPy core's."""
    if "target_accuracy" not in assigned and not getattr(OmegaConf.get_type(config, "program"), "has_target", True):
        OmegaConf.update(config, "target_accuracy", None)


def with_free(config: TrainConfig, free: Free) -> TrainConfig:
    """Return a configuration with its free-form fields as they were written."""
    for key, value in free.items():
        group, _, field = key.partition(".")
        component = dataclasses.replace(getattr(config, group), **{field: value})
        config = dataclasses.replace(config, **{group: component})
    return config


def assign(config: DictConfig, free: Free, values: Mapping[str, Any]) -> None:
    """Set what is not a choice of an option, checked; what belongs to free-form fields in `free`."""
    owned: frozenset[str] = getattr(OmegaConf.get_type(config, "program"), "owns", frozenset)()
    for key, level in values.items():
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
            set_field(free, config, field, key, expanded(level))
        else:
            set_value(config, key, expanded(level))


def set_field(free: Free, config: DictConfig, field: str, key: str, value: Any) -> None:
    """Set a key of a free-form field in `free`, where it begins as what `config` holds."""
    if field not in free:
        settings: Any = OmegaConf.to_container(OmegaConf.select(config, field))
        free[field] = settings
    flat = getattr(OmegaConf.get_type(config, "program"), "flat", False)
    _set_free(free[field], key, copy.deepcopy(value), flat=flat)


def to_config(node: DictConfig) -> TrainConfig:
    """Build the typed configuration from a composed node without Hydra's own."""
    config = OmegaConf.to_object(node)
    if not isinstance(config, TrainConfig):
        raise UserError(f"the configuration has keys that are not known: got {type(config).__name__}")
    return config


def set_value(config: DictConfig, key: str, value: Any) -> None:
    """Set a key of a configuration; a UserError says of what kind its value must be."""
    check_kind(_node_at(config, key), key, value)
    try:
        OmegaConf.update(config, key, literals(value), merge=False)
    except OmegaConfBaseException as error:
        raise wrong_type(error, key, value) from None


def _node_at(config: DictConfig, key: str) -> Any:
    above, _, last = key.rpartition(".")
    parent = OmegaConf.select(config, above) if above else config
    return parent._get_node(last) if isinstance(parent, DictConfig) else None


def check_kind(node: Any, key: str, value: Any) -> None:
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


def _set_free(settings: dict[str, Any], key: str, value: Any, *, flat: bool) -> None:
    """Set a key inside a free-form field (`program.params.width`), known or not; the field itself takes a mapping.

    `flat`: see `Program.flat`.
    """
    names = key.split(".", 2)[2:] if flat else key.split(".")[2:]
    if not names:
        if not isinstance(value, dict):
            raise UserError(f"`{key}` must be a mapping such as {{width: 8}}, got {value!r}.")
        settings.clear()
        settings.update(value)
        return
    at = settings
    for part in names[:-1]:
        if not isinstance(at.setdefault(part, {}), dict):
            raise UserError(f"`{key}`: {part!r} holds a value already, {at[part]!r}, and no settings of its own.")
        at = at[part]
    at[names[-1]] = value
