"""Settings that hold for all code of a process: read, and set again, each by the module that it belongs to.

They decide what a later run computes (PyTorch's kind of number, the digits of `decimal`) or whether it can run at all
(the largest file, signals that are held back). PyTorch is asked only where it was imported: until then it has what it
begins with.
"""

from __future__ import annotations

import contextlib
import decimal
import gc
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

BY_USE = frozenset({"start"})
"""Those that the first use of what they are of sets: no sign that something that was imported changes its process."""


@dataclass(frozen=True)
class _Setting:
    """How one of them is read and set."""

    read: Callable[[], Any]
    write: Callable[[Any], object]


def _fixed(value: object) -> None:
    """Set nothing: what is read can only be noted (the user, the priority)."""
    del value


def _hold_back(signals: set[signal.Signals]) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, signals)


def _start_by(method: str) -> None:
    multiprocessing.set_start_method(method or None, force=True)  # None: to be said once more


def _digits(given: tuple[int, str, frozenset[Any]]) -> None:
    context = decimal.getcontext()
    context.prec, context.rounding = given[:2]
    context.traps.update({kind: kind in given[2] for kind in context.traps})


def _digits_now() -> tuple[int, str, frozenset[Any]]:
    context = decimal.getcontext()
    return context.prec, context.rounding, frozenset(kind for kind, on in context.traps.items() if on)


_SETTINGS = {
    "decimal": _Setting(_digits_now, _digits),
    "garbage": _Setting(gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    "log": _Setting(lambda: logging.root.manager.disable, logging.disable),
    "trace": _Setting(lambda: sys.gettrace() or 0, lambda trace: sys.settrace(trace or None)),
    "profile": _Setting(lambda: sys.getprofile() or 0, lambda profile: sys.setprofile(profile or None)),
    "switch": _Setting(sys.getswitchinterval, sys.setswitchinterval),
    "start": _Setting(lambda: multiprocessing.get_start_method(allow_none=True) or "", _start_by),
    "digits": _Setting(sys.get_int_max_str_digits, sys.set_int_max_str_digits),
}
if hasattr(signal, "pthread_sigmask"):
    _SETTINGS["signals"] = _Setting(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()), _hold_back)
if hasattr(os, "getresuid"):
    _SETTINGS |= {"user": _Setting(os.getresuid, _fixed), "group": _Setting(os.getresgid, _fixed)}
if hasattr(os, "getpriority"):
    _SETTINGS["priority"] = _Setting(lambda: os.getpriority(os.PRIO_PROCESS, 0), _fixed)
if hasattr(os, "sched_getaffinity"):
    _SETTINGS["cores"] = _Setting(lambda: os.sched_getaffinity(0), lambda cores: os.sched_setaffinity(0, cores))
if sys.platform != "win32":
    import resource

    def _limit(number: int) -> _Setting:
        return _Setting(lambda: resource.getrlimit(number), lambda pair: resource.setrlimit(number, pair))

    _SETTINGS |= {
        name: _limit(getattr(resource, name))
        for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC",
                     "RLIMIT_STACK")
        if hasattr(resource, name)
    }  # fmt: skip


def _of_torch(read: str, write: str, begins: str | None) -> _Setting:
    """Return a setting of PyTorch, as text; `begins`: what it is when PyTorch is imported, None where that differs."""

    def now() -> str | None:
        torch = sys.modules.get("torch")
        return begins if torch is None else str(getattr(torch, read)())

    def put(value: str) -> None:
        torch = sys.modules["torch"]
        kind = getattr(torch, value.removeprefix("torch."), None) if value.startswith("torch.") else None
        getattr(torch, write)(kind or (int(value) if value.isdecimal() else value == "True"))

    return _Setting(now, put)


_SETTINGS |= {
    "torch number": _of_torch("get_default_dtype", "set_default_dtype", "torch.float32"),
    "torch gradients": _of_torch("is_grad_enabled", "set_grad_enabled", "True"),
    "torch repeats": _of_torch("are_deterministic_algorithms_enabled", "use_deterministic_algorithms", "False"),
    "torch threads": _of_torch("get_num_threads", "set_num_threads", None),
}


def settings_now() -> dict[str, Any]:
    """Return what this process holds: name -> value, to be compared and set again."""
    held: dict[str, Any] = {}
    for name, setting in _SETTINGS.items():
        with contextlib.suppress(Exception):  # code of others may have put anything in the place of what is asked
            held[name] = setting.read()
    return held


def differing(held: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the settings that were held is another now: name -> value that was held."""
    now = settings_now()
    return {name: value for name, value in held.items() if value is not None and now.get(name, held) != value}


def put_back_settings(held: Mapping[str, Any]) -> None:
    """Set what differs from what was held; what cannot be set is left, as `differing` then shows."""
    for name, value in differing(held).items():
        with contextlib.suppress(Exception):
            _SETTINGS[name].write(value)
