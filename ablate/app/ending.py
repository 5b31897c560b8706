"""How a command ends that something came in the way of: one line, and an exit code."""

from __future__ import annotations

import errno
import os
import sys

from ablate.errors import AblateError
from ablate.terminal import plain_line, unkeyed

_OF_THE_MACHINE = frozenset(
    getattr(errno, name)
    for name in (
        "ENOSPC", "EDQUOT", "EFBIG", "EMFILE", "ENFILE", "EIO", "EROFS", "EACCES", "EPERM", "ENOMEM", "EAGAIN", "EPIPE",
        "ENAMETOOLONG", "ELOOP", "ENOTDIR", "ESTALE",
    )
    if hasattr(errno, name)
)  # fmt: skip
"""Errors of the system that say something of the machine or of a file, and nothing of this code."""


def exit_code(error: BaseException) -> int:
    """Say what went wrong, where it is for the user to know, and return the exit code; raise anything else."""
    if isinstance(error, AblateError):
        sys.stderr.write(f"ablate: {plain_line(unkeyed(str(error)))}\n")
        return error.exit_code
    if isinstance(error, MemoryError):
        from ablate.app.memory import out_of_memory

        return exit_code(out_of_memory(error))
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        place = f": {plain_line(unkeyed(str(error.filename)))}" if error.filename is not None else ""
        hint = " (`ulimit -n` says how many a process may have)" if error.errno == errno.EMFILE else ""
        said = os.strerror(error.errno or 0).lower()
        sys.stderr.write(f"ablate: {said}{hint}{place}; what was finished is kept\n")
        return 1
    if isinstance(error, UnicodeEncodeError) and (named := sys.getfilesystemencoding()) != "utf-8":
        sys.stderr.write(
            f"ablate: this locale names files in {named}, which has no {error.object[error.start : error.end]!r}: use "
            "one with UTF-8, such as LC_ALL=C.UTF-8\n"
        )
        return 2
    raise error
