"""Who is writing: one live driver per study, told by a lock that dies with its process."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ablate.errors import Failure
from ablate.track.layout import Layout

STORE_WAIT_SECONDS = 60.0


def process_tags() -> dict[str, str]:
    """Return the tags that say which process a study is run by, for people and for the refusal message."""
    return {
        "ablate.host": platform.node() or "unknown",
        "ablate.pid": str(os.getpid()),
        "ablate.process_started": process_started(),
        "ablate.opened": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }


def process_started() -> str:
    """Return when this process began (ISO time), or "" where the system does not tell (no /proc)."""
    try:
        # Field 22 of /proc/self/stat, counted after the command name, which may itself contain blanks.
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        boot = next(int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if "btime" in line)
    except (OSError, ValueError, IndexError, StopIteration):
        return ""
    return datetime.fromtimestamp(boot + ticks / os.sysconf("SC_CLK_TCK"), UTC).isoformat(timespec="seconds")


def cannot_write(layout: Layout, error: OSError) -> Failure:
    """Build the one-line error for a folder that cannot be written to."""
    where = error.filename or layout.runs
    return Failure(f"cannot write to {where}: {(error.strerror or str(error)).lower()}")


@contextlib.contextmanager
def store_lock(layout: Layout) -> Iterator[None]:
    """Hold the store to oneself: two processes that migrate a new database together fail every time.

    Raises
    ------
    Failure
        `mlruns/` cannot be written to, or another process held the lock for a minute.
    """
    lock = _lock(layout, layout.store_lock)
    try:
        lock.acquire(timeout=STORE_WAIT_SECONDS)
    except Timeout:
        raise Failure(
            f"another process has been preparing {layout.database} for {STORE_WAIT_SECONDS:.0f} s: "
            "wait for it and give the same command again"
        ) from None
    except OSError as error:
        raise cannot_write(layout, error) from error
    try:
        yield
    finally:
        lock.release()


def take_lock(layout: Layout, name: str, key: str) -> FileLock | None:
    """Take the lock of a study, or return None where a live process holds it.

    An operating-system lock and not the pid alone: pids are reused, and the host name of a container changes
    with every start, which would lock its own interrupted study out for ever.
    """
    lock = _lock(layout, layout.study_lock(name, key))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except OSError as error:
        raise cannot_write(layout, error) from error
    return lock


def _lock(layout: Layout, path: Path) -> FileLock:
    # A lock file is written to: not through a link, which may lead anywhere in a store from elsewhere.
    for place in (path.parent, path):
        if place.is_symlink():
            raise Failure(f"{place} is a link: remove it; locks are made in the project's own folder only")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        layout.artifacts.mkdir(exist_ok=True)
    except OSError as error:
        raise cannot_write(layout, error) from error
    # Not bound to a thread: a driver may open the study in the background while Hydra composes.
    return FileLock(str(path), thread_local=False)
