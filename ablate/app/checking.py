"""What `ablate check` does: tell whether a part of the user's own keeps to its contract, or try a study."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.errors import OverrideParseException

from ablate.app.console import MARKS, say
from ablate.app.explain import explain
from ablate.app.overrides import parse, unswept_value
from ablate.app.schema import import_components
from ablate.errors import Failure, UserError, plural, unknown
from ablate.lang import counted
from ablate.programs.function import Function
from ablate.programs.hydra_app import HydraApp
from ablate.programs.hydra_open import is_main
from ablate.programs.target import module_at
from ablate.programs.uses import use, used_place
from ablate.sweep.launch import Launcher
from ablate.sweep.plan import Plan
from ablate.work.bench import Bench
from ablate.work.trying import hash_seeds_told, tried, wrong_with

_MOST = 20  # lines that are shown of one check


def check(target: str, words: Sequence[str] = ()) -> None:
    """Run the contract's checks and print a line each.

    Parameters
    ----------
    words
        Settings, ``key=value``: of a class its fields, of a training function its `params`.

    Raises
    ------
    UserError
        It does not exist, no contract covers it, or it has no such setting.
    Failure
        Some checks fail.
    """
    from ablate.testing.base import failures
    from ablate.testing.suites import checks_of

    import_components()
    _say_checks(target, failures(checks_of(_with_settings(target, _thing(target), _settings(words)))))


def try_study(plan: Plan, bench: Bench, launcher: Launcher) -> None:
    """Try every arm of a study on two seeds, the first of them twice, and say what is wrong; nothing is tracked.

    Raises
    ------
    Failure
        A run crashes, a seed does not repeat, or seeds, arms or settings make no difference.
    """
    arms = tried(plan, bench, launcher=launcher)
    checks: list[tuple[str, str | None]] = []
    for one, wrong in wrong_with(plan, arms):
        shown = [*wrong[:_MOST], *([f"… and {len(wrong) - _MOST} more"] if len(wrong) > _MOST else [])]
        checks.append((one, "\n  ".join(["", *shown]) if wrong else None))
    runs = sum(len(one.runs) for one in arms)
    say(f"{plan.record.name}: {counted(len(arms), 'arm')} tried in {counted(runs, 'run')}; nothing is tracked")
    if told := hash_seeds_told(arms):
        say(told)
    _say_checks(plan.record.name, checks)


def _say_checks(what: str, checks: Sequence[tuple[object, str | None]]) -> None:
    for one, why in checks:
        for line in (f"{MARKS['supported']} {one}" if why is None else f"{MARKS['refuted']} {one}: {why}").split("\n"):
            say(line.rstrip())
    wrong = sum(why is not None for _, why in checks)
    if wrong:
        raise Failure(f"{what}: {wrong} of {plural(len(checks), 'check')} fail")
    say(f"{what}: all {len(checks)} checks pass")


def _thing(target: str) -> Any:
    said, colon, name = target.rpartition(":")
    if not (colon and said and name):
        raise UserError(f"expected module:Thing or path/to/file.py:Thing, got {target!r}")
    if said.endswith(".py"):
        use([said])
        module = module_at(used_place(said))
    else:
        module = _module(said)
    if not hasattr(module, name):
        names = [key for key, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        raise unknown(f"name in {said}", name, names)
    return getattr(module, name)


def _with_settings(target: str, thing: Any, settings: Mapping[str, Any]) -> Any:
    """Return a training function, or a Hydra application, as a Program; a class with settings as an object.

    Of an application the settings are the fields of `HydraApp`: `returns=[accuracy]`, say.
    """
    if is_main(thing):
        return _with_settings(f"{target}, a Hydra application,", HydraApp, {**settings, "app": target})
    if inspect.isfunction(thing):
        return Function(target=target, params=dict(settings))
    if not settings or inspect.isabstract(thing):  # what an abstract class lacks is told by its suite
        return thing
    if not inspect.isclass(thing):
        raise UserError(f"{target} is made already; `key=value` is for a class or a training function")
    names = inspect.signature(thing).parameters
    for key in settings:
        if key not in names:
            raise unknown(f"setting of {target}", key, names)
    try:
        return thing(**settings)
    except TypeError as error:
        raise UserError(f"{target} cannot be made with {', '.join(settings)}: {error}") from None


def _settings(words: Sequence[str]) -> dict[str, Any]:
    """Read ``key=value`` as overrides are read, so that a value means what it means in a study."""
    settings: dict[str, Any] = {}
    for word in words:
        key, equals, _ = word.partition("=")
        if not (equals and key.isidentifier()):
            raise UserError(f"expected key=value, the name of a setting and its value, got {word!r}")
        try:
            (override,) = parse([word])
        except OverrideParseException as error:
            raise (explain(error) or error) from None
        if override.is_sweep_override():
            raise UserError(
                f"`{key}`: one value is checked at a time, got {word!r}; a list is written {key}=[a,b]; to try "
                "a sweep, say its seeds, too: seeds=8"
            )
        if key in settings:
            raise UserError(f"`{key}` is given twice")
        settings[key] = unswept_value(override)
    return settings


def _module(name: str) -> Any:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise UserError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
