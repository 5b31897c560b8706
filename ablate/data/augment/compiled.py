"""Compiles a function once for all processes, wherever the compiled code can be stored."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from numba import config, njit, types

Part = TypeVar("Part", bound=Callable[..., None])


def part(function: Part) -> Part:
    """Mark what a compiled function of the same file calls: it becomes part of that function."""
    kernel: Part = njit(function)
    return kernel


def compiled(function: Callable[..., None], *arguments: types.Type) -> Callable[..., None]:
    """Return `function` compiled for arguments of these types, and no others.

    The compiled code lies beside the function's file, else in the user's cache folder (``NUMBA_CACHE_DIR`` names
    another one); where none can be written or read, each process compiles for itself.

    Floating-point operations are done as they are written (no `fastmath`), in one thread: a study's processes are
    as many as its cores.

    Parameters
    ----------
    function
        A function of a module, in the Python that Numba compiles.
    *arguments
        Numba's types of its arguments.
    """
    if config.DISABLE_JIT:
        return function
    try:
        stored = njit(function, cache=True)
        # Numba replaces its files as a whole, but two processes that compile one function for other types at once
        # may each take the other's file for its own. Those that come later wait, and read what the first one stored.
        with FileLock(Path(stored.stats.cache_path) / f"{function.__name__}.lock"):
            return _for_types(stored, arguments)
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError):
        # No folder to write to (RuntimeError), the disk is full, a file cannot be locked there, a file is damaged.
        return _for_types(njit(function), arguments)


def _for_types(dispatcher: Any, arguments: tuple[types.Type, ...]) -> Callable[..., None]:
    dispatcher.compile(arguments)
    dispatcher.disable_compile()
    kernel: Callable[..., None] = dispatcher
    return kernel
