"""Pooling: the maximum or the mean of each window."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Cache, Floats, Views, batch_last
from ablate.nn.layer import Layer, Shape
from ablate.nn.layers.windows import Windows


@dataclass(frozen=True)
class Pool(Layer):
    """One number per channel and window, found along each row of pixels first and then across the rows.

    2 (kernel - 1) passes instead of kernel² - 1, and the first ones over half as many windows.

    Attributes
    ----------
    kernel, stride, padding
        Pixels, the same in both directions; `stride` None: windows side by side.
    """

    kernel: int = 2
    stride: int | None = None
    padding: int = 0

    frame: ClassVar[float] = 0.0
    """What the padding is filled with."""

    def __post_init__(self) -> None:
        name = type(self).__name__
        self._windows.check(name)
        if 2 * self.padding > self.kernel:  # a window could lie in the frame altogether
            raise must(f"{name}.padding", f"be at most half of the kernel ({self.kernel})", self.padding)

    @property
    def _windows(self) -> Windows:
        return Windows(self.kernel, self.kernel if self.stride is None else self.stride, self.padding)

    @abstractmethod
    def join(self, parts: Sequence[Floats], out: Floats) -> None:
        """Write the number of each window to `out`; `parts[k]` holds the k-th pixel of every window."""

    @abstractmethod
    def spread(
        self, dout: Floats, dparts: Sequence[Floats], parts: Sequence[Floats], out: Floats, cache: Cache, *, add: bool
    ) -> None:
        """Add to `dparts` what `join` hands back of `dout`; set them unless `add`."""

    def out_shape(self, shape: Shape) -> Shape:
        """Return (channels, rows, columns)."""
        self._windows.check_fits(type(self).__name__, shape)
        return (shape[0], *self._windows.out(shape))

    def forward(
        self,
        x: Floats,
        params: Views,  # noqa: ARG002
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return the pooled images, (blocks, batch, channels, rows, columns)."""
        y = cache.output((*x.shape[:2], *self.out_shape(x.shape[2:])), x)
        windows = self._windows
        framed = windows.framed(x, cache, value=self.frame)
        along = (*y.shape[:3], framed.shape[3], y.shape[4])
        rows = cache.buffer("rows", along) if cache.train else cache.scratch("rows", along)
        self.join(windows.strips(framed, axis=4, count=y.shape[4]), rows)
        self.join(windows.strips(rows, axis=3, count=y.shape[3]), y)
        cache.saved["x"], cache.saved["rows"], cache.saved["y"] = x, rows, y
        return y

    def backward(
        self,
        dy: Floats,
        params: Views,  # noqa: ARG002
        grads: Views,  # noqa: ARG002
        cache: Cache,
        *,
        need_dx: bool,
    ) -> Floats | None:
        """Return dx."""
        if not need_dx:
            return None
        x, rows, y, windows = cache.saved["x"], cache.saved["rows"], cache.saved["y"], self._windows
        framed = windows.framed(x, cache, value=self.frame)
        add = not windows.exact(x.shape[2:])  # else every pixel is written exactly once
        drows = cache.scratch("drows", rows.shape)
        dx = cache.handover(x.shape, dy)
        dframed = windows.frame_of(dx, cache)
        if add:
            drows[...] = 0.0
            dframed[...] = 0.0
        whole, each = [windows.strips(a, axis=3, count=y.shape[3]) for a in (rows, drows)]
        self.spread(dy, each, whole, y, cache, add=add)
        whole, each = [windows.strips(a, axis=4, count=y.shape[4]) for a in (framed, dframed)]
        self.spread(drows, each, whole, rows, cache, add=add)
        return windows.without_frame(dframed, dx)


@dataclass(frozen=True)
class MaxPool(Pool):
    """y = the largest number of each window; a frame is never it.

    Backward, dy goes to the first of the largest in the order of reading, as in PyTorch.
    """

    keeps_output: ClassVar[bool] = True
    frame: ClassVar[float] = -math.inf

    def join(self, parts: Sequence[Floats], out: Floats) -> None:
        """Write the maxima."""
        if len(parts) == 1:
            out[...] = parts[0]
            return
        np.maximum(parts[0], parts[1], out=out)
        for part in parts[2:]:
            np.maximum(out, part, out=out)

    def spread(
        self, dout: Floats, dparts: Sequence[Floats], parts: Sequence[Floats], out: Floats, cache: Cache, *, add: bool
    ) -> None:
        """Give each window's gradient to the first part that is its maximum."""
        left = dout
        for part, dpart in zip(parts[:-1], dparts[:-1], strict=True):
            hit = np.equal(part, out, out=cache.marks("hit", out.shape))
            given = np.multiply(left, hit, out=cache.scratch("given", out.shape) if add else dpart)
            if add:
                np.add(dpart, given, out=dpart)
            # What is given is gone: later parts of the same size get nothing.
            last = dpart is dparts[-2] and not add
            left = np.subtract(left, given, out=dparts[-1] if last else cache.scratch("left", out.shape))
        if add:
            np.add(dparts[-1], left, out=dparts[-1])
        elif left is not dparts[-1]:
            dparts[-1][...] = left


@dataclass(frozen=True)
class AvgPool(Pool):
    """y = the mean of each window, the zeros of the frame counted."""

    def join(self, parts: Sequence[Floats], out: Floats) -> None:
        """Write the means."""
        out[...] = parts[0]
        for part in parts[1:]:
            np.add(out, part, out=out)
        np.multiply(out, 1.0 / self.kernel, out=out)

    def spread(
        self,
        dout: Floats,
        dparts: Sequence[Floats],
        parts: Sequence[Floats],  # noqa: ARG002
        out: Floats,
        cache: Cache,
        *,
        add: bool,
    ) -> None:
        """Give each part the kernel-th share."""
        share = np.multiply(dout, 1.0 / self.kernel, out=cache.scratch("given", out.shape))
        for dpart in dparts:
            np.add(dpart, share, out=dpart) if add else np.copyto(dpart, share)


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """The mean of each channel, (channels, height, width) -> (channels,) (Lin, Chen & Yan 2014)."""

    def out_shape(self, shape: Shape) -> Shape:
        """Return (channels,)."""
        return shape[:1]

    def forward(
        self,
        x: Floats,
        params: Views,  # noqa: ARG002
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return the means, (blocks, batch, channels)."""
        cache.saved["x"] = x
        blocks, batch, channels, height, width = x.shape
        means = cache.output((blocks, channels, batch), x)  # as images lie; a view of it is what is returned
        images = batch_last(x).reshape(blocks, channels, height * width, batch)
        share = cache.full(1.0 / (height * width), (1, height * width))
        np.matmul(share, images, out=means.reshape(blocks, channels, 1, batch))
        return means.swapaxes(1, 2)

    def backward(
        self,
        dy: Floats,
        params: Views,  # noqa: ARG002
        grads: Views,  # noqa: ARG002
        cache: Cache,
        *,
        need_dx: bool,  # noqa: ARG002
    ) -> Floats | None:
        """Return each mean's gradient, an equal share to every pixel."""
        x = cache.saved["x"]
        np.divide(dy, math.prod(x.shape[3:]), out=dy)
        dx = cache.handover(x.shape, dy)
        dx[...] = dy[:, :, :, None, None]
        return dx
