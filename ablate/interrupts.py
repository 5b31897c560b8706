"""The wish to stop: SIGINT, SIGTERM and a terminal that closes end a command, each as Ctrl-C does.

An interrupt that is only raised can get lost. It comes between any two instructions: in a destructor or the callback of
a weak reference Python drops it, and what it cuts off half-way may fail with an error of another kind. So the wish is
remembered here, and raised again.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from ablate import early

_AGAIN = 0.05  # seconds after which a lost interrupt is raised again
_asked: list[int] = []  # the signals that came and ask to stop
_told: list[bool] = []  # that it stops: one more signal changes nothing


@contextlib.contextmanager
def interruptible(*, to_the_end: bool = False) -> Iterator[None]:
    """Context in which the signals that ask to stop raise `KeyboardInterrupt` and are remembered.

    Handlers are put back afterwards; `to_the_end`: the process ends then, and no further signal cuts that short, unless
    it waits for a thread. Signals that are ignored (as `nohup` does) or that somebody else answers stay as
    they are. Another thread than the main one gets no signals: there nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    outermost = not any(signal.getsignal(number) is _interrupt for number in numbers)
    before = {number: signal.getsignal(number) for number in numbers}
    # What answers before a command begins does so no more after one.
    before = {n: signal.default_int_handler if handler is early.end else handler for n, handler in before.items()}
    ours = [n for n, handler in before.items() if handler in (signal.SIG_DFL, signal.default_int_handler)]
    hook = sys.unraisablehook

    def lost(what: sys.UnraisableHookArgs) -> None:
        if not (_asked and issubclass(what.exc_type, KeyboardInterrupt)):
            hook(what)
            return
        timer = threading.Timer(_AGAIN, _again, (_asked[-1],))
        timer.daemon = True
        timer.start()

    try:
        sys.unraisablehook = lost
        for number in ours:
            signal.signal(number, _interrupt)
        yield
    finally:
        sys.unraisablehook = hook
        ends = to_the_end and not _others()
        for number in ours:
            signal.signal(number, signal.SIG_IGN if ends else before[number])
        if outermost and not to_the_end:  # whoever calls on goes on; threads of a process that ends do not
            _asked.clear()
            _told.clear()


def _others() -> bool:
    """Tell whether a thread still runs that Python waits for before it ends."""
    return any(one is not threading.main_thread() and not one.daemon for one in threading.enumerate())


def asked_to_stop() -> bool:
    """Tell whether a signal has asked to stop, inside of `interruptible`."""
    return bool(_asked)


def told_as_interrupt(error: BaseException) -> bool:
    """Tell whether an error came of an interrupt, itself or by what that cut off; then say so on standard error."""
    interrupted = isinstance(error, KeyboardInterrupt) or asked_to_stop()
    if interrupted:
        _told.append(True)
        # Where it cut off code that stands in a text (the methods of a dataclass), Python keeps that in mind until it
        # executes the next one, and `python -m` ends by the signal in place of our exit code.
        exec("")
        sys.stderr.write("\nablate: interrupted; finished runs are kept, the same command goes on\n")
    return interrupted


def stop_if_asked() -> None:
    """Raise `KeyboardInterrupt` where a signal has asked to stop: between two steps, before an error is recorded."""
    if _asked:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    del frame
    _asked.append(number)
    if not _told:
        raise KeyboardInterrupt


def _again(number: int) -> None:
    if signal.getsignal(number) is _interrupt:
        signal.pthread_kill(threading.main_thread().ident or 0, number)
