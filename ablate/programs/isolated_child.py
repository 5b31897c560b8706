"""The process in which somebody else's code runs: it is asked for runs, makes them, and says whether it may be reused.

What a run changes of its process is put back after it: the working folder and the command line (`train.contained`), and
what `process_state` knows of. What the code did when it was imported, before the first run, is how each run begins; a
process in which a run imported more, and was changed, is not used again. The global generators are seeded
by the seed of each run, so that what ran before in the same process decides nothing. Modules that were imported
stay: that is what a process is reused for.
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import os
import pickle
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ablate.programs.generators import seeded
from ablate.programs.process_state import put_back
from ablate.programs.returned import check_declared
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


def run_here(program: Program, config: Any, seeds: Sequence[int]) -> list[RunResult]:
    """Run a planned Program in this process, BLAS held to one thread; a raised error becomes `crashed` results.

    So does a run that came to its end with none of the Program's metrics. Results say what computed them where the
    Program vouches that this process did.

    Raises
    ------
    NotCompiledError
        Compiled code cannot be made, which says nothing of the arm.
    """
    started = time.perf_counter()
    try:
        with one_thread(), contained():
            results = [check_declared(result, program.metrics) for result in program.run(config, seeds)]
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


def answer_requests(requests: int, replies: int) -> None:
    """Answer requests from one pipe on another until the first ends; called in a process of its own.

    A request is a pickled ``(folder, used files -> code, pickled program and configuration, seeds)``. An
    answer is an empty message when the run begins, then ``(kind, value, clean)``: `results`, pickled once more, or `not
    compiled` with its message. `clean` is false where the process is not to be used again.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who started this one may ignore it
    faulthandler.enable()  # a fault in compiled code says where, in the tail of the output
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for pipe in (requests, replies):
        os.set_inheritable(pipe, False)
    process, programs, pipes = os.getpid(), _Known(), _places((requests, replies, 1, 2))
    say, clean = _Replies(replies), True
    say(b"started")
    while clean and (request := _receive(requests)) is not None:
        threads = {thread.ident for thread in threading.enumerate()}
        kind, said, same = _answer(request, programs, say)
        if os.getpid() != process:  # a child that was forked inside a run and came back with it
            os._exit(0)
        _flush()
        clean = same and _is_clean(pipes, threads)
        try:
            say(pickle.dumps((kind, said, clean)))
        except OSError:  # what ran has closed the pipe
            os._exit(CUT_OFF)


class _Known:
    """The Program that was asked for last, so that it is made once for all of its seeds."""

    def __init__(self) -> None:
        self._packed: tuple[Any, ...] = ()
        self._made: tuple[Program, Any] | None = None

    def get(self, folder: str, code: Mapping[str, Mapping[str, str]], packed: bytes) -> tuple[Program, Any]:
        if self._made is None or self._packed != (folder, code, packed):
            self._made = None
            use(list(code), code=code)  # before it is unpickled: its classes may stand in these files
            made: tuple[Program, Any] = pickle.loads(packed)  # made by the process that started this one
            made[0].load(made[1])
            self._made, self._packed = made, (folder, code, packed)
        return self._made


def _answer(request: bytes, programs: _Known, say: _Replies) -> tuple[str, bytes | str, bool]:
    """Return what came of a request, and whether the process is as it was when its runs began."""
    folder, code, packed, seeds = pickle.loads(request)
    began, same = time.perf_counter(), False
    try:
        os.chdir(folder)
        with one_thread(), contained():  # the first imports by itself, which is not the run's doing
            program, config = programs.get(folder, code, packed)
        imported = _packages()
        with put_back() as kept, contained(), seeded(seeds[0]):  # what imports have changed is how every run begins
            say(b"")
            results = run_here(program, config, seeds)
        same = not kept.lost and (not kept.changed or _packages() == imported)
        return "results", pickle.dumps(results), same
    except NotCompiledError as error:
        return "not compiled", str(error), same
    except Exception:  # noqa: BLE001 - as in `run_here`; or a result that holds what cannot be passed on
        return "results", pickle.dumps(crashed(seeds, time.perf_counter() - began, traceback.format_exc())), same


def _packages() -> set[str]:
    """Return the modules that were imported and may have changed the process: neither Python's own, nor ours."""
    harmless = sys.stdlib_module_names | {"ablate"}
    return {name for name in sys.modules if name.partition(".")[0] not in harmless}


def _is_clean(pipes: Mapping[int, tuple[int, int]], threads: set[int | None]) -> bool:
    """Tell whether another run may be made here: nothing that was started is left, and what answers is as it was."""
    left = any(not one.daemon and one.ident not in threads for one in threading.enumerate())
    return not left and not _left_processes() and _places(pipes) == pipes


def _places(pipes: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return what stands behind file descriptors; one that is closed is left out."""
    places = {}
    for pipe in pipes:
        with contextlib.suppress(OSError):
            stat = os.fstat(pipe)
            places[pipe] = (stat.st_dev, stat.st_ino)
    return places


def _left_processes() -> bool:
    """Tell whether a process that was started still runs; where the system does not say, none does."""
    children: set[int] = set()
    for file in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError, ValueError):
            children |= {int(word) for word in file.read_text(encoding="ascii").split()}
    tracker = getattr(sys.modules.get("multiprocessing.resource_tracker"), "_resource_tracker", None)
    return bool(children - {getattr(tracker, "_pid", None)})


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # closed, or replaced by anything
            stream.flush()


def _receive(pipe: int) -> bytes | None:
    head = _read(pipe, LENGTH)
    return None if head is None else _read(pipe, int.from_bytes(head, "big"))


def _read(pipe: int, length: int) -> bytes | None:
    received = bytearray()
    while len(received) < length:
        part = os.read(pipe, min(length - len(received), 1 << 20))
        if not part:
            return None
        received += part
    return bytes(received)


class _Replies:
    """The pipe that answers go to."""

    def __init__(self, pipe: int) -> None:
        self._pipe, self._place = pipe, _places([pipe])

    def __call__(self, message: bytes) -> None:
        """Send a message; raises `OSError` where the pipe is gone, or another file has its number by now."""
        if _places([self._pipe]) != self._place:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        rest = memoryview(len(message).to_bytes(LENGTH, "big") + message)
        while rest:
            rest = rest[os.write(self._pipe, rest) :]
