"""Registering every component with Hydra, and checking a key before Hydra sees it.

Hydra catches a typo, but names no nearest match, lets `+typo=1` through, and answers in several lines. So keys
and options are checked here first; types and ranges are left to OmegaConf and to the components themselves.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from ablate.app.console import warn
from ablate.app.offered import make_option, our_files, own_files
from ablate.errors import UserError, nearest, unknown
from ablate.registry import GROUPS, given_twice, options, place_of, provide_all, registered
from ablate.train.config import COMPONENTS, TrainConfig


def _thawed(cls: type) -> DictConfig:
    # A frozen dataclass becomes a read-only node, and so does every slot typed by one; Hydra could merge nothing
    # into them. The slots are still missing ("???"), so they are reached as nodes: reading them would raise.
    node: DictConfig = OmegaConf.structured(cls)
    OmegaConf.set_readonly(node, None)
    for key in node:
        slot = node._get_node(key)
        if isinstance(slot, DictConfig):
            OmegaConf.set_readonly(slot, None)
    return node


_stored: dict[tuple[str, str], type] = {}
_told: set[str] = set()


def register_components() -> None:
    """Store the root schema and every registered component in Hydra's ConfigStore; those that are gone are removed.

    Raises
    ------
    UserError
        A component is not derived from the base class of its group.
    """
    import_components()
    store = ConfigStore.instance()
    now = {(group, name): cls for (group, name), cls in registered().items() if group in GROUPS}
    for group, name in [key for key, cls in _stored.items() if now.get(key) is not cls]:
        del store.repo["schema"][group][f"{name}.yaml"]
        del _stored[group, name]
    if not _stored:
        store.store(name="train_schema", node=_thawed(TrainConfig))
    for (group, name), cls in now.items():
        if (group, name) in _stored:
            continue
        base = COMPONENTS[group]
        if not issubclass(cls, base):
            raise UserError(
                f"{place_of(cls)} is registered as {group}={name}, but is not derived from "
                f"{base.__module__}:{base.__qualname__}"
            )
        if name in our_files(group) and cls.__module__.partition(".")[0] != "ablate":
            raise given_twice(f"{group}={name}", [f"ablate ({group}/{name}.yaml)", place_of(cls)])
        # Under their own folder: a preset in conf/ of the same name would shadow its schema otherwise.
        store.store(group=f"schema/{group}", name=name, node=_thawed(cls))
        _stored[group, name] = cls
    for (group, name), cls in now.items():
        # Without an option file its values are the defaults of its fields; beside one Hydra would take it for a schema.
        store.repo.get(group, {}).pop(f"{name}.yaml", None)
        if name not in our_files(group) and name not in own_files(group):
            store.store(group=group, name=name, node=_thawed(cls))


@cache
def import_components() -> None:
    """Import every module that registers components."""
    import ablate.data
    import ablate.data.augment
    import ablate.nn
    import ablate.optim
    import ablate.programs
    import ablate.train.gan
    import ablate.train.numpy_program  # noqa: F401


def plain_keys() -> list[str]:
    """Return the root keys that are values, not groups."""
    return [field.name for field in dataclasses.fields(TrainConfig) if field.name not in GROUPS]


def component_fields(group: str) -> dict[str, list[str]]:
    """Return the fields of every component of a group, option name -> field names."""
    return {name: [f.name for f in dataclasses.fields(cls)] for name, cls in options(group).items()}


def free_fields() -> frozenset[str]:
    """Return the fields that take names of the user's own: ``program.params``."""
    return frozenset(f"{group}.{name}" for (group, _), cls in registered().items() for name in _free_of(cls))


@cache
def _free_of(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls) if field.default_factory is dict)


def check_key(key: str, program: str = "") -> None:
    """Raise `UserError` unless `key` is a group, a plain key, or `group.field` of some option.

    `program`: the one that the key was meant for, where there is one only; of a function any name may be a setting.
    """
    if key in GROUPS or key in plain_keys():
        return
    group, dot, field = key.partition(".")
    if dot and group in GROUPS:
        first, *deeper = field.split(".")
        if not any(first in names for names in component_fields(group).values()):
            for line in provide_all(group):
                if line not in _told:
                    _told.add(line)
                    warn(line)
            register_components()
        fields = {name for names in component_fields(group).values() for name in names}
        for cls in options(group).values():
            if first in getattr(cls, "former_fields", {}):
                raise UserError(f"`{group}.{first}` is not a setting any longer: {cls.former_fields[first]}")  # type: ignore[attr-defined]
        if first in fields and (not deeper or f"{group}.{first}" in free_fields()):
            return
        raise unknown("key", key, [f"{group}.{name}" for name in fields] or [group])
    everything = [*GROUPS, *plain_keys()]
    if dot:
        hint = nearest(group, GROUPS)
        tail = f"; nearest match: {hint}.{field}" if hint else ""
        raise UserError(f"unknown key {key!r}: {group!r} is not a group, expected one of {', '.join(GROUPS)}{tail}")
    fields_everywhere = [f"{g}.{f}" for g in GROUPS for names in component_fields(g).values() for f in names]
    leaf = [full for full in dict.fromkeys(fields_everywhere) if full.split(".")[1] == key]
    if leaf:
        raise UserError(f"unknown key {key!r}: did you mean {' or '.join(leaf)}?")
    if "params" in component_fields("program").get(program, ()):
        meant = nearest(key, sorted(options("program")[program].owns()))  # type: ignore[attr-defined]
        raise UserError(
            f"unknown key {key!r}: a setting of your own function is `program.params.{key}`"
            + (f"; nearest match: {meant}" if meant else "")
        )
    raise unknown("key", key, everything)


def check_choice(group: str, name: Any) -> None:
    """Raise `UserError` unless `name` is an option of `group`; import the plug-in that brings it."""
    before = registered()
    make_option(group, name)
    if registered() != before:
        register_components()


def check_field(config: DictConfig, key: str) -> None:
    """Raise `UserError` unless the option chosen in `config` has the field that `key` names."""
    group, dot, field = key.partition(".")
    if not dot or group not in GROUPS:
        return
    fields = component_fields(group)
    cls = OmegaConf.get_type(config, group)
    chosen = next((name for name, option in options(group).items() if option is cls), str(cls))
    if field.split(".")[0] in fields.get(chosen, []):
        return
    has = ", ".join(f"{group}.{name}" for name in fields.get(chosen, [])) or "no settings"
    owners = [name for name, names in fields.items() if field in names]
    raise UserError(f"{key!r} does not exist for {group}={chosen} (it has {has}); it exists for {', '.join(owners)}")
