"""AdaGrad and RMSProp: each parameter its own step, by the size of its gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Floats
from ablate.optim.base import Optimizer, Slots
from ablate.registry import register


@dataclass(frozen=True)
class _Scaled(Optimizer):
    eps: float = 1e-7
    running: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.eps < math.inf:
            raise must(f"{type(self).__name__}.eps", "be > 0", self.eps)

    def step_sizes(self, slots: Slots, step: int) -> Floats:  # noqa: ARG002
        """Return η / (√h + eps), (blocks, parameters)."""
        (h,) = slots.arrays
        sizes: Floats = self.lr / (np.sqrt(h) + self.eps)
        return sizes

    def _descend(self, g: Floats, p: Floats, h: Floats, work: Floats) -> None:
        """P ← p - η g / (√h + eps)."""
        np.sqrt(h, out=work)
        np.add(work, self.eps, out=work)
        np.divide(g, work, out=work)
        np.multiply(work, self.lr, out=work)
        np.subtract(p, work, out=p)


@register("optimizer", "adagrad")
@dataclass(frozen=True)
class AdaGrad(_Scaled):
    """h ← h + g²; W ← W - η g / (√h + eps) (Duchi et al. 2011; the book, 6.1.5). Slots: h.

    Attributes
    ----------
    eps
        1e-7 as in the book's code; PyTorch has 1e-10.
    """

    def rule(self, g: Floats, p: Floats, slots: list[Floats], work: tuple[Floats, Floats], step: int) -> None:  # noqa: ARG002
        """Move one piece."""
        (h,) = slots
        np.add(h, np.multiply(g, g, out=work[0]), out=h)
        self._descend(g, p, h, work[0])


@register("optimizer", "rmsprop")
@dataclass(frozen=True)
class RMSProp(_Scaled):
    """h ← ρ h + (1 - ρ) g²; W ← W - η g / (√h + eps) (Tieleman & Hinton 2012). Slots: h.

    h begins at 0 and is not corrected, as in the book's code and in PyTorch.

    Attributes
    ----------
    old_weight
        ρ, the weight of the old h; 0.99 in the book's code and in PyTorch.
    eps
        1e-7 as in the book's code; PyTorch has 1e-8.
    """

    old_weight: float = 0.99

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.old_weight < 1.0:
            raise must("RMSProp.old_weight", "be >= 0 and < 1", self.old_weight)

    def rule(self, g: Floats, p: Floats, slots: list[Floats], work: tuple[Floats, Floats], step: int) -> None:  # noqa: ARG002
        """Move one piece."""
        (h,) = slots
        np.multiply(h, self.old_weight, out=h)
        new = np.multiply(g, g, out=work[0])
        np.add(h, np.multiply(new, 1.0 - self.old_weight, out=new), out=h)
        self._descend(g, p, h, work[0])
