"""One thread: a study's processes are as many as its cores, and sums are ordered alike wherever they are made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold all numerical libraries to one thread.

    SciPy brings a BLAS of its own, and only libraries that are loaded can be held: loaded at the first update, inside,
    it would divide vectors among all cores, and where a piece ends is rounded otherwise (in 4 of 24 runs of 20 epochs,
    1.2e-9 of the loss).
    """
    import scipy.linalg.blas  # noqa: F401

    with threadpool_limits(limits=1):
        yield
