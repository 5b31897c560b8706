"""Somebody else's code in a process of its own, which is used again as long as it behaves.

A training function can end its process (a segmentation fault, too little memory), hang, close what it did not open, or
leave processes behind. Here that costs the seed that did it: the process is killed with all of its group, the run is
`crashed` with the signal or exit code and the tail of what was printed, and the next seed gets a new process. Our own
core needs none of this and is run where it is asked for.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import selectors
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ablate.errors import Failure
from ablate.programs.isolated_child import CUT_OFF, LENGTH, LOADED, crashed
from ablate.programs.per_seed import PerSeed
from ablate.programs.process_state import environment_for_others
from ablate.programs.processes import Ended, Tail, kill_group, read_pipe, safe_pipe, watch_group
from ablate.programs.uses import Standing
from ablate.train.compiled.ready import NotCompiledError
from ablate.train.program import Program, RunResult

_GRACE = 5.0  # seconds that a process has to end by itself
_IMPORTING = 600.0  # seconds that imports may take where runs have a limit, or that limit where it is longer
_PAUSE = 0.2  # seconds between two looks at whether it is alive
_LARGEST = 2**40  # bytes that no answer has
_TAIL = 40  # lines of its output that an error shows

_START = (
    "import sys; sys.path[:] = {path!r}; from ablate.programs.isolated_child import answer_requests; "
    "answer_requests({ask}, {say})"
)


def run_isolated(
    program: Program, config: Any, seeds: Sequence[int], *, code: Mapping[str, Mapping[str, str]] | None = None
) -> list[RunResult]:
    """Run a planned Program in a process of its own; whatever happens to that, every seed has a result.

    One seed at a time where the Program runs them so. Else all together; where that ends the process, each alone.

    Parameters
    ----------
    code
        The Python files that its study uses, and what they say (`uses.code_of_files`).

    Raises
    ------
    NotCompiledError
        See `isolated_child.run_here`.
    Failure
        No process can be started.
    """
    from joblib.externals.loky.backend.reduction import dumps  # takes classes of scripts and notebooks along

    packed, standing = bytes(dumps((program, config))), Standing.of(program, config, code or {})
    groups = [[seed] for seed in seeds] if isinstance(program, PerSeed) else [list(seeds)]
    results = []
    for group in groups:
        answers, died = _ask(packed, group, program.seconds_allowed, standing)
        if died and len(group) > 1:
            answers = [r for one in group for r in _ask(packed, [one], program.seconds_allowed, standing)[0]]
        results += answers
    return results


@dataclass
class _Answer:
    """What came of a request: the reply, or how the process ended."""

    reply: bytes | None
    why: str = ""


class _Process:
    """One process that runs what it is asked to."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        asked, self._ask = safe_pipe()
        self._answers, said = safe_pipe()
        start = _START.format(path=sys.path, ask=asked, say=said)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", start], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, pass_fds=(asked, said), start_new_session=True, env=environment_for_others(),
            )  # fmt: skip
        except OSError as error:
            os.close(self._ask)
            os.close(self._answers)
            raise Failure(f"no process can be started for code of your own: {error.strerror}") from error
        finally:
            os.close(asked)
            os.close(said)
        self.owner = os.getpid()
        self.tail = Tail()
        watch_group(self._process.pid)
        self._output = self._process.stdout.fileno() if self._process.stdout is not None else -1
        os.set_blocking(self._output, False)
        try:
            started = self.answer(None)
        except BaseException:  # an interrupt
            self.kill()
            raise
        if started.reply is None:
            self.kill()
            raise Failure(f"the process for code of your own does not start: {self.tail.text.strip()[-2000:]}")

    def request(self, message: bytes, limit: float | None) -> _Answer:
        """Send a request and wait for the answer."""
        self.tail = Tail()
        rest = memoryview(len(message).to_bytes(LENGTH, "big") + message)
        with contextlib.suppress(BrokenPipeError):  # it has died: the answer says how
            while rest:
                rest = rest[os.write(self._ask, rest) :]
        return self.answer(limit)

    def answer(self, limit: float | None) -> _Answer:
        """Wait for an answer, for so many seconds at most, and read meanwhile what the process prints."""
        began, received, closed = time.monotonic(), bytearray(), 0.0
        loaded = False  # what it imports is not part of a run's time, and has a limit of its own
        with selectors.DefaultSelector() as ready:
            ready.register(self._answers, selectors.EVENT_READ)
            ready.register(self._output, selectors.EVENT_READ)
            while True:
                dead = self._process.poll() is not None  # before reading: what it said last is there then
                for key, _ in ready.select(0 if dead else _PAUSE):
                    if key.fd == self._output:
                        if not self._listen():
                            ready.unregister(self._output)  # it has closed its output, and runs on
                    elif part := os.read(self._answers, 1 << 20):
                        received += part
                    else:
                        ready.unregister(self._answers)
                        closed = time.monotonic()
                now = time.monotonic()
                if received[:LENGTH] == LOADED:
                    began, loaded = now, True
                    del received[:LENGTH]
                length = int.from_bytes(received[:LENGTH], "big") if len(received) >= LENGTH else None
                if length is not None and length > _LARGEST:
                    return _Answer(None, "wrote something else into the pipe that it answers by")
                if length is not None and len(received) - LENGTH >= length:
                    self._listen()
                    return _Answer(bytes(received[LENGTH:]))
                if dead:
                    self._listen()
                    return _Answer(None, _why(self._process.returncode))
                if closed and now - closed > _GRACE:
                    return _Answer(None, _why(CUT_OFF))
                if limit is not None and now - began > (most := limit if loaded else max(limit, _IMPORTING)):
                    self._show_where()
                    where = "" if loaded else " while its code was imported"
                    return _Answer(None, f"timed out after {most:g} s{where}, and was killed")

    def _listen(self) -> bool:
        """Read what was printed until now; false where there will be no more."""
        return read_pipe(self._output, self.tail)

    def _show_where(self) -> None:
        """Let a process that hangs print where it is (`faulthandler`), and end."""
        with contextlib.suppress(OSError):
            os.kill(self._process.pid, signal.SIGABRT)
        self._end_within(1.0)

    def _end_within(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < until:
            self._listen()  # or it waits for somebody to read
            time.sleep(0.02)
        self._listen()

    def end(self) -> None:
        """Let it end by itself, as any program does, or kill it; nothing of its group is left."""
        with contextlib.suppress(OSError):
            os.close(self._ask)
        self._ask = -1
        try:
            self._end_within(_GRACE)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill it, and what it has started."""
        kill_group(self._process.pid)
        self._process.kill()  # where it has left its group
        self._process.wait()
        watch_group(-self._process.pid)
        for pipe in (self._ask, self._answers):
            with contextlib.suppress(OSError):
                os.close(pipe)
        self._ask = self._answers = -1
        if self._process.stdout is not None:
            self._process.stdout.close()


def _why(code: int) -> str:
    if code == CUT_OFF:
        return "closed the file descriptors that it answers by"
    return Ended(code, timed_out=False, seconds=0.0).why(None) or "ended before it had answered"


_idle: list[_Process] = []  # those that wait for the next run; each thread takes its own out


def _taken(standing: Standing) -> _Process:
    """Return a process that imported the same and nothing else, or a new one in place of one that did not."""
    for one in _idle[::-1]:
        with contextlib.suppress(ValueError):  # another thread has just taken it
            if one.owner != os.getpid():  # of the process that this one was forked from
                _idle.remove(one)
            elif one.standing == standing:
                _idle.remove(one)
                return one
    with contextlib.suppress(IndexError):
        _idle.pop(0).end()
    return _Process(standing)


def end_processes(*, at_once: bool = False) -> None:
    """End the processes that wait for another run: each may finish what a program does at its end, or is killed."""
    while _idle:
        process = _idle.pop()
        if process.owner == os.getpid():
            process.kill() if at_once else process.end()


@contextlib.contextmanager
def processes_ended() -> Iterator[None]:
    """Leave no process behind; where something is raised, an interrupt too, none is waited for."""
    try:
        yield
    except BaseException:
        end_processes(at_once=True)
        raise
    end_processes()


atexit.register(end_processes)


def _ask(packed: bytes, seeds: list[int], limit: float | None, standing: Standing) -> tuple[list[RunResult], bool]:
    """Return a result for every seed, and whether the process that was to make them is gone."""
    process, began, keep = _taken(standing), time.perf_counter(), False
    try:
        answer = process.request(pickle.dumps((standing.folder, standing.code, packed, seeds)), limit)
        name, text = _file_name(seeds), process.tail.text
        if answer.reply is None:
            lines = "\n".join(text.splitlines()[-_TAIL:])
            error = f"{lines}\nits process {answer.why}" if lines else f"its process {answer.why}"
            results = crashed(seeds, time.perf_counter() - began, error)
        else:
            results, keep = _unpacked(answer.reply, seeds)
    finally:  # an interrupt, too
        if keep:
            _idle.append(process)
        else:
            process.kill()
    if text.strip() and results:
        results[0] = replace(results[0], texts={**results[0].texts, name: text})
    return results, answer.reply is None


def _unpacked(reply: bytes, seeds: Sequence[int]) -> tuple[list[RunResult], bool]:
    """Return what a process answered, and whether it is to be used again.

    Raises
    ------
    NotCompiledError
        It says so.
    """
    keep = False
    try:
        kind, value, keep = pickle.loads(reply)  # of a process that this one has started
        if kind != "not compiled":
            return pickle.loads(value), keep
    except Exception:  # noqa: BLE001 - what stands in it is of a kind that this process cannot import, or no answer
        return crashed(seeds, 0.0, traceback.format_exc()), keep
    raise NotCompiledError(value)


def _file_name(seeds: Sequence[int]) -> str:
    return f"output-seed-{seeds[0]}.txt" if len(seeds) == 1 else f"output-seeds-{seeds[0]}-{seeds[-1]}.txt"
