"""A network: nodes in order with their sizes, and the replicas of it that train side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.init import Initializer
from ablate.nn.layer import Layer, Shape
from ablate.nn.params import ParameterLayout


@dataclass(frozen=True)
class Node:
    """One layer in its place; shapes without blocks and batch."""

    name: str
    layer: Layer
    in_shape: Shape
    out_shape: Shape


class Network:
    """A chain of layers for inputs of one shape; holds no numbers.

    Attributes
    ----------
    nodes
        The layers in order, with the shapes that enter and leave them; layers that do nothing are left out.
    layout
        Where each parameter lies in a block's flat vector.
    """

    def __init__(self, shape: Shape, layers: Sequence[tuple[str, Layer]]) -> None:
        nodes: list[Node] = []
        self.in_shape = shape
        for name, layer in layers:
            if not layer.identity:
                nodes.append(Node(name, layer, shape, layer.out_shape(shape)))
                shape = nodes[-1].out_shape
        self.out_shape = shape
        self.nodes = tuple(nodes)
        self.layout = ParameterLayout([node.layer.parameters(node.in_shape) for node in nodes])

    @property
    def parameters(self) -> int:
        """Number of learnt scalars."""
        return self.layout.size

    def numbers_per_example(self) -> int:
        """Return how many numbers one example leaves behind in a training pass; for the memory estimate."""
        return sum(int(np.prod(node.out_shape)) for node in self.nodes)


Watch = Callable[[int, Floats, Floats], None]  # (position of the node, its input, its output), both to be read only


class Replicas:
    """Independent replicas of one network, a block each, trained together.

    Parameters
    ----------
    blocks
        Number of replicas.
    dtype
        float32 or float64, of parameters and of everything computed.

    Attributes
    ----------
    params, grads
        (blocks, parameters); weights first, see `ParameterLayout`.
    state
        Per node, its running state, (blocks, …).
    """

    def __init__(self, network: Network, *, blocks: int, dtype: Any = np.float32) -> None:
        self.network, self.blocks, self.dtype = network, blocks, np.dtype(dtype)
        self.params: Floats = np.zeros((blocks, network.layout.size), self.dtype)
        self.grads: Floats = np.zeros_like(self.params)
        self.views = network.layout.views(self.params)
        self._grad_views = network.layout.views(self.grads)
        self.state: list[Views] = [
            {
                name: np.broadcast_to(start, (blocks, *start.shape)).astype(self.dtype)
                for name, start in node.layer.state(node.in_shape).items()
            }
            for node in network.nodes
        ]
        self._caches = {train: self._build_caches(train=train) for train in (True, False)}

    def init(self, initializer: Initializer, rngs: Sequence[np.random.Generator]) -> None:
        """Draw each block's weights from its own generator, layer after layer; set the rest to its start."""
        for node, views in zip(self.network.nodes, self.views, strict=True):
            for parameter in node.layer.parameters(node.in_shape):
                for block, rng in enumerate(rngs):
                    views[parameter.name][block] = (
                        parameter.start
                        if parameter.fans is None
                        else initializer.draw(rng, parameter.shape, parameter.fans)
                    )

    def forward(
        self, x: Floats, *, train: bool, rngs: Sequence[np.random.Generator] = (), watch: Watch | None = None
    ) -> Floats:
        """Return the scores, (blocks, batch, classes); valid until the next pass.

        Parameters
        ----------
        x
            (blocks, batch, features), never written to; when evaluating also (1, batch, features), shared.
        rngs
            One generator per block, for layers that draw; needed when training.
        watch
            Called after each node. A node that works in place has written over its input by then.
        """
        for position, (node, params, state, cache) in enumerate(
            zip(self.network.nodes, self.views, self.state, self._caches[train], strict=True)
        ):
            entered, x = x, node.layer.forward(x, params, state, cache, rngs)
            if watch is not None:
                watch(position, entered, x)
        return x

    def copy_from(self, other: Replicas) -> None:
        """Take over another's parameters and running state; nothing is shared."""
        self.params[...] = other.params
        for mine, theirs in zip(self.state, other.state, strict=True):
            for name, value in theirs.items():
                mine[name][...] = value

    def backward(self, dscores: Floats) -> None:
        """Fill `grads` from the gradient of the loss with respect to the scores of the last training pass."""
        dy: Floats | None = dscores
        for index in range(len(self.network.nodes) - 1, -1, -1):
            assert dy is not None
            dy = self.network.nodes[index].layer.backward(
                dy, self.views[index], self._grad_views[index], self._caches[True][index], need_dx=index > 0
            )

    def _build_caches(self, *, train: bool) -> list[Cache]:
        shared: dict[Any, Floats] = {}
        nodes = self.network.nodes
        return [
            Cache(
                shared,
                dtype=self.dtype,
                train=train,
                # The first node's input is the data. Evaluation has no backward that could miss anything, but
                # its input may be shared by all blocks, which only a node after the first Dense cannot meet.
                overwrite=index > 0 and not (train and nodes[index - 1].layer.keeps_output),
            )
            for index in range(len(nodes))
        ]
