"""Compiles the machine for a dtype, once for all processes, or loads what was compiled."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import from_dtype, types

from ablate.data.augment.compiled import compiled
from ablate.train.compiled.machine import machine


def _version() -> int:
    """Return a number that changes with any file of this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:6], "big")


def _in(of: types.Type, ndim: int) -> types.Array:
    return types.Array(of, ndim, "C", readonly=True)


@functools.cache
def loaded(dtype: np.dtype[Any], *, with_images: bool) -> Callable[..., None]:
    """Return the machine for arrays of `dtype`.

    Compiled in 15 s, with the kernels of images in 25, and stored for later processes; see `compiled` for where.
    """
    real, whole = from_dtype(dtype), types.int64

    def read(ndim: int) -> types.Array:
        return _in(real, ndim)

    def write(ndim: int) -> types.Array:
        return types.Array(real, ndim, "C")

    return compiled(
        machine(_version(), with_images=with_images),
        _in(whole, 2), read(2), types.uintp, _in(types.uint8, 1), types.int32[::1], write(1), write(1), write(1),
        read(2), _in(whole, 3), read(2), _in(whole, 3), _in(whole, 3), read(1),
        write(2), write(2), write(2), read(3), write(2), write(2),
        whole, whole, read(2), _in(types.boolean, 1), whole, write(2), whole,
    )  # fmt: skip
