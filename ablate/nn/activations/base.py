"""What an activation is: a function of each number, and its derivative."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.layer import Layer


@dataclass(frozen=True)
class Activation(Layer):
    """A function applied to each number on its own.

    `value` and `slope` say what it is. `apply` and `chain` are the same in place, overridden where a net
    spends its time.
    """

    keeps_output: ClassVar[bool] = True
    needs_input: ClassVar[bool] = False
    """`slope` reads `x`, so the input has to be kept beside the output."""

    straight_through: ClassVar[bool] = False
    """`slope` is on purpose not the derivative of `value` but of `differentiated`, a documented surrogate."""

    @abstractmethod
    def value(self, x: Floats) -> Floats:
        """Return the activation of `x`, same shape and dtype."""

    @abstractmethod
    def slope(self, x: Floats, y: Floats) -> Floats:
        """Return dy/dx. Unless `needs_input`, `x` may have been overwritten and must not be read."""

    def differentiated(self, x: Floats) -> Floats:
        """Return the function whose derivative `slope` is: the activation itself, but for a straight-through estimator.

        The gradient check compares with it.
        """
        return self.value(x)

    def apply(self, x: Floats, out: Floats, cache: Cache) -> None:  # noqa: ARG002
        """Write the activation of `x` to `out`, which may be `x`."""
        out[...] = self.value(x)

    def chain(self, dy: Floats, x: Floats, y: Floats, cache: Cache) -> None:  # noqa: ARG002
        """Multiply `dy` by the slope, in place."""
        np.multiply(dy, self.slope(x, y), out=dy)

    def forward(
        self,
        x: Floats,
        params: Views,  # noqa: ARG002
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return the activation of `x`."""
        y = x if cache.overwrite and not (self.needs_input and cache.train) else cache.output(x.shape, x)
        self.apply(x, y, cache)
        cache.saved["x"], cache.saved["y"] = x, y
        return y

    def backward(
        self,
        dy: Floats,
        params: Views,  # noqa: ARG002
        grads: Views,  # noqa: ARG002
        cache: Cache,
        *,
        need_dx: bool,  # noqa: ARG002
    ) -> Floats | None:
        """Return ``dy * slope``, written over `dy`."""
        self.chain(dy, cache.saved["x"], cache.saved["y"], cache)
        return dy
