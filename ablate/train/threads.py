"""One thread: a study's processes are as many as its cores, and sums are ordered alike wherever they are made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


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
