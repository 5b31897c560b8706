"""Initialisers: how weights are drawn. Biases begin at 0."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ablate.errors import must
from ablate.nn.arrays import Floats
from ablate.registry import register

if TYPE_CHECKING:
    from ablate.nn.network import Replicas


@dataclass(frozen=True)
class Initializer(ABC):
    """Draws the weights of each layer, and may then adjust them to the data."""

    @property
    def examples(self) -> int:
        """Training examples per block that `calibrate` looks at; 0: it is not called."""
        return 0

    @abstractmethod
    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fans: tuple[int, int]) -> NDArray[np.float64]:
        """Return weights of `shape`, drawn in float64: a float32 run begins at the same weights, rounded."""

    def calibrate(self, replicas: Replicas, inputs: Floats) -> None:
        """Adjust the weights that were drawn, in place, block by block.

        Parameters
        ----------
        replicas
            What was drawn.
        inputs
            (blocks, `examples`, features): training examples, not augmented.
        """
        del replicas, inputs


@dataclass(frozen=True)
class Gaussian(Initializer):
    """Draws from a normal distribution with mean 0 and a standard deviation that depends on the layer's sizes."""

    @abstractmethod
    def std_for(self, fan_in: int, fan_out: int) -> float:
        """Return the standard deviation for a layer of these sizes."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fans: tuple[int, int]) -> NDArray[np.float64]:
        """Return N(0, std²) of `shape`."""
        return rng.standard_normal(shape) * self.std_for(*fans)


@register("init", "normal")
@dataclass(frozen=True)
class Normal(Gaussian):
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
class Xavier(Gaussian):
    """std = √(1 / fan_in), as the book has it (6.2.2).

    Glorot & Bengio 2010 take √(2 / (fan_in + fan_out)); the two agree where a layer keeps its width.
    """

    def std_for(self, fan_in: int, fan_out: int) -> float:  # noqa: ARG002
        """Return √(1 / fan_in)."""
        return math.sqrt(1.0 / fan_in)


@register("init", "he")
@dataclass(frozen=True)
class He(Gaussian):
    """std = √(2 / fan_in) (He et al. 2015; the book, 6.2.3)."""

    def std_for(self, fan_in: int, fan_out: int) -> float:  # noqa: ARG002
        """Return √(2 / fan_in)."""
        return math.sqrt(2.0 / fan_in)
