"""An activation: `activation=mish`, with its setting `activation.beta`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn import Activation
from ablate.nn.arrays import Floats
from ablate.registry import register


@register("activation", "mish")
@dataclass(frozen=True)
class Mish(Activation):
    """y = x · tanh(softplus(β x)) (Misra 2019, arXiv:1908.08681, with β = 1)."""

    needs_input: ClassVar[bool] = True  # the slope is computed from x, so x has to be kept

    beta: float = 1.0

    def __post_init__(self) -> None:
        """Check the setting."""
        if not self.beta > 0.0:
            raise must("Mish.beta", "be > 0", self.beta)

    def value(self, x: Floats) -> Floats:
        """Return the activation of `x`."""
        return x * self._gate(x)

    def slope(self, x: Floats, y: Floats) -> Floats:
        """Return dy/dx = t + β x (1 - t²) σ(β x), with t = tanh(softplus(β x))."""
        del y
        t = self._gate(x)
        # σ(z) = (1 + tanh(z/2)) / 2, which cannot overflow.
        return t + self.beta * x * (1 - t * t) * 0.5 * (1 + np.tanh(0.5 * self.beta * x))

    def _gate(self, x: Floats) -> Floats:
        return np.tanh(np.logaddexp(x.dtype.type(0), x.dtype.type(self.beta) * x))
