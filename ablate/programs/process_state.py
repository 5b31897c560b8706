"""What one process holds for all code in it, noted and put back: environment, signal handlers, streams, NumPy's errors.

What a module sets when it is imported is how its runs begin, each of them; what a run sets is put back to that. Modules
that were imported stay, with their globals: that is what a process is used again for. What other rooms hold (limits,
arithmetic, PyTorch) is in `process_settings`.
"""

from __future__ import annotations

import contextlib
import locale
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ablate.programs.process_settings import BY_USE, differing, put_back_settings, settings_now

_imported: dict[str, tuple[str | None, str | None]] = {}  # variable -> before any import changed it, and what that made


@dataclass(frozen=True)
class ProcessState:
    """What a process held at one time; two are equal where nothing of it changed.

    Working folder and command line are put back by `train.contained`, alarms are taken away, and generators are seeded
    for each run.
    """

    environment: Mapping[str, str]
    search_path: tuple[str, ...]
    streams: tuple[Any, ...]
    handlers: Mapping[int, Any]
    mask: int
    recursion: int
    errors: Mapping[str, Any]
    error_call: Any
    places: str
    settings: Mapping[str, Any] = field(compare=False)  # `differing` compares them
    warned: tuple[Any, ...] = field(compare=False)  # most packages add some when they are imported, without effect

    @classmethod
    def now(cls) -> ProcessState:
        """Return what this process holds."""
        mask = os.umask(0o077)
        os.umask(mask)
        return cls(
            environment=dict(os.environ),
            search_path=tuple(sys.path),
            streams=(sys.stdin, sys.stdout, sys.stderr),
            handlers={number: signal.getsignal(number) for number in signal.valid_signals()},
            mask=mask,
            recursion=sys.getrecursionlimit(),
            errors=np.geterr(),
            error_call=np.geterrcall(),
            places=locale.setlocale(locale.LC_ALL),
            settings=settings_now(),
            warned=tuple(warnings.filters),
        )

    def put_back(self) -> None:
        """Make the process hold it again; nothing is still to come of an alarm.

        What cannot be put back (a handler that a library in C has set) is left.
        """
        steps: list[Callable[[], object]] = [
            lambda: signal.setitimer(signal.ITIMER_REAL, 0),
            self._put_back_handlers,
            lambda: os.umask(self.mask),
            lambda: sys.setrecursionlimit(self.recursion),
            lambda: np.seterr(**self.errors),
            lambda: np.seterrcall(self.error_call),
            lambda: locale.setlocale(locale.LC_ALL, self.places),
            lambda: put_back_settings(self.settings),
        ]
        for step in steps:
            with contextlib.suppress(OSError, ValueError, TypeError, RecursionError, locale.Error):
                step()
        sys.stdin, sys.stdout, sys.stderr = self.streams
        sys.path[:] = self.search_path
        if tuple(warnings.filters) != self.warned:
            warnings.resetwarnings()  # which also tells what was asked before to ask again
            warnings.filters[:] = self.warned  # type: ignore[index]
        if dict(os.environ) != self.environment:
            os.environ.clear()
            os.environ.update(self.environment)

    def _put_back_handlers(self) -> None:
        for number, handler in self.handlers.items():
            if signal.getsignal(number) is not handler and handler is not None:
                signal.signal(number, handler)


class put_back:  # noqa: N801 - read as a word, like `contextlib.suppress`
    """Context that puts back afterwards what a run changes of its process.

    Attributes
    ----------
    changed
        Whether it did.
    lost
        Whether something of it could not be put back: a limit that was lowered for good, another user.
    """

    def __enter__(self) -> put_back:
        """Note what there is."""
        self.changed, self.lost, self._before = False, False, ProcessState.now()
        return self

    def __exit__(self, *error: object) -> None:
        """Put it back."""
        self.changed = ProcessState.now() != self._before or bool(differing(self._before.settings).keys() - BY_USE)
        self._before.put_back()
        self.lost = self.changed and bool(differing(self._before.settings))


@contextlib.contextmanager
def importing_noted() -> Iterator[None]:
    """Note what an import makes of the environment of this process: other code's processes do not inherit it."""
    before = dict(os.environ)
    try:
        yield
    finally:
        after = dict(os.environ)
        for name in {name for name in before | after if before.get(name) != after.get(name)}:
            first, _ = _imported.get(name, (before.get(name), None))
            _imported[name] = first, after.get(name)


HASH_SEED = "PYTHONHASHSEED"
"""The variable that decides, when a Python starts, in which order it goes over a set of texts."""


@contextlib.contextmanager
def hash_seeded(value: str) -> Iterator[None]:
    """Let the processes that are started meanwhile have this hash seed; empty: as the environment has it."""
    before = os.environ.get(HASH_SEED)
    if value:
        os.environ[HASH_SEED] = value
    try:
        yield
    finally:
        if value and before is None:
            os.environ.pop(HASH_SEED, None)
        elif value and before is not None:
            os.environ[HASH_SEED] = before


def environment_for_others() -> dict[str, str]:
    """Return the environment for a process that imports by itself: without what imports in this one made of it."""
    environ = dict(os.environ)
    for name, (first, made) in _imported.items():
        if environ.get(name) != made:  # changed since, by who uses us
            continue
        if first is None:
            environ.pop(name, None)
        else:
            environ[name] = first
    return environ
