"""Schedules: what the learning rate is multiplied by at each step."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from ablate.errors import must
from ablate.optim.base import Optimizer
from ablate.registry import register


@dataclass(frozen=True)
class Schedule(ABC):
    """A factor of the learning rate for each step, the same for all parameters and blocks."""

    @abstractmethod
    def factor(self, step: int) -> float:
        """Return what η is multiplied by in update number `step`, from 1."""

    def apply(self, optimizer: Optimizer, step: int) -> Optimizer:
        """Return the optimizer with the learning rate it has at `step`; slots live apart, and stay.

        >>> from ablate.optim import SGD
        >>> InverseSqrt().apply(SGD(lr=0.2), 16).lr
        0.05
        """
        return replace(optimizer, lr=optimizer.lr * self.factor(step))


@register("schedule", "constant")
@dataclass(frozen=True)
class Constant(Schedule):
    """η_t = η."""

    def factor(self, step: int) -> float:  # noqa: ARG002
        """Return 1."""
        return 1.0

    def apply(self, optimizer: Optimizer, step: int) -> Optimizer:  # noqa: ARG002
        """Return the optimizer as it is."""
        return optimizer


@register("schedule", "inverse_sqrt")
@dataclass(frozen=True)
class InverseSqrt(Schedule):
    """η_t = η / √t, with t the number of the update, from 1 (Zinkevich 2003, with regret O(√T)).

    AdaGrad's own decay under gradients of constant size, but the same for every parameter and whatever the
    gradients are: its control.
    """

    def factor(self, step: int) -> float:
        """Return 1 / √step."""
        return 1.0 / math.sqrt(step)


@register("schedule", "step_decay")
@dataclass(frozen=True)
class StepDecay(Schedule):
    """η_t = η * decay^⌊(t - 1) / every⌋: cut at regular intervals (He et al. 2016, section 3.4, divide by 10).

    Attributes
    ----------
    decay
        What η is multiplied by at each cut.
    every
        Steps between cuts.
    """

    decay: float = 0.1
    every: int = 1000

    def __post_init__(self) -> None:
        if not 0.0 < self.decay <= 1.0:
            raise must("StepDecay.decay", "be > 0 and <= 1", self.decay)
        if isinstance(self.every, bool) or self.every < 1:
            raise must("StepDecay.every", "be a number of steps >= 1", self.every)

    def factor(self, step: int) -> float:
        """Return decay^⌊(step - 1) / every⌋."""
        return float(self.decay ** ((step - 1) // self.every))
