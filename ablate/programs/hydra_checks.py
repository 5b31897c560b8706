"""What is looked at of a Hydra application before it runs: its keys, and the code behind it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ablate.errors import UserError, nearest
from ablate.programs.hydra_words import targets_of
from ablate.programs.modules import closure, is_installed, module_named
from ablate.programs.place import code_of, parts_of
from ablate.programs.source import read_source
from ablate.programs.target import importing

if TYPE_CHECKING:
    from ablate.programs.hydra_open import OpenedApp


def check_keys(said: str, app: OpenedApp, hydra: Sequence[str], task: Sequence[str], *, seed_key: str) -> None:
    """Refuse a key that the configuration does not have, of the seed or of an override, with the nearest.

    Parameters
    ----------
    said
        What the application is called.
    hydra, task
        Overrides of Hydra's node, and of the application.

    Raises
    ------
    UserError
        The key is unknown; nothing says which key takes the seed, or it is set twice.
    """
    key = seed_key.lstrip("+")
    typed = [word.partition("=")[0] for word in task]
    if key in [one.lstrip("+~") for one in typed]:
        raise UserError(f"`{key}` takes the seed (`seed_key`), and is set by an override as well: leave that out")
    try:
        there = app.keys(hydra, task)
    except Exception as error:
        groups = [word for word in task if word.startswith("~") or "." not in word.partition("=")[0]]
        there = app.keys(hydra, groups)
        unknown = [one for one in typed if not one.startswith(("+", "~")) and "." in one and one not in there]
        if not unknown:
            raise
        hint = f"{_near(unknown[0], there)} (to add a key: +{unknown[0]}=…)"
        raise UserError(f"{said} has no key {unknown[0]!r}{hint}") from error
    if not key or (not seed_key.startswith("+") and key not in there):
        has = f"{said} has no key {key!r} that takes the seed" if key else f"{said}: no key takes the seed"
        raise UserError(
            f"{has}: `--seed-key KEY`, hydra.sweeper.seed_key=KEY or `program.seed_key` names it"
            f"{_near(key or 'seed', there)}"
        )


def _near(key: str, there: Sequence[str]) -> str:
    """Return the key that is most like another, by its last part where the whole is like none; in words."""
    last = {name.rpartition(".")[2]: name for name in reversed(there)}
    near = nearest(key, there) or last.get(nearest(key.rpartition(".")[2], last) or "")
    return f"; nearest match: {near}" if near else ""


def code_behind(target: str, config: Mapping[str, Any]) -> dict[str, str]:
    """Return what the application's modules say, module -> digest: of its file, and of those that `_target_` names.

    Parameters
    ----------
    target
        See `hydra_open.OpenedApp`.
    config
        Its configuration, resolved.
    """
    code = dict(code_of(target))
    place, _ = parts_of(target)
    with importing(target):
        for names in map(_modules, targets_of(config)):
            module = next(
                (one for one in (module_named(name, place.folder) for name in names) if one is not None), None
            )
            if module is None or module.name in code or is_installed(str(module.path)):
                continue
            for name, one in closure(module, place.folder, search=list(sys.path)).items():
                code[name] = read_source(one.path).shape
    return dict(sorted(code.items()))


def import_named(config: Mapping[str, Any]) -> None:
    """Import the modules that `_target_` names in a configuration; what cannot be imported is left to who needs it."""
    for names in map(_modules, targets_of(config)):
        for name in names:
            try:
                importlib.import_module(name)
            except ModuleNotFoundError:  # the name of a class in a module, perhaps
                continue
            except Exception:  # noqa: BLE001 - the run that needs it says it
                break
            break


def _modules(target: str) -> list[str]:
    """Return what may be the module of a target, the longest name first."""
    parts = target.split(".")
    return [".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
