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

PIECE = 2**18
"""Bytes of windows of one block laid out at a time: they stay in the cache until they are multiplied.

By block, so that no sum is ordered otherwise because of how many blocks there are.
"""


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
        y = cache.output((len(params["W"]), x.shape[1], *self.out_shape(x.shape[2:])), x)
        bias = params["b"].reshape(-1, self.filters, 1) if self.bias else None
        convolve(x, _matrix(params["W"]), self._windows, y, cache, bias=bias)
        return y

    def backward(self, dy: Floats, params: Views, grads: Views, cache: Cache, *, need_dx: bool) -> Floats | None:
        """Write dW and db, return dx."""
        x = cache.saved["x"]
        dweight = _matrix(grads["W"])
        total, part = cache.scratch("total", dweight.shape), cache.scratch("part", dweight.shape)
        for rows, columns in laid_out(x, self._windows, dy, cache):
            np.matmul(_piece(dy, rows), columns.swapaxes(1, 2), out=part if rows.start else total)
            if rows.start:
                np.add(total, part, out=total)
        dweight[...] = total
        if self.bias:
            feature_sum(dy, grads["b"], cache)
        if not need_dx:
            return None
        dx = cache.handover(x.shape, dy)
        if self.stride == 1 and self.padding < self.kernel:
            self._turned(dy, params["W"], dx, cache)
        else:
            self._spread(dy, _matrix(params["W"]), dx, cache)
        return dx

    def _turned(self, dy: Floats, weight: Floats, dx: Floats, cache: Cache) -> None:
        """Write dx as the convolution of dy with W turned by 180° and its channels exchanged.

        Only at stride 1; twice as fast as `_spread` there, because windows are copied, not added up.
        """
        blocks, filters, channels, kernel, _ = weight.shape
        turned = cache.scratch("turned", (blocks, channels, filters * kernel**2))
        turned.reshape(blocks, channels, filters, kernel, kernel)[...] = weight[..., ::-1, ::-1].swapaxes(1, 2)
        convolve(dy, turned, Windows(kernel, 1, kernel - 1 - self.padding), dx, cache)

    def _spread(self, dy: Floats, weight: Floats, dx: Floats, cache: Cache) -> None:
        """Write dx as Wᵀ dy, added up where windows overlap (the book's `col2im`)."""
        windows, back = self._windows, weight.swapaxes(1, 2)
        framed = windows.frame_of(dx, cache)
        framed[...] = 0.0
        for rows in pieces(dx, windows, dy):
            flat = _piece(dy, rows)
            spread = cache.scratch("columns", (len(dy), back.shape[1], flat.shape[2]))
            np.matmul(back, flat, out=spread)
            sides = (rows.stop - rows.start, *dy.shape[4:], dy.shape[1])
            parts = spread.reshape(len(dy), dx.shape[2], self.kernel, self.kernel, *sides)
            below = batch_last(framed)[:, :, self.stride * rows.start :]
            for i, line in enumerate(windows.strips(below, axis=2, count=sides[0])):
                for j, here in enumerate(windows.strips(line, axis=3, count=sides[1])):
                    np.add(here, parts[:, :, i, j], out=here)
        windows.without_frame(framed, dx)


def convolve(
    x: Floats, weight: Floats, windows: Windows, y: Floats, cache: Cache, *, bias: Floats | None = None
) -> None:
    """Write W X (+ b) to images `y`, with `weight` (blocks, filters, channels * kernel²)."""
    for rows, columns in laid_out(x, windows, y, cache):
        flat = _piece(y, rows)
        np.matmul(weight, columns, out=flat)
        if bias is not None:
            np.add(flat, bias, out=flat)


def laid_out(x: Floats, windows: Windows, y: Floats, cache: Cache) -> Iterator[tuple[slice, Floats]]:
    """Yield the windows of some rows of `y` at a time, (blocks, channels * kernel², windows)."""
    framed = windows.framed(x, cache)
    if windows.kernel == windows.stride == 1:  # the images are their own columns
        yield slice(0, y.shape[3]), _piece(framed, slice(None))
        return
    cut = windows.cut(framed)
    for rows in pieces(x, windows, y):
        piece = cut[:, :, :, :, rows]
        shape = (len(x), x.shape[2] * windows.kernel**2, math.prod(piece.shape[4:]))
        columns = cache.scratch("columns", shape)
        np.copyto(columns.reshape(piece.shape), piece)
        yield rows, columns


def pieces(x: Floats, windows: Windows, y: Floats) -> Iterator[slice]:
    """Yield slices of the rows of `y` whose windows in `x` take about `PIECE` bytes a block."""
    bytes_per_row = x.shape[2] * windows.kernel**2 * y.shape[4] * y.shape[1] * x.itemsize
    step = max(PIECE // bytes_per_row, 1)
    for begin in range(0, y.shape[3], step):
        yield slice(begin, min(begin + step, y.shape[3]))


def _matrix(weight: Floats) -> Floats:
    """Return (blocks, filters, channels * kernel²), a view."""
    return weight.reshape(*weight.shape[:2], -1)


def _piece(images: Floats, rows: slice) -> Floats:
    """Return some rows of images as (blocks, channels, pixels * batch), a view."""
    return batch_last(images)[:, :, rows].reshape(len(images), images.shape[2], -1)
