"""Smooth activations: sigmoid, tanh, ELU, softplus, GELU, SiLU."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.activations.base import Activation
from ablate.nn.arrays import Cache, Floats
from ablate.registry import register


def logistic(x: Floats, out: Floats | None = None) -> Floats:
    """Return 1 / (1 + exp(-x)).

    exp(-x) may overflow to inf, and 1/inf is the right answer, 0. The form with tanh would never overflow,
    but loses the small values on the left (float32: everything below x = -17), and with them the gradient.
    """
    with np.errstate(over="ignore"):
        out = np.negative(x, out=out)
        np.exp(out, out=out)
        np.add(out, 1.0, out=out)
        return np.reciprocal(out, out=out)


@register("activation", "sigmoid")
@dataclass(frozen=True)
class Sigmoid(Activation):
    """y = 1 / (1 + exp(-x)), dy/dx = y (1 - y)."""

    def value(self, x: Floats) -> Floats:
        """Return 1 / (1 + exp(-x))."""
        return logistic(x)

    def slope(self, x: Floats, y: Floats) -> Floats:  # noqa: ARG002
        """Return y (1 - y)."""
        return y * (1.0 - y)

    def apply(self, x: Floats, out: Floats, cache: Cache) -> None:  # noqa: ARG002
        """Write the sigmoid of `x` to `out`."""
        logistic(x, out)

    def chain(self, dy: Floats, x: Floats, y: Floats, cache: Cache) -> None:  # noqa: ARG002
        """Multiply `dy` by y (1 - y)."""
        np.multiply(dy, y, out=dy)
        np.multiply(dy, np.subtract(1.0, y, out=cache.scratch("slope", y.shape)), out=dy)


@register("activation", "tanh")
@dataclass(frozen=True)
class Tanh(Activation):
    """y = tanh(x), dy/dx = 1 - y²."""

    def value(self, x: Floats) -> Floats:
        """Return tanh(x)."""
        return np.tanh(x)

    def slope(self, x: Floats, y: Floats) -> Floats:  # noqa: ARG002
        """Return 1 - y²."""
        return 1.0 - y * y

    def apply(self, x: Floats, out: Floats, cache: Cache) -> None:  # noqa: ARG002
        """Write tanh(x) to `out`."""
        np.tanh(x, out=out)

    def chain(self, dy: Floats, x: Floats, y: Floats, cache: Cache) -> None:  # noqa: ARG002
        """Multiply `dy` by 1 - y²."""
        slope = np.multiply(y, y, out=cache.scratch("slope", y.shape))
        np.multiply(dy, np.subtract(1.0, slope, out=slope), out=dy)


@register("activation", "elu")
@dataclass(frozen=True)
class ELU(Activation):
    """y = x where x > 0, else alpha (exp(x) - 1) (Clevert et al. 2016)."""

    alpha: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < math.inf:
            raise must("ELU.alpha", "be > 0", self.alpha)

    def value(self, x: Floats) -> Floats:
        """Return x or alpha (exp(x) - 1)."""
        return np.maximum(x, 0.0) + self.alpha * np.expm1(np.minimum(x, 0.0))

    def slope(self, x: Floats, y: Floats) -> Floats:  # noqa: ARG002
        """Return 1 where y > 0, else alpha exp(x) = y + alpha."""
        return np.minimum(y, 0.0) + self.alpha + (y > 0.0).astype(y.dtype) * (1.0 - self.alpha)


@register("activation", "softplus")
@dataclass(frozen=True)
class Softplus(Activation):
    """y = log(1 + exp(x)), dy/dx = 1 / (1 + exp(-x)) = 1 - exp(-y) (Dugas et al. 2001)."""

    def value(self, x: Floats) -> Floats:
        """Return log(1 + exp(x)), as max(x, 0) + log(1 + exp(-|x|)), which does not overflow."""
        return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))

    def slope(self, x: Floats, y: Floats) -> Floats:  # noqa: ARG002
        """Return 1 - exp(-y)."""
        return -np.expm1(-y)


@register("activation", "gelu")
@dataclass(frozen=True)
class GELU(Activation):
    """y = x Φ(x), with Φ the normal distribution function, exactly (Hendrycks & Gimpel 2016).

    dy/dx = Φ(x) + x φ(x).
    """

    needs_input: ClassVar[bool] = True

    def value(self, x: Floats) -> Floats:
        """Return x Φ(x)."""
        return x * _normal_cdf(x)

    def slope(self, x: Floats, y: Floats) -> Floats:  # noqa: ARG002
        """Return Φ(x) + x φ(x)."""
        return _normal_cdf(x) + x * _normal_density(x)

    def apply(self, x: Floats, out: Floats, cache: Cache) -> None:
        """Write x Φ(x) to `out`, and keep Φ(x), the dear part, for `chain`."""
        np.multiply(x, _normal_cdf(x, cache.buffer("cdf", x.shape)), out=out)

    def chain(self, dy: Floats, x: Floats, y: Floats, cache: Cache) -> None:  # noqa: ARG002
        """Multiply `dy` by Φ(x) + x φ(x)."""
        slope = x * _normal_density(x)
        np.multiply(dy, np.add(slope, cache.buffer("cdf", x.shape), out=slope), out=dy)


def _normal_cdf(x: Floats, out: Floats | None = None) -> Floats:
    from scipy.special import ndtr  # here: the import takes longer than the rest of the package

    cdf: Floats = ndtr(x, out=out)
    return cdf


def _normal_density(x: Floats) -> Floats:
    density: Floats = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return density


@register("activation", "silu")
@dataclass(frozen=True)
class SiLU(Activation):
    """y = x σ(x), with σ the sigmoid (Elfwing et al. 2018; "swish", Ramachandran et al. 2017).

    dy/dx = σ (1 + x (1 - σ)).
    """

    needs_input: ClassVar[bool] = True

    def value(self, x: Floats) -> Floats:
        """Return x σ(x)."""
        return x * logistic(x)

    def slope(self, x: Floats, y: Floats) -> Floats:  # noqa: ARG002
        """Return σ (1 + x (1 - σ))."""
        s = logistic(x)
        return s * (1.0 + x * (1.0 - s))
