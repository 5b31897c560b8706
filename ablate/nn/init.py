"""Initialisers: the standard deviation weights are drawn with. Biases begin at 0."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.errors import must
from ablate.registry import register


@dataclass(frozen=True)
class Initializer(ABC):
    """Draws the weights of a layer from a normal distribution with mean 0."""

    @abstractmethod
    def std_for(self, fan_in: int, fan_out: int) -> float:
        """Return the standard deviation for a layer of these sizes."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fans: tuple[int, int]) -> NDArray[np.float64]:
        """Return weights of `shape`, drawn in float64: a float32 run begins at the same weights, rounded."""
        return rng.standard_normal(shape) * self.std_for(*fans)


@register("init", "normal")
@dataclass(frozen=True)
class Normal(Initializer):
    """The same standard deviation in every layer (Deep Learning from Scratch, 6.2)."""

    std: float = 0.01

    def __post_init__(self) -> None:
        if not 0.0 <= self.std < math.inf:
            raise must("Normal.std", "be >= 0", self.std)

    def std_for(self, fan_in: int, fan_out: int) -> float:  # noqa: ARG002
        """Return `std`."""
        return self.std


@register("init", "xavier")
@dataclass(frozen=True)
class Xavier(Initializer):
    """std = √(1 / fan_in), as the book has it (6.2.2).

    Glorot & Bengio 2010 take √(2 / (fan_in + fan_out)); the two agree where a layer keeps its width.
    """

    def std_for(self, fan_in: int, fan_out: int) -> float:  # noqa: ARG002
        """Return √(1 / fan_in)."""
        return math.sqrt(1.0 / fan_in)


@register("init", "he")
@dataclass(frozen=True)
class He(Initializer):
    """std = √(2 / fan_in) (He et al. 2015; the book, 6.2.3)."""

    def std_for(self, fan_in: int, fan_out: int) -> float:  # noqa: ARG002
        """Return √(2 / fan_in)."""
        return math.sqrt(2.0 / fan_in)
