"""Convolution."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Cache, Floats, Views, batch_last
from ablate.nn.layer import Layer, Shape
from ablate.nn.layers.windows import Windows
from ablate.nn.params import Parameter
from ablate.nn.sums import feature_sum

PIECE = 2**20
"""Bytes of windows laid out at a time: they stay in the L2 cache between being cut out and being multiplied."""


@dataclass(frozen=True)
class Conv2d(Layer):
    """y[f, r, c] = Σ_{k, i, j} W[f, k, i, j] x[k, stride r + i, stride c + j] + b[f], x framed by zeros.

    By im2col: the windows are laid out as columns and one product per block does the rest (Deep Learning from
    Scratch, 7.4). Laid out anew in `backward` instead of being kept: cutting costs a sixth of the product, and a
    kept copy would be kernel² times the size of the images. With X the columns (channels * kernel², windows)::

        y = W X + b,  dW = dy Xᵀ,  db = Σ dy,  dX = Wᵀ dy, added up where windows overlap

    Attributes
    ----------
    filters
        Channels of the output.
    kernel, stride, padding
        Pixels; the same in both directions.
    bias
        Whether there is a b; see `Dense`.
    """

    filters: int
    kernel: int
    stride: int = 1
    padding: int = 0
    bias: bool = True

    def __post_init__(self) -> None:
        if self.filters < 1:
            raise must("Conv2d.filters", "be >= 1", self.filters)
        self._windows.check("Conv2d")

    @property
    def _windows(self) -> Windows:
        return Windows(self.kernel, self.stride, self.padding)

    def parameters(self, shape: Shape) -> Sequence[Parameter]:
        """Return `W` (filters, channels, kernel, kernel) and `b` (1, filters, 1, 1)."""
        area = self.kernel**2
        weight = Parameter(
            "W",
            (self.filters, shape[0], self.kernel, self.kernel),
            fans=(shape[0] * area, self.filters * area),
        )
        return (weight, Parameter("b", (1, self.filters, 1, 1))) if self.bias else (weight,)

    def out_shape(self, shape: Shape) -> Shape:
        """Return (filters, rows, columns)."""
        self._windows.check_fits("Conv2d", shape)
        return (self.filters, *self._windows.out(shape))

    def multiply_adds(self, shape: Shape) -> int:
        """Return channels * kernel² * filters * rows * columns."""
        rows, columns = self._windows.out(shape)
        return shape[0] * self.kernel**2 * self.filters * rows * columns

    def forward(
        self,
        x: Floats,
        params: Views,
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return W X + b, (blocks, batch, channels, height, width) -> (blocks, batch, filters, rows, columns)."""
        cache.saved["x"] = x
        weight = _matrix(params["W"])
        y = cache.output((len(weight), x.shape[1], *self.out_shape(x.shape[2:])), x)
        last = batch_last(y)
        bias = params["b"].reshape(-1, self.filters, 1) if self.bias else None
        for rows, columns in self._columns(x, last, cache):
            piece = last[:, :, rows]
            flat = piece.reshape(len(last), self.filters, -1)
            np.matmul(weight, columns, out=flat)
            if bias is not None:
                np.add(flat, bias, out=flat)
        return y

    def backward(self, dy: Floats, params: Views, grads: Views, cache: Cache, *, need_dx: bool) -> Floats | None:
        """Write dW and db, return dx."""
        x, last = cache.saved["x"], batch_last(dy)
        dweight = _matrix(grads["W"])
        dweight[...] = 0.0
        part = cache.scratch("part", dweight.shape)
        for rows, columns in self._columns(x, last, cache):
            flat = last[:, :, rows].reshape(len(last), self.filters, -1)
            np.add(dweight, np.matmul(flat, columns.swapaxes(1, 2), out=part), out=dweight)
        if self.bias:
            feature_sum(dy, grads["b"], cache)
        return self._input_gradient(x, last, _matrix(params["W"]), cache) if need_dx else None

    def _input_gradient(self, x: Floats, dy: Floats, weight: Floats, cache: Cache) -> Floats:
        """Return dx from dy with the batch last: Wᵀ dy, added up where windows overlap."""
        back = weight.swapaxes(1, 2)
        dx = cache.handover(x.shape, dy)
        blocks, channels = len(dy), x.shape[2]
        if self._pointwise:
            np.matmul(back, dy.reshape(blocks, self.filters, -1), out=batch_last(dx).reshape(blocks, channels, -1))
            return dx
        windows = self._windows
        framed = windows.frame_of(dx, cache)
        framed[...] = 0.0
        last = batch_last(framed)
        for rows in self._pieces(x, dy):
            piece = dy[:, :, rows]
            flat = piece.reshape(blocks, self.filters, -1)
            spread = cache.scratch("columns", (blocks, back.shape[1], flat.shape[2]))
            np.matmul(back, flat, out=spread)
            parts = spread.reshape(blocks, channels, self.kernel, self.kernel, *piece.shape[2:])
            below = last[:, :, self.stride * rows.start :]
            for i, line in enumerate(windows.strips(below, axis=2, count=piece.shape[2])):
                for j, here in enumerate(windows.strips(line, axis=3, count=piece.shape[3])):
                    np.add(here, parts[:, :, i, j], out=here)
        return windows.without_frame(framed, dx)

    @property
    def _pointwise(self) -> bool:
        """Whether the images are their own columns."""
        return self.kernel == self.stride == 1 and self.padding == 0

    def _columns(self, x: Floats, y: Floats, cache: Cache) -> Iterator[tuple[slice, Floats]]:
        """Yield the windows of some rows of `y` at a time, (blocks, channels * kernel², windows)."""
        framed = self._windows.framed(x, cache)
        if self._pointwise:
            yield slice(0, y.shape[2]), batch_last(framed).reshape(len(x), x.shape[2], -1)
            return
        cut = self._windows.cut(framed)
        for rows in self._pieces(x, y):
            piece = cut[:, :, :, :, rows]
            flat = (len(x), x.shape[2] * self.kernel**2, math.prod(piece.shape[4:]))
            columns = cache.scratch("columns", flat)
            np.copyto(columns.reshape(piece.shape), piece)
            yield rows, columns

    def _pieces(self, x: Floats, y: Floats) -> Iterator[slice]:
        """Yield slices of output rows whose windows take about `PIECE` bytes."""
        rows, columns, batch = y.shape[2:]
        bytes_per_row = len(x) * x.shape[2] * self.kernel**2 * columns * batch * x.itemsize
        step = max(PIECE // bytes_per_row, 1)
        for begin in range(0, rows, step):
            yield slice(begin, min(begin + step, rows))


def _matrix(weight: Floats) -> Floats:
    """Return (blocks, filters, channels * kernel²), a view."""
    return weight.reshape(*weight.shape[:2], -1)
