"""Work of a report on all cores: every part in a process that is forked with the runs in its memory.

Nothing is sent there, and what comes back are texts and bytes: a report of 10,000 runs is not copied for each core.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from ablate.sweep.pool import end_with

R = TypeVar("R")
_HARMLESS = frozenset({"TMonitor"})
"""Threads of which a forked process needs nothing: the one that redraws progress bars."""

_PARTS: list[Callable[[], Any]] = []
"""What a forked process finds in its memory."""


def on_all_cores(parts: Sequence[Callable[[], R]], *, first: Sequence[int] = ()) -> Iterator[tuple[int, R]]:
    """Yield the number and the result of every part, as they are done; the same results on any number of cores.

    In this process, one after the other, where there is one core or one part, or where forking is not safe: other
    threads are running, or it is not Linux.

    Parameters
    ----------
    first
        Numbers of the parts to begin with: those that take longest.
    """
    workers = min(_cores(), len(parts))
    left = dict.fromkeys([*first, *range(len(parts))])
    if workers > 1 and _may_fork():
        try:
            for done in _forked(parts, list(left), workers):
                del left[done[0]]
                yield done
        except BrokenProcessPool:  # one was killed, for want of memory say: what is left is done here
            pass
    for number in left:
        yield number, parts[number]()


def _forked(parts: Sequence[Callable[[], R]], order: Sequence[int], workers: int) -> Iterator[tuple[int, R]]:
    _PARTS[:] = parts
    before = set(multiprocessing.active_children())
    forking = multiprocessing.get_context("fork")
    try:
        with ProcessPoolExecutor(workers, forking, initializer=_begin, initargs=(os.getpid(),)) as pool:
            try:
                with warnings.catch_warnings():  # all processes are forked here, before anything is yielded
                    # Python 3.12 warns where the system sees threads; those of BLAS are made anew in a forked process.
                    warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
                    running = {pool.submit(_part, number): number for number in order}
                for done in as_completed(running):
                    yield running[done], done.result()
            except BaseException:  # an interrupt, an error: leaving the pool would wait for all that is left
                for process in set(multiprocessing.active_children()) - before:
                    process.kill()
                raise
    finally:
        _PARTS.clear()


def _begin(parent: int) -> None:
    """End with the parent, and at a signal without a word: the parent's way to end an interrupted command is its own.

    A forked process holds both ends of the pipe that it takes its work from: nothing else tells it that nobody is left.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    end_with(parent)


def _part(number: int) -> Any:
    return _PARTS[number]()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _may_fork() -> bool:
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    return sys.platform == "linux" and all(type(thread).__name__ in _HARMLESS for thread in others)
