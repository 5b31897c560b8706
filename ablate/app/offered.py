"""What can be chosen: ablate's option files, the user's own in `conf/`, plug-ins, and what `uses` files register.

Files are listed without importing Hydra or anything of a plug-in: `ablate --help` shows them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ablate import registry
from ablate.errors import UserError, unknown
from ablate.resources import conf_folder, own_conf_folder, stamp_of_now

FOREIGN = "_target_"
"""A file that holds this key configures another Hydra application."""


def our_files(group: str) -> dict[str, Path]:
    """Return option -> file of those that come with ablate."""
    return _files(conf_folder() / group)


def own_files(group: str) -> dict[str, Path]:
    """Return option -> file of the user's own; copies of ours and those of another Hydra application are left out."""
    folder = own_conf_folder()
    if folder is None:
        return {}
    ours = our_files(group)
    return {
        name: path
        for name, path in _files(folder / group).items()
        if FOREIGN not in _read(path) and not (name in ours and path.read_bytes() == ours[name].read_bytes())
    }


def option_names(group: str) -> tuple[str, ...]:
    """Return the names that a group can be given, sorted."""
    return tuple(
        sorted({*our_files(group), *own_files(group), *registry.options(group), *registry.offered(group)})
    )  # fmt: skip


def make_option(group: str, name: Any) -> None:
    """Make an option ready to be composed: import the plug-in that brings it.

    Raises
    ------
    UserError
        The option does not exist, two places give it, or its plug-in cannot be imported.
    """
    if name not in option_names(group):
        raise unknown(group, str(name), option_names(group))
    ours, own_file = our_files(group).get(name), own_files(group).get(name)
    places = [f"ablate ({group}/{name}.yaml)"] if ours is not None else []
    if own_file is not None and ours is not None:
        places.append(option_file_name(own_file))
    if ours is not None:
        places += [door.giver for door in registry.offered(group).get(name, ())]
    if len(places) > 1:
        raise registry.given_twice(f"{group}={name}", places)
    todo, seen = [str(name)], set[str]()
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        path = own_files(group).get(one)
        todo += _bases(path, group) if path is not None else []
        registry.provide(group, one)


def ignored(group: str, name: str) -> str | None:
    """Return a line about an own file that has the name of one of ours, which is the default of its group."""
    own_file = own_files(group).get(name)
    if own_file is None or name not in our_files(group):
        return None
    return f"{option_file_name(own_file)} is not used: {group}={name} is ablate's own option; give yours another name"


def option_file_name(path: Path) -> str:
    """Write the path of an own option file as the user knows it: from the current folder."""
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else str(path)


def _bases(path: Path, group: str) -> list[str]:
    """Return the options of its group that a file is made of, by its `defaults` list."""
    bases = []
    defaults = _read(path).get("defaults")
    for one in defaults if isinstance(defaults, list) else []:
        text = one if isinstance(one, str) else ""
        told = text.partition("@")[0].lstrip("/").removeprefix("schema/").removeprefix(f"{group}/")
        if told and told != "_self_":
            bases.append(told)
    if not bases:
        raise UserError(
            f"{option_file_name(path)} does not say which {group} it is an option of: begin it with "
            f"`defaults: [/schema/{group}/NAME@_here_, _self_]`, where NAME is the one it gives values to"
        )
    return bases


def _read(path: Path) -> Mapping[str, Any]:
    return _content(path, stamp_of_now(path))


@lru_cache(maxsize=1024)
def _content(path: Path, stamp: tuple[int, ...]) -> Mapping[str, Any]:
    del stamp
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{option_file_name(path)}: not valid YAML: {' '.join(str(error).split())}") from None
    return data if isinstance(data, dict) else {}


def _files(folder: Path) -> dict[str, Path]:
    try:
        stamp = stamp_of_now(folder)
    except OSError:
        return {}
    return _listed(folder, stamp)


@lru_cache(maxsize=256)
def _listed(folder: Path, stamp: tuple[int, ...]) -> dict[str, Path]:
    del stamp
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
