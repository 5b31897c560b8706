"""Too little memory, said in a line: at the start, where nothing could be said later, and wherever it runs out."""

from __future__ import annotations

import os

from ablate.errors import Failure

_BASE, _PER_CORE = 1_300, 50  # MB


def refuse_small_address_space() -> None:
    """Refuse to start where the process may not address as much memory as NumPy's libraries reserve.

    OpenBLAS asks for its buffers again and again when it is refused one (`blas_memory_alloc`), and answers no signal
    meanwhile: with `ulimit -v` a command would hang for ever. Measured with two cores: the first command of an
    installation, which makes a database with MLflow, addresses 1,320 MB and hangs at 1,000; a later one needs 710 MB.
    Threads, one per core in each of two copies (NumPy's and SciPy's), reserve a stack and a buffer.

    Raises
    ------
    Failure
        The limit is too low.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    needed = (_BASE + _PER_CORE * min(_threads(), 64)) * 1_000_000
    if soft != resource.RLIM_INFINITY and soft < needed:
        raise Failure(
            f"this process may address {soft / 1e6:,.0f} MB of memory (`ulimit -v`), and NumPy's libraries reserve "
            f"about {needed / 1e6:,.0f} MB with {_threads()} threads: raise the limit, or set OPENBLAS_NUM_THREADS=1"
        )


def _threads() -> int:
    asked = os.environ.get("OPENBLAS_NUM_THREADS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def out_of_memory(error: MemoryError) -> Failure:
    """Return what a user can do about memory that ran out in this process; runs that ended before are kept."""
    what = " ".join(str(error).split())
    return Failure(
        f"not enough memory{': ' + what if what else ''}; finished runs are kept, and the same command goes on, with "
        "fewer processes (`--jobs 1`) or more memory"
    )
