"""Gradient descent, plain and with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Floats
from ablate.optim.base import Optimizer, Slots, add_scaled
from ablate.registry import register


@register("optimizer", "sgd")
@dataclass(frozen=True)
class SGD(Optimizer):
    """W ← W - η g (Deep Learning from Scratch, 6.1.2)."""

    def update(self, grads: Floats, slots: Slots, params: Floats, step: int) -> None:  # noqa: ARG002
        """Move `params` by -η g, in one pass."""
        add_scaled(params, grads, -self.lr)

    def rule(self, g: Floats, p: Floats, slots: list[Floats], work: tuple[Floats, Floats], step: int) -> None:  # noqa: ARG002
        """Move one piece by -η g."""
        p -= np.multiply(g, self.lr, out=work[0])


@dataclass(frozen=True)
class _WithVelocity(Optimizer):
    momentum: float = 0.9
    running: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.momentum < 1.0:
            raise must(f"{type(self).__name__}.momentum", "be >= 0 and < 1", self.momentum)


@register("optimizer", "momentum")
@dataclass(frozen=True)
class Momentum(_WithVelocity):
    """v ← α v - η g; W ← W + v (the book, 6.1.4; Polyak 1964). Slots: v.

    PyTorch keeps v without η (v ← α v + g; W ← W - η v): the same path while η is constant.

    Attributes
    ----------
    momentum
        α, the share of the velocity that is kept.
    """

    def rule(self, g: Floats, p: Floats, slots: list[Floats], work: tuple[Floats, Floats], step: int) -> None:  # noqa: ARG002
        """Move one piece by its velocity."""
        (v,) = slots
        np.multiply(v, self.momentum, out=v)
        np.subtract(v, np.multiply(g, self.lr, out=work[0]), out=v)
        np.add(p, v, out=p)


@register("optimizer", "nesterov")
@dataclass(frozen=True)
class Nesterov(_WithVelocity):
    """v ← α v - η g; W ← W + α v - η g, with the new v. Slots: v.

    Nesterov 1983 in the form of Bengio et al. 2012 (W is the point looked ahead to), which the book's code and
    PyTorch's `nesterov=True` share.

    Attributes
    ----------
    momentum
        α, the share of the velocity that is kept.
    """

    def rule(self, g: Floats, p: Floats, slots: list[Floats], work: tuple[Floats, Floats], step: int) -> None:  # noqa: ARG002
        """Move one piece by its velocity, looked ahead."""
        (v,) = slots
        pull = np.multiply(g, self.lr, out=work[0])
        np.multiply(v, self.momentum, out=v)
        np.subtract(v, pull, out=v)
        np.subtract(p, pull, out=p)
        np.add(p, np.multiply(v, self.momentum, out=pull), out=p)
