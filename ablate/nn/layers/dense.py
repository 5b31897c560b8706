"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.layer import Layer, Shape
from ablate.nn.params import Parameter
from ablate.nn.sums import column_sum


@dataclass(frozen=True)
class Dense(Layer):
    """y = x W + b; dW = xᵀ dy, db = Σ dy, dx = dy Wᵀ.

    Attributes
    ----------
    units
        Width of the output.
    bias
        Whether there is a b. Left out before BatchNorm, which subtracts any constant again: b's gradient is 0
        in exact arithmetic, and rounding noise that Adam would blow up to full steps.
    """

    units: int
    bias: bool = True

    def parameters(self, shape: Shape) -> Sequence[Parameter]:
        """Return `W` (in, out) and `b` (1, out)."""
        (width,) = shape
        weight = Parameter("W", (width, self.units), fans=(width, self.units))
        return (weight, Parameter("b", (1, self.units))) if self.bias else (weight,)

    def out_shape(self, shape: Shape) -> Shape:  # noqa: ARG002
        """Return (units,)."""
        return (self.units,)

    def multiply_adds(self, shape: Shape) -> int:
        """Return in * units."""
        (width,) = shape
        return width * self.units

    def forward(
        self,
        x: Floats,
        params: Views,
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return x W + b, (blocks, batch, in) -> (blocks, batch, units)."""
        weight = params["W"]
        cache.saved["x"] = x
        y = np.matmul(x, weight, out=cache.output((len(weight), x.shape[1], self.units), x))
        return np.add(y, params["b"], out=y) if self.bias else y

    def backward(self, dy: Floats, params: Views, grads: Views, cache: Cache, *, need_dx: bool) -> Floats | None:
        """Write dW and db, return dx."""
        x = cache.saved["x"]
        np.matmul(x.swapaxes(1, 2), dy, out=grads["W"])
        if self.bias:
            column_sum(dy, grads["b"], cache)
        if not need_dx:
            return None
        blocks, batch, width = x.shape
        if x.strides[1] < x.strides[2]:  # flattened images: their gradient is to lie as they do
            dx = cache.handover((blocks, width, batch), dy).swapaxes(1, 2)
        else:
            dx = cache.handover(x.shape, dy)
        return np.matmul(dy, params["W"].swapaxes(1, 2), out=dx)
