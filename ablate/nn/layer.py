"""What a layer is: hyperparameters and two pure passes; what it learns and remembers is handed to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.params import Parameter

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer(ABC):
    """One node of a network.

    A layer holds its hyperparameters only. Parameters, gradients, running state, random generators and the
    cache are arguments, each with the block axis in front: block i of every result depends on block i of
    every argument and on nothing else.
    """

    identity: ClassVar[bool] = False
    """The layer does nothing: it is left out of the network, at no cost."""

    keeps_output: ClassVar[bool] = False
    """`backward` reads what `forward` returned, so the next node must not write over it."""

    def parameters(self, shape: Shape) -> Sequence[Parameter]:  # noqa: ARG002
        """Return the layer's parameters for inputs of `shape` (without blocks and batch)."""
        return ()

    def out_shape(self, shape: Shape) -> Shape:
        """Return the shape of the output for inputs of `shape`, both without blocks and batch."""
        return shape

    def state(self, shape: Shape) -> dict[str, Floats]:  # noqa: ARG002
        """Return running state (not learnt by gradient) as it is before the first step, without blocks."""
        return {}

    @abstractmethod
    def forward(
        self, x: Floats, params: Views, state: Views, cache: Cache, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Return the layer's output.

        Parameters
        ----------
        x
            (blocks, batch, features); only where `cache.overwrite` holds may the layer write over it.
            When evaluating, it may be (1, batch, features), the same for all blocks.
        params, state
            Named views, (blocks, …). `state` is updated in place when `cache.train`.
        rngs
            One generator per block (its `dropout` stream), used when `cache.train`.
        """

    @abstractmethod
    def backward(self, dy: Floats, params: Views, grads: Views, cache: Cache, *, need_dx: bool) -> Floats | None:
        """Write the parameters' gradients into `grads` and return the input's.

        Parameters
        ----------
        dy
            Gradient of the loss with respect to the output; the layer may write over it.
        need_dx
            False for the first node: the gradient of the data is not computed, and None may be returned.
        """
