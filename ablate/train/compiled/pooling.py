"""Pooling of images in memory as `ablate.train.compiled.images` has them: along the rows first, then across them.

As `ablate.nn.layers.pool` does it, so that a gradient goes to the same one of several largest pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate.train.compiled.kernel import kernel
from ablate.train.compiled.vectors import fill


@kernel
def _join(part: Any, out: Any, largest: bool) -> None:
    """Take one more pixel of each window in."""
    if largest:
        for p in range(out.size):
            v, m = part[p], out[p]
            out[p] = v if (v > m) | (v != v) else m  # noqa: PLR0124 (NaN is the largest)
    else:
        for p in range(out.size):
            out[p] += part[p]


@kernel
def _pool(
    x: Any, y: Any, lines: int, size: int, count: int, run: int, kernel: int, stride: int, pad: int, largest: bool
) -> None:
    """Pool along one axis: `x` (lines, size, run) to `y` (lines, count, run); what lies outside is the frame."""
    share = x.dtype.type(1) / x.dtype.type(kernel)
    for line in range(lines):
        for o in range(count):
            out = y[(line * count + o) * run : (line * count + o + 1) * run]
            fill(out, x.dtype.type(-np.inf) if largest else x.dtype.type(0))
            for k in range(kernel):
                at = o * stride + k - pad
                if 0 <= at < size:
                    _join(x[(line * size + at) * run : (line * size + at + 1) * run], out, largest)
            if not largest:
                for p in range(run):
                    out[p] *= share


@kernel
def _pool_back(
    dy: Any, y: Any, x: Any, dx: Any, lines: int, size: int, count: int, run: int, kernel: int, stride: int, pad: int,
    largest: bool, left: Any,
) -> None:  # fmt: skip
    """Add to `dx` what `_pool` hands back: to the first of the largest, or a share to each."""
    one, zero, frame = x.dtype.type(1), x.dtype.type(0), x.dtype.type(-np.inf)
    share = one / x.dtype.type(kernel)
    fill(dx, 0)
    for line in range(lines):
        for o in range(count):
            begin = (line * count + o) * run
            out, given = y[begin : begin + run], dy[begin : begin + run]
            rest = left[:run]
            for p in range(run):
                rest[p] = given[p]
            for k in range(kernel):
                at = o * stride + k - pad
                inside = 0 <= at < size
                start = (line * size + at) * run if inside else 0
                to, part = dx[start : start + run], x[start : start + run]
                if not largest:
                    if inside:
                        for p in range(run):
                            to[p] += given[p] * share
                elif k == kernel - 1:
                    if inside:
                        for p in range(run):
                            to[p] += rest[p]
                elif inside:
                    for p in range(run):
                        one_given = rest[p] * (one if part[p] == out[p] else zero)
                        to[p] += one_given
                        rest[p] -= one_given
                else:
                    for p in range(run):
                        rest[p] -= rest[p] * (one if out[p] == frame else zero)


@kernel
def pool(x: Any, rows: Any, y: Any, shape: Any, out: Any, window: Any, largest: bool) -> None:
    """Pool images of `shape` (channels, height, width, batch) to `out` (height, width); `rows` is kept for later."""
    channels, height, width, batch = shape
    kernel, stride, pad = window
    _pool(x, rows, channels * height, width, out[1], batch, kernel, stride, pad, largest)
    _pool(rows, y, channels, height, out[0], out[1] * batch, kernel, stride, pad, largest)


@kernel
def pool_back(
    dy: Any, y: Any, rows: Any, drows: Any, x: Any, dx: Any, shape: Any, out: Any, window: Any, largest: bool, left: Any
) -> None:
    """Write dx; `drows` and `left` are room to work in."""
    channels, height, width, batch = shape
    kernel, stride, pad = window
    _pool_back(
        dy, y, rows, drows, channels, height, out[0], out[1] * batch, kernel, stride, pad, largest, left
    )  # fmt: skip
    _pool_back(
        drows, rows, x, dx, channels * height, width, out[1], batch, kernel, stride, pad, largest, left
    )  # fmt: skip
