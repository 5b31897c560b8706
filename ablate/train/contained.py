"""Running somebody else's code without letting it end, interrupt or move this process.

A training function is often a script that was made callable: it parses the command line, and ends with `sys.exit`.
Here that is an error of its run like any other. Ctrl-C and its like, which are meant for us, go on as they are: also
where the code caught them, where Python dropped them in a destructor, or where what they cut off failed otherwise.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NoReturn

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class ProcessEnded(Exception):
    """What ran tried to end the process (`sys.exit`, `os._exit`), or raised what no `except Exception` catches."""


class _ParserExit(SystemExit):
    """What an argument parser that is not content raises: `SystemExit`, with its message and without its usage."""

    def __init__(self, message: str) -> None:
        super().__init__(2)
        self.message = message


class contained:  # noqa: N801 - read as a word, like `contextlib.suppress`
    """Context in which whatever is raised is an `Exception`, unless the user interrupts.

    Meanwhile `sys.argv` is `[program]`, so that nothing inside reads our command line; afterwards it is as before, and
    so is the working folder. An argument parser inside keeps its usage to itself; its message stands in the error.

    Parameters
    ----------
    program
        The file that is run; by default what `sys.argv` begins with.

    Raises
    ------
    ProcessEnded
        Instead of `SystemExit`, `GeneratorExit`, a `KeyboardInterrupt` that no signal sent, and the like.
    KeyboardInterrupt
        A signal interrupted what ran, whatever came of that: half a run is not a result, and its error says nothing.
    """

    def __init__(self, program: str | Path | None = None) -> None:
        self._program = program
        self._interrupted = False
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> contained:
        """Put everything aside."""
        argv, self._undo = sys.argv, []
        sys.argv = [str(self._program)] if self._program is not None else argv[:1]
        self._undo.append(lambda: setattr(sys, "argv", argv))
        with contextlib.suppress(OSError):  # a folder that was removed under us cannot be gone back to
            folder = os.getcwd()  # noqa: PTH109
            self._undo.append(lambda: os.chdir(folder))
        self._hold(os, "_exit", _no_exit(os._exit, os.getpid()))
        self._hold(ArgumentParser, "error", _no_usage)
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._notice(number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put everything back, and turn what would end the process into an error."""
        for undo in reversed(self._undo):
            with contextlib.suppress(OSError):
                undo()
        if self._interrupted and not isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        if error is None or isinstance(error, Exception):
            return
        if isinstance(error, KeyboardInterrupt) and (self._interrupted or not self._main()):
            return
        raise ProcessEnded(_said(error)) from error

    @staticmethod
    def _main() -> bool:
        return threading.current_thread() is threading.main_thread()

    def _hold(self, owner: Any, name: str, value: Any) -> None:
        original = getattr(owner, name)
        setattr(owner, name, value)
        self._undo.append(lambda: setattr(owner, name, original))

    def _notice(self, number: int) -> None:
        """Do what would have been done where a signal comes, and remember whether that was an interrupt."""
        handler = signal.getsignal(number)
        if not callable(handler):  # ignored, the system's default, or set by a library in C: none of our business
            return

        def noticed(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except KeyboardInterrupt:
                self._interrupted = True
                raise

        signal.signal(number, noticed)
        self._undo.append(lambda: signal.signal(number, handler))


def _no_exit(exit_: Callable[[int], NoReturn], process: int) -> Callable[[int], NoReturn]:
    def ended(status: int) -> NoReturn:
        if os.getpid() != process:  # a child that was forked inside ends as it has to
            exit_(status)
        raise SystemExit(status)

    return ended


def _no_usage(parser: ArgumentParser, message: str) -> NoReturn:
    del parser
    raise _ParserExit(message)


def _said(error: BaseException) -> str:
    if isinstance(error, _ParserExit):
        return f"it read the command line, which is not its own ({error.message})"
    name = type(error).__name__
    if isinstance(error, SystemExit):
        return f"it ended the process ({name}: {error.code})"
    return f"it raised {name}" + (f": {error}" if str(error) else "")
