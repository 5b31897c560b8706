"""Adam and AdamW."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Floats
from ablate.optim.base import Optimizer, Slots
from ablate.registry import register


@register("optimizer", "adam")
@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam, algorithm 1 of Kingma & Ba 2015, as in PyTorch. Slots: m, v.

    m ← β1 m + (1 - β1) g; v ← β2 v + (1 - β2) g²; W ← W - η m̂ / (√v̂ + eps), with m̂ = m / (1 - β1^t) and
    v̂ = v / (1 - β2^t). The book's code has the paper's shorter form, in which its eps of 1e-7 is not corrected:
    W ← W - η √(1 - β2^t) / (1 - β1^t) m / (√v + 1e-7).

    Attributes
    ----------
    beta1, beta2
        Weights of the old m and v.
    """

    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    running: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        for field in ("beta1", "beta2"):
            if not 0.0 <= getattr(self, field) < 1.0:
                raise must(f"{name}.{field}", "be >= 0 and < 1", getattr(self, field))
        if not 0.0 < self.eps < math.inf:
            raise must(f"{name}.eps", "be > 0", self.eps)

    def step_sizes(self, slots: Slots, step: int) -> Floats:
        """Return η / (1 - β1^t) / (√v̂ + eps), what m is multiplied by, (blocks, parameters)."""
        _, v = slots.arrays
        corrected = np.sqrt(v / (1.0 - self.beta2**step)) + self.eps
        sizes: Floats = self.lr / (1.0 - self.beta1**step) / corrected
        return sizes

    def rule(self, g: Floats, p: Floats, slots: list[Floats], work: tuple[Floats, Floats], step: int) -> None:
        """Move one piece."""
        m, v = slots
        a, _ = work
        np.multiply(m, self.beta1, out=m)
        np.add(m, np.multiply(g, 1.0 - self.beta1, out=a), out=m)
        np.multiply(v, self.beta2, out=v)
        np.multiply(g, g, out=a)
        np.add(v, np.multiply(a, 1.0 - self.beta2, out=a), out=v)
        # Both corrections as scalars: η/c1 * m / (√v/√c2 + eps) = (η √c2/c1) * m / (√v + eps √c2).
        root = math.sqrt(1.0 - self.beta2**step)
        np.sqrt(v, out=a)
        np.add(a, self.eps * root, out=a)
        np.divide(m, a, out=a)
        np.multiply(a, self.lr * root / (1.0 - self.beta1**step), out=a)
        np.subtract(p, a, out=p)


@register("optimizer", "adamw")
@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: W ← W - η λ W before Adam's step, weights only.

    Loshchilov & Hutter 2019, in PyTorch's form (λ multiplied by η). Biases and norm parameters do not decay.

    Attributes
    ----------
    weight_decay
        λ; 0.01 as in PyTorch.
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.weight_decay < math.inf:
            raise must("AdamW.weight_decay", "be >= 0", self.weight_decay)

    def update(self, grads: Floats, slots: Slots, params: Floats, step: int) -> None:
        """Decay the weights, then move as Adam does."""
        params[:, : slots.decayed] *= 1.0 - self.lr * self.weight_decay
        super().update(grads, slots, params, step)
