"""Running one command: in a process group of its own, of which nothing is left afterwards, whatever happens."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

KEPT = 1_000_000
"""Bytes of its output that are kept of a run: the last ones."""

HEAD = 64_000_000
"""Bytes of a command's output that are kept from its beginning, to be looked at for metrics."""

_GRACE = 5.0  # seconds between SIGTERM and SIGKILL
_PAUSE = 0.2  # seconds between two looks at whether a process is alive

_WATCHDOG = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    group = int(line)
    groups.add(group) if group > 0 else groups.discard(-group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    code
        Its exit code; the negative number of the signal that killed it.
    timed_out
        It was killed because its time was over.
    seconds
        How long it ran.
    cut
        It printed more than is kept.
    """

    code: int
    timed_out: bool
    seconds: float
    cut: bool = False

    def why(self, timeout: float | None) -> str:
        """Return what went wrong, in words; empty where nothing did."""
        if self.timed_out:
            return f"timed out after {timeout:g} s, and was killed"
        if self.code < 0:
            name = signal.Signals(-self.code).name if -self.code in set(signal.Signals) else f"signal {-self.code}"
            return f"was killed by {name}" + (" (most often: out of memory)" if name == "SIGKILL" else "")
        return f"ended with exit code {self.code}" if self.code else ""


def run_process(
    arguments: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    stdout: Path,
    stderr: Path,
    timeout: float | None = None,
) -> Ended:
    """Run a command to its end, without a shell, and kill what it has started and left behind.

    It reads nothing, and what it prints goes to the two files: the first `HEAD` bytes and the last `KEPT`, in whole
    lines. Its group is killed when its time is over, when this process is interrupted, and when this process dies.

    Parameters
    ----------
    env
        The whole environment.
    timeout
        Seconds; None for no limit.

    Raises
    ------
    OSError
        It cannot be started, or one of the two files not be written: then it is not started.
    """
    with contextlib.ExitStack() as until:
        kept = [until.enter_context(closing(_Kept(path))) for path in (stdout, stderr)]  # before anything runs
        process = subprocess.Popen(
            list(arguments), cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        began, timed_out = time.perf_counter(), False
        pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        try:
            watch_group(process.pid)
            timed_out = not _listened(process, pipes, kept, timeout)
            if timed_out:
                kill_group(process.pid, signal.SIGTERM)
                _listened(process, pipes, kept, _GRACE)
        finally:
            kill_group(process.pid)
            process.wait()
            watch_group(-process.pid)
            for pipe in pipes:
                pipe.close()
    return Ended(process.returncode, timed_out, time.perf_counter() - began, cut=any(one.cut for one in kept))


def _listened(
    process: subprocess.Popen[bytes], pipes: Sequence[IO[bytes]], kept: Sequence[_Kept], timeout: float | None
) -> bool:
    """Take what a process prints until it ends; false where it has not after so many seconds."""
    until = None if timeout is None else time.monotonic() + timeout
    with selectors.DefaultSelector() as ready:
        for pipe, into in zip(pipes, kept, strict=True):
            os.set_blocking(pipe.fileno(), False)
            ready.register(pipe, selectors.EVENT_READ, into)
        while True:
            left = _PAUSE if until is None else min(max(until - time.monotonic(), 0), _PAUSE)
            dead = process.poll() is not None  # before reading: what it printed last is there then
            if ready.get_map():
                for key, _ in ready.select(0 if dead else left):
                    if not read_pipe(key.fd, key.data):
                        ready.unregister(key.fileobj)
            elif not dead:  # it has closed its output, and runs on
                time.sleep(left)
            if dead:
                return True
            if until is not None and time.monotonic() >= until:
                return False


def read_pipe(pipe: int, into: Tail | _Kept) -> bool:
    """Take what is there of a pipe that does not block; false where it has come to its end.

    At most some megabytes at a time: one who prints without end is to be looked at in between.
    """
    with contextlib.suppress(BlockingIOError):
        for _ in range(64):
            part = os.read(pipe, 1 << 16)
            if not part:
                return False
            into.add(part)
    return True


def kill_group(group: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to every process of a group."""
    with contextlib.suppress(OSError):  # nothing of it is left
        os.killpg(group, number)


class _Kept:
    """A file of what a process prints: the first `HEAD` bytes at once, the last `KEPT` at the end."""

    def __init__(self, path: Path) -> None:
        self._file, self._room, self._tail = path.open("w+b"), HEAD, Tail()

    @property
    def cut(self) -> bool:
        """Whether something between the two was not kept."""
        return self._tail.lost > 0

    def add(self, part: bytes) -> None:
        """Take what was printed next."""
        head, rest = part[: self._room], part[self._room :]
        self._room -= len(head)
        self._file.write(head)
        self._file.flush()  # somebody may look at it while the process runs
        if rest:
            self._tail.add(rest)

    def close(self) -> None:
        """Write what was kept for the end."""
        if self.cut:
            there = self._file.seek(0, os.SEEK_END)
            begin = self._file.seek(max(there - KEPT, 0))
            self._file.truncate(begin + self._file.read().rfind(b"\n") + 1)
            self._file.seek(0, os.SEEK_END)
        self._file.write(self._tail.text.encode())
        self._file.close()


class _Watchdog:
    """A process that kills the groups that are running when this one dies, even where nobody can clean up."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def tell(self, group: int) -> None:
        """Say that a group has started, or by its negative number that it has ended."""
        process = self._process
        if process is None or self._owner != os.getpid() or process.poll() is not None:
            process = self._start()
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(f"{group}\n")
                process.stdin.flush()

    def _start(self) -> subprocess.Popen[str]:
        if self._owner != os.getpid():
            atexit.register(self.end)
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _WATCHDOG], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        return self._process

    def end(self) -> None:
        """Let it go."""
        if self._process is not None and self._owner == os.getpid() and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.wait()
            self._process = None


_watchdog = _Watchdog()


def watch_group(group: int) -> None:
    """Let a group be killed when this process dies, however it does; by its negative number, no longer."""
    _watchdog.tell(group)


def safe_pipe() -> tuple[int, int]:
    """Return the ends of a new pipe, to read and to write, whose numbers no standard stream of a child can take.

    In a process whose standard input is closed, as a worker's of joblib 1.4 is, a pipe gets the number 0; what is given
    to a child as its standard input is then put in its place.
    """
    ends = os.pipe()
    above = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in ends]
    for end in ends:
        os.close(end)
    return above[0], above[1]


class Tail:
    """The last of what a process prints; what came before is only counted."""

    def __init__(self, keep: int = KEPT) -> None:
        self._held, self._lost, self._keep = bytearray(), 0, keep

    def add(self, part: bytes) -> None:
        """Take what was printed next."""
        self._held += part
        if len(self._held) > 2 * self._keep:
            self._cut()

    @property
    def lost(self) -> int:
        """How many bytes came before what is kept."""
        self._cut()
        return self._lost

    @property
    def text(self) -> str:
        """What is kept; where something is not, its first line says how much."""
        if not self.lost:
            return self._held.decode(errors="replace")
        begin = self._held.find(b"\n") + 1  # half a line may say another number than the whole one
        said = self._held[begin:].decode(errors="replace")
        return f"… ({self._lost + begin} bytes before this are not kept)\n{said}"

    def _cut(self) -> None:
        more = max(len(self._held) - self._keep, 0)
        self._lost += more
        del self._held[:more]
