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
Layers = Sequence[tuple[str, "Layer"]]
"""Layers one after another, each with the name of its place."""


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

    passes_input: ClassVar[bool] = False
    """`forward` may return its input, or a view of it: what must not be written over there, must not be here."""

    joins: ClassVar[str] = ""
    """How a composite joins the ends of its branches, in a word: ``sum``, ``channels``."""

    def branches(self, shape: Shape) -> Sequence[tuple[str, Layers]]:  # noqa: ARG002
        """Return the chains inside a composite layer, by name, each for inputs of `shape`; a plain layer has none.

        Their parameters, gradients, state and caches are kept as those of any other layer; the composite finds
        them, bound together, in ``cache.chains``, in this order.
        """
        return ()

    def parameters(self, shape: Shape) -> Sequence[Parameter]:  # noqa: ARG002
        """Return the layer's own parameters for inputs of `shape` (without blocks and batch)."""
        return ()

    def multiply_adds(self, shape: Shape) -> int:  # noqa: ARG002
        """Return the multiply-adds of one example's forward pass in the layer's own products with weights.

        What is done to each number on its own (activations, norms, pooling, adding a bias) is not counted, as is
        the custom (He et al. 2016, table 1). What is inside a composite is counted there.
        """
        return 0

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
            (blocks, batch, features), or (blocks, batch, channels, height, width) with the batch last in memory (see
            `ablate.nn.arrays.batch_last`); only where `cache.overwrite` holds may the layer write over it.
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
