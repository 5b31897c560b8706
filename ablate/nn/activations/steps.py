"""Between step and sigmoid: a step that learns through a straight-through estimator, steep and centred sigmoids."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.activations.base import Activation
from ablate.nn.activations.smooth import logistic
from ablate.nn.arrays import Floats
from ablate.registry import register


@register("activation", "step_ste")
@dataclass(frozen=True)
class StepSTE(Activation):
    """y = 1 where x > 0, else 0; backward as if y = clip(x, -window, window): dy/dx := 1 where |x| <= window, else 0.

    The straight-through estimator (Bengio et al. 2013, section 4), with the window of Hubara et al. 2016 (equation
    4), which stops the gradient where the unit is far from its threshold. The slope is not the derivative, which is 0:
    it is that of the hard tanh, a surrogate that lets what comes before the step learn.

    Attributes
    ----------
    window
        Half width of where gradients pass; infinite: everywhere, as in Bengio et al.
    """

    window: float = 1.0
    needs_input: ClassVar[bool] = True
    straight_through: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.window > 0.0:
            raise must("StepSTE.window", "be > 0 (.inf: gradients pass everywhere)", self.window)

    def value(self, x: Floats) -> Floats:
        """Return 1 where x > 0, else 0; NaN stays NaN."""
        return np.heaviside(x, x.dtype.type(0))

    def slope(self, x: Floats, y: Floats) -> Floats:
        """Return 1 inside the window, 0 outside."""
        return (np.abs(x) <= self.window).astype(y.dtype)

    def differentiated(self, x: Floats) -> Floats:
        """Return clip(x, -window, window), the surrogate."""
        clipped: Floats = np.clip(x, -self.window, self.window)
        return clipped


@register("activation", "steep_sigmoid")
@dataclass(frozen=True)
class SteepSigmoid(Activation):
    """y = σ(k x) = 1 / (1 + exp(-k x)), dy/dx = k y (1 - y): the sigmoid for k = 1, the step for k → ∞.

    Attributes
    ----------
    k
        Steepness; the slope at 0 is k/4, and the region where the slope is not 0 is about 10/k wide.
    """

    k: float = 8.0

    def __post_init__(self) -> None:
        if not 0.0 < self.k < math.inf:
            raise must("SteepSigmoid.k", "be > 0", self.k)

    def value(self, x: Floats) -> Floats:
        """Return σ(k x)."""
        return logistic(x * self.k)

    def slope(self, x: Floats, y: Floats) -> Floats:  # noqa: ARG002
        """Return k y (1 - y)."""
        return self.k * y * (1.0 - y)


@register("activation", "zero_centred_sigmoid")
@dataclass(frozen=True)
class ZeroCentredSigmoid(Activation):
    """y = σ(x) - 1/2, dy/dx = 1/4 - y²: the sigmoid's slope and saturation without its offset.

    Equal to tanh(x/2) / 2. Beside the sigmoid it tells what the offset does; beside tanh, what the smaller slope does.
    """

    def value(self, x: Floats) -> Floats:
        """Return σ(x) - 1/2, as tanh(x/2) / 2, which keeps small values exact."""
        y: Floats = np.tanh(x * 0.5) * 0.5
        return y

    def slope(self, x: Floats, y: Floats) -> Floats:  # noqa: ARG002
        """Return 1/4 - y²."""
        return 0.25 - y * y
