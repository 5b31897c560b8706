"""How parts of the compiled step are marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Part = TypeVar("Part", bound=Callable[..., Any])


def kernel(function: Part) -> Part:
    """Mark a function that becomes part of the compiled step; division by 0 gives what it gives in NumPy.

    No `fastmath`: operations are done as they are written, and NaN and infinity are what they are.
    """
    compiled: Part = njit(function, error_model="numpy")
    return compiled
