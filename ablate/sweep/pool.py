"""Worker processes (loky, as joblib brings it) that end with their parent, and leave nothing behind."""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from functools import wraps
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, TypeVar

from ablate.resources import settle_temporary_folder

T = TypeVar("T")

PAUSE = 1.0  # seconds between two looks at the parent
_LATEST = 2.0  # seconds that an end waits for workers that are being started
_IDLE = 300  # seconds after which a worker without work ends
_THREADS = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMBA", "NUMEXPR")
_ONE_THREAD = {**{f"{name}_NUM_THREADS": "1" for name in _THREADS}, "VECLIB_MAXIMUM_THREADS": "1"}

_end = os._exit  # the real one: while a run trains, `os._exit` ends the run alone (`train.contained`)
_watching: set[int] = set()  # the processes, this one or one that it was forked from, in which a thread looks
_marked: set[int] = set()  # the processes that hold a mark, this one or one that it was forked from
_made: list[tuple[int, Any]] = []  # process, this one or one that it was forked from, and its pool

starting = threading.Lock()
"""Held while another thread than the main one starts workers: this process does not end meanwhile."""


def pool(workers: int) -> Executor:
    """Return so many worker processes, each with one thread for its arithmetic: the ones that are there, or new ones.

    They end within seconds of this process, however that ends, also while they get ready. What it leaves behind where
    it is killed is removed by whoever calls `remove_left` next.
    """
    from joblib.externals.loky import get_reusable_executor

    _mark()
    _start_tracker()
    found: Executor = get_reusable_executor(
        max_workers=workers, timeout=_IDLE, initializer=end_with, initargs=(os.getpid(),), env=_ONE_THREAD
    )
    _made[:] = [(os.getpid(), found)]
    return found


@atexit.register  # before what `multiprocessing` does, which was imported above: it takes their semaphores away
def end_workers() -> None:
    """End workers at once, and start no more: Python would wait for new ones, and each print what it does not find."""
    ours = [made for owner, made in _made if owner == os.getpid()]
    _made.clear()
    for made in ours:
        starting.acquire(timeout=_LATEST)  # and not given back
        for process in list((made._processes or {}).values()):
            with contextlib.suppress(OSError):
                os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def in_pool(workers: int, tasks: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Yield what tasks give back, as they end: a worker that is free takes the next, whoever takes the results.

    No task is drawn from `tasks` before a worker is free for it. Where this is left early, workers are killed.

    Raises
    ------
    TerminatedWorkerError
        Of loky: a worker process is gone; which of the given tasks it had is not known.
    """
    executor, stopped, lock = pool(workers), threading.Event(), threading.Lock()
    ended: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
    left, given = iter(tasks), 0

    def give() -> None:
        nonlocal given
        with lock:
            task = next(left, None)
            if task is None:
                return
            future = submitted(executor, task)
            given += 1
        future.add_done_callback(end)

    def end(future: Future[T]) -> None:
        nonlocal given
        try:
            if not stopped.is_set() and not future.cancelled() and future.exception() is None:
                give()
        except Exception as error:  # noqa: BLE001  # of `tasks`, or of a pool that broke: told where results are taken
            failed: Future[T] = Future()
            failed.set_exception(error)
            given += 1
            ended.put(failed)
        ended.put(future)

    try:
        for _ in range(workers):
            give()
        taken = 0
        while taken < given:
            future = ended.get()
            taken += 1
            yield future.result()
    except BaseException:
        stopped.set()
        executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]  # loky's own
        raise


def submitted(executor: Executor, task: Callable[[], T]) -> Future[T]:
    """Give a task to a pool, whose workers may have to be started for it.

    Ctrl-C, which a terminal sends to them too, is held back from them until they ignore it (`end_with`): one that still
    imports would print a traceback. A blocked signal is inherited.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return executor.submit(task)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.submit(task)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def release() -> None:
    """End the worker processes, and the threads of this one that serve them: what is left may fork (a report)."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor(reuse=True).shutdown(wait=True)


def lost() -> type[Exception]:
    """Return what is raised where a worker process is gone; imported only where there are some."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    return TerminatedWorkerError  # type: ignore[no-any-return]


def end_with(parent: int) -> None:
    """Let this process end within seconds of its parent, however that ends; asked again it does nothing.

    A thread looks whose child this process is. `PR_SET_PDEATHSIG` would be the system's own way, but it goes by the
    thread that started a worker, and that one may end long before its process. Ctrl-C, which a terminal sends to all
    processes, is left to the parent: it ends the workers, and closes what they were training for.
    """
    if os.getpid() in (parent, *_watching):
        return
    _watching.add(os.getpid())
    settle_temporary_folder()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PAUSE)
    _end(1)  # nobody takes what it would give back; what runs beside it ends with it


