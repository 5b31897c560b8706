"""What `ablate check module:Thing` does: tell whether a part of the user's own keeps to its contract."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

from ablate.app.console import MARKS, say
from ablate.app.schema import import_components
from ablate.errors import Failure, UserError, unknown
from ablate.programs.function import Function
from ablate.programs.target import module_at
from ablate.programs.uses import use, used_place


def check(target: str) -> None:
    """Run the contract's checks and print a line each.

    Raises
    ------
    UserError
        It does not exist, or no contract covers it.
    Failure
        Some checks fail.
    """
    from ablate.testing.base import failures
    from ablate.testing.suites import checks_of

    import_components()
    found = failures(checks_of(_thing(target)))
    for one, why in found:
        say(f"{MARKS['supported']} {one}" if why is None else f"{MARKS['refuted']} {one}: {why}")
    wrong = sum(why is not None for _, why in found)
    if wrong:
        raise Failure(f"{target}: {wrong} of {len(found)} checks fail")
    say(f"{target}: all {len(found)} checks pass")


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
        own = [key for key, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        raise unknown(f"name in {said}", name, own)
    thing = getattr(module, name)
    return Function(target=target) if inspect.isfunction(thing) else thing


def _module(name: str) -> Any:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise UserError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
