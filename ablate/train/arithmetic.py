"""What the last digits of a run depend on beside its configuration: libraries, their kernels, threads, processor.

A run is held to one thread: a study's processes are as many as its cores, and sums are ordered alike wherever they are
made.
"""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from threadpoolctl import threadpool_info, threadpool_limits

LIBRARIES = ("numpy", "scipy", "numba", "llvmlite")
"""Whose versions count: what computes, and what compiles it."""


def arithmetic() -> dict[str, str]:
    """Return what computes in this process while something is trained in it, as strings.

    Keys: the versions of `LIBRARIES`; `blas`, each library of products that is loaded, with its version and the kernel
    it chose for this processor; `threads` of these; `cpu`, which compiled code is made for. What cannot be told is left
    out.
    """
    with one_thread():
        loaded = [library for library in threadpool_info() if library.get("user_api") == "blas"]
    kernels = [
        " ".join(str(library[key]) for key in ("internal_api", "version", "architecture") if library.get(key))
        for library in loaded
    ]
    threads = max((int(library["num_threads"]) for library in loaded), default=0)
    facts = {
        **{name: version(name) for name in LIBRARIES},
        "blas": ", ".join(sorted(set(kernels))),
        "threads": str(threads or ""),
        "cpu": _cpu(),
    }
    return {name: value for name, value in facts.items() if value}


@functools.cache
def version(distribution: str) -> str:
    """Return the version of an installed distribution, or nothing where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


@functools.cache
def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold all numerical libraries to one thread.

    SciPy brings a BLAS of its own, which our compiled code and the optimizers use, and only libraries that are loaded
    can be held. Loaded inside, at its first use, it would divide products and vectors among all cores for the first
    group of seeds that a process trains, and order their sums otherwise than everywhere else.
    """
    import scipy.linalg.blas  # noqa: F401

    with threadpool_limits(limits=1):
        yield