def _start_tracker() -> None:
    """Start the process that tidies up after workers, where none runs: out of reach of a terminal that closes.

    It ignores SIGINT and SIGTERM, which go to a whole group, but not SIGHUP: a driver that ends as after Ctrl-C would
    start it anew, and that one complains of all that the other one knew. A blocked signal is inherited. It prints
    nothing: where it is killed itself, the next one would print a traceback for all that it was not told of.
    """
    from joblib.externals.loky.backend import resource_tracker as tracker

    tracker.spawnv_passfds = _silent(tracker.spawnv_passfds)
    if not hasattr(signal, "pthread_sigmask"):
        tracker.ensure_running()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        tracker.ensure_running()
        # That of Python, which loky starts with its first worker: it lets go of signals that are held back by then.
        resource_tracker.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _silent(spawn: Callable[..., Any]) -> Callable[..., Any]:
    """Return what starts a Python process (path, args, passfds) that writes nothing to standard error."""
    if getattr(spawn, "silent", False):
        return spawn

    @wraps(spawn)
    def silently(path: Any, args: Sequence[Any], passfds: Sequence[int]) -> Any:
        *first, code = args
        quiet = "import os; os.dup2(os.open(os.devnull, os.O_WRONLY), 2); "
        return spawn(path, [*first, quiet + code], passfds)

    silently.silent = True  # type: ignore[attr-defined]
    return silently


# --- what a killed process could not remove


def _mark() -> None:
    """Leave a mark by the number of this process, before it has a worker, and hold a lock on it until it ends.

    The system releases the lock however a process ends: a mark that is not locked is one of a process that is gone.
    """
    owner = os.getpid()
    if owner in _marked or not hasattr(os, "getuid"):
        return
    import fcntl

    try:
        handle, mark = tempfile.mkstemp(prefix=f"{_prefix()}{owner}-")  # open as long as this process is there
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:  # a full disk, say: nothing is tidied up after this process
        return
    _marked.add(owner)

    def unmark() -> None:
        if os.getpid() == owner:
            Path(mark).unlink(missing_ok=True)

    atexit.register(unmark)


def remove_left(folders: Sequence[Path] | None = None) -> None:
    """Remove the semaphores and folders of pools whose process was killed, with the process that would do it.

    Parameters
    ----------
    folders
        Where they lie; by default in shared memory, and where temporary files do.
    """
    if not hasattr(os, "getuid"):
        return
    place = Path(tempfile.gettempdir())
    marks = [path for path in sorted(place.glob(f"{_prefix()}*")) if _number(path) and not path.is_symlink()]
    found = [(path, _number(path), _held(path)) for path in marks]
    # Containers may share folders and not numbers: what has the number of a live process is left.
    live = {number for _, number, held in found if held}
    for path, number, held in found:
        if held or number in live or _alive(number):
            continue
        for folder in (Path("/dev/shm"), place) if folders is None else folders:
            for one in folder.glob(f"sem.loky-{number}-*"):
                with contextlib.suppress(OSError):
                    one.unlink()
            for one in folder.glob(f"joblib_memmapping_folder_{number}_*"):
                if not one.is_symlink():
                    shutil.rmtree(one, ignore_errors=True)
        with contextlib.suppress(OSError):
            path.unlink()


def _prefix() -> str:
    return f"ablate-pool-{os.getuid()}-"


def _number(mark: Path) -> int:
    """Return the number of the process that a mark is of; 0 where the name is none of a mark."""
    number = mark.name.removeprefix(_prefix()).partition("-")[0]
    return int(number) if number.isascii() and number.isdecimal() else 0


def _held(mark: Path) -> bool:
    """Tell whether a process holds a mark; what is not ours, or cannot be looked at, counts as held."""
    import fcntl

    try:
        handle = os.open(mark, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return True
    try:
        if os.fstat(handle).st_uid != os.getuid():
            return True
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
