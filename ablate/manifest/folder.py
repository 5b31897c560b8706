"""The folder that is written to: its errors as one line, and one command at a time in it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ablate.errors import Failure, UserError

_WAIT_SECONDS = 60.0


@contextlib.contextmanager
def told(folder: Path, option: str = "--out") -> Iterator[None]:
    """Turn what the disk raises into one line."""
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        file = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), folder)
        kind = "a link to what is not there" if file.is_symlink() and not file.exists() else "a file"
        raise UserError(
            f"{file} is {kind}, expected a folder to write to: give another with {option}; nothing was written"
        ) from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Failure(f"{folder} could not be written: {why}; what was there is kept") from error
    except UnicodeEncodeError as error:
        raise UserError(
            f"{folder}: a name cannot be written in this locale ({error.reason}): use a UTF-8 one"
        ) from error


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder to oneself, without a file of its own: two commands may write there at a time.

    A folder that is not there is made, so that two commands that are the first there hold it one after the other.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    handle, end = os.open(folder, os.O_RDONLY), time.monotonic() + _WAIT_SECONDS
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Failure(
                        f"another command has been writing to {folder} for {_WAIT_SECONDS:.0f} s: wait for it and give "
                        "the same command again"
                    ) from None
                time.sleep(0.05)
            except OSError:  # a network disk without locks
                break
        yield
    except BaseException:
        if made:
            with contextlib.suppress(OSError):  # something was written, by us or by somebody else
                folder.rmdir()
        raise
    finally:
        os.close(handle)
