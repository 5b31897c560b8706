"""The process in which somebody else's code runs: it is asked for runs, makes them, and says whether it may be reused.

What a run changes of its process is put back after it: the working folder and the command line (`train.contained`), the
environment, signal handlers and alarms, standard streams, the mask of new files, what NumPy does about overflows. The
global generators of Python and NumPy are seeded by the seed of each run, so that what ran before in the same process
decides nothing. Modules that were imported stay: that is what a process is reused for.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import random
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ablate.programs.uses import use
from ablate.train.arithmetic import arithmetic, one_thread
from ablate.train.compiled.ready import NotCompiledError
from ablate.train.contained import contained
from ablate.train.outcome import Outcome
from ablate.train.program import Program, RunResult
from ablate.train.vouched import Fact

LENGTH = 8  # bytes that say how long a message is
LOADED = bytes(LENGTH)  # an empty message: what a run needs was imported, its time begins
CUT_OFF = 113  # the exit code of a process that cannot answer any more
_SEEDS = 2**32  # NumPy's generator takes no larger one


def run_here(program: Program, config: Any, seeds: Sequence[int]) -> list[RunResult]:
    """Run a planned Program in this process, BLAS held to one thread; a raised error becomes `crashed` results.

    Results say what computed them where the Program vouches that this process did.

    Raises
    ------
    NotCompiledError
        Compiled code cannot be made, which says nothing of the arm.
    """
    started = time.perf_counter()
    try:
        with one_thread(), contained():
            results = program.run(config, seeds)
            if Fact.MACHINE not in program.vouches:
                return results
            made_by = arithmetic()
            return [replace(result, arithmetic=made_by) for result in results]
    except NotCompiledError:
        raise
    except Exception:  # noqa: BLE001 - the boundary: recorded with its traceback, the sweep goes on
        return crashed(seeds, time.perf_counter() - started, traceback.format_exc())


def crashed(seeds: Sequence[int], seconds: float, error: str) -> list[RunResult]:
    """Return a `crashed` result for every seed; they share the seconds."""
    each = seconds / max(len(seeds), 1)
    return [RunResult(seed=seed, outcome=Outcome.CRASHED, seconds=each, error=error) for seed in seeds]


def serve(requests: int, replies: int) -> None:
    """Answer requests from one pipe on another until the first ends; called in a process of its own.

    A request is a pickled ``(folder, search path, used files -> code, pickled program and configuration, seeds)``. An
    answer is an empty message when the run begins, then ``(kind, value, clean)``: `results`, pickled once more, or `not
    compiled` with its message. `clean` is false where the process is not to be used again.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who started this one may ignore it
    faulthandler.enable()  # a fault in compiled code says where, in the tail of the output
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for pipe in (requests, replies):
        os.set_inheritable(pipe, False)
    process, known, pipes = os.getpid(), _Known(), _places((requests, replies, 1, 2))
    _send(replies, b"started")
    while (request := _receive(requests)) is not None:
        threads = {thread.ident for thread in threading.enumerate()}
        said = _answer(request, known, replies)
        if os.getpid() != process:  # a child that was forked inside a run and came back with it
            os._exit(0)
        _flush()
        try:
            _send(replies, pickle.dumps((*said, _is_clean(pipes, threads))))
        except OSError:  # what ran has closed the pipe
            os._exit(CUT_OFF)


class _Known:
    """The Program that was asked for last, so that it is made once for all of its seeds."""

    def __init__(self) -> None:
        self._packed: tuple[Any, ...] = ()
        self._made: tuple[Program, Any] | None = None

    def get(self, folder: str, code: Mapping[str, Mapping[str, str]], packed: bytes) -> tuple[Program, Any]:
        if self._made is None or self._packed != (folder, code, packed):
            use(list(code), code=code)  # before it is unpickled: its classes may stand in these files
            self._made = pickle.loads(packed)  # made by the process that started this one
            self._made[0].load()
            self._packed = (folder, code, packed)
        return self._made


def _answer(request: bytes, known: _Known, replies: int) -> tuple[str, bytes | str]:
    folder, path, code, packed, seeds = pickle.loads(request)
    began = time.perf_counter()
    try:
        os.chdir(folder)
        sys.path[:] = path
        with _put_back(), contained():  # what a file does when it is imported belongs to the run
            program, config = known.get(folder, code, packed)
            _send(replies, b"")
            _seed(seeds[0])
            results = run_here(program, config, seeds)
        return "results", pickle.dumps(results)
    except NotCompiledError as error:
        return "not compiled", str(error)
    except Exception:  # noqa: BLE001 - as in `run_here`; or a result that holds what cannot be passed on
        return "results", pickle.dumps(crashed(seeds, time.perf_counter() - began, traceback.format_exc()))


def _is_clean(pipes: Mapping[int, tuple[int, int]], threads: set[int | None]) -> bool:
    """Tell whether another run may be made here: nothing that was started is left, and what answers is as it was."""
    left = any(not one.daemon and one.ident not in threads for one in threading.enumerate())
    return not left and not _left_processes() and _places(pipes) == pipes


def _places(pipes: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return what stands behind file descriptors; one that is closed is left out."""
    found = {}
    for pipe in pipes:
        with contextlib.suppress(OSError):
            stat = os.fstat(pipe)
            found[pipe] = (stat.st_dev, stat.st_ino)
    return found


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % _SEEDS)  # noqa: NPY002 - the global generator is what code of others draws from


@contextlib.contextmanager
def _put_back() -> Iterator[None]:
    """Put back what a run changes of its process."""
    environment, streams, handlers = dict(os.environ), (sys.stdin, sys.stdout, sys.stderr), _handlers()
    mask, limit, errors = os.umask(0o077), sys.getrecursionlimit(), np.geterr()
    os.umask(mask)
    undo: list[Callable[[], object]] = [
        lambda: signal.setitimer(signal.ITIMER_REAL, 0),
        lambda: _set_handlers(handlers),
        lambda: os.umask(mask),
        lambda: sys.setrecursionlimit(limit),
        lambda: np.seterr(**errors),
    ]
    try:
        yield
    finally:
        for one in undo:
            with contextlib.suppress(OSError, ValueError, RecursionError):
                one()
        sys.stdin, sys.stdout, sys.stderr = streams
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _set_handlers(before: Mapping[int, Any]) -> None:
    """Set the handlers that are not what they were; what a library in C has set (None) cannot be."""
    for number, held in before.items():
        if signal.getsignal(number) is not held and held is not None:
            signal.signal(number, held)


def _left_processes() -> bool:
    """Tell whether a process that was started still runs; where the system does not say, none does."""
    found: set[int] = set()
    for file in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError, ValueError):
            found |= {int(word) for word in file.read_text(encoding="ascii").split()}
    tracker = getattr(sys.modules.get("multiprocessing.resource_tracker"), "_resource_tracker", None)
    return bool(found - {getattr(tracker, "_pid", None)})


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # closed, or replaced by anything
            stream.flush()


def _receive(pipe: int) -> bytes | None:
    head = _read(pipe, LENGTH)
    return None if head is None else _read(pipe, int.from_bytes(head, "big"))


def _read(pipe: int, length: int) -> bytes | None:
    found = bytearray()
    while len(found) < length:
        part = os.read(pipe, min(length - len(found), 1 << 20))
        if not part:
            return None
        found += part
    return bytes(found)


def _send(pipe: int, message: bytes) -> None:
    rest = memoryview(len(message).to_bytes(LENGTH, "big") + message)
    while rest:
        rest = rest[os.write(pipe, rest) :]
