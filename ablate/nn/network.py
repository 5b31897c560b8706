"""A network: nodes in order with their sizes, and the replicas of it that train side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ablate.nn.arrays import Cache, Floats, Views, Watch, WatchBack
from ablate.nn.chain import Chain, Link
from ablate.nn.init import Initializer
from ablate.nn.layer import Layers, Shape
from ablate.nn.nodes import Node, chain, walk
from ablate.nn.params import Parameter, ParameterLayout


class Network:
    """Layers for inputs of one shape, chained; a layer may hold chains of its own. Holds no numbers.

    Attributes
    ----------
    nodes
        The layers in order, with the shapes that enter and leave them; layers that do nothing are left out.
    every
        `nodes` and all that is inside them, in the order data reaches them.
    layout
        Where each parameter of each of `every` lies in a block's flat vector.
    state_layout
        The same of running state.
    """

    def __init__(self, shape: Shape, layers: Layers) -> None:
        self.in_shape = shape
        self.nodes = chain(layers, shape)
        self.out_shape = self.nodes[-1].out_shape if self.nodes else shape
        self.every = tuple(walk(self.nodes))
        names = [node.name for node in self.every]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two layers of a network have one name: {', '.join(sorted(twice))}")
        self.layout = ParameterLayout([node.layer.parameters(node.in_shape) for node in self.every])
        self.state_layout = ParameterLayout(
            [
                [Parameter(name, start.shape) for name, start in node.layer.state(node.in_shape).items()]
                for node in self.every
            ]
        )

    @property
    def parameters(self) -> int:
        """Number of learnt scalars."""
        return self.layout.size

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one example's forward pass; see `Layer.multiply_adds`."""
        return sum(node.layer.multiply_adds(node.in_shape) for node in self.every)

    @property
    def width(self) -> int:
        """Most branches that run side by side and are joined on channels, anywhere in the graph; 1 for a chain.

        The "width" of Szegedy et al. 2015: a residual connection, whose branches are summed, has none.
        """
        joined = (len(node.branches) for node in self.every if node.layer.joins == "channels")
        return max(joined, default=1) or 1


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
    flat_state
        (blocks, numbers): all running state.
    views, state
        Per node of ``network.every``: its parameters and its running state, (blocks, …) each, by name.
    """

    def __init__(self, network: Network, *, blocks: int, dtype: Any = np.float32) -> None:
        self.network, self.blocks, self.dtype = network, blocks, np.dtype(dtype)
        self.params: Floats = np.zeros((blocks, network.layout.size), self.dtype)
        self.grads: Floats = np.zeros_like(self.params)
        self.views = network.layout.views(self.params)
        self._grad_views = network.layout.views(self.grads)
        self.flat_state: Floats = np.zeros((blocks, network.state_layout.size), self.dtype)
        self.state: list[Views] = network.state_layout.views(self.flat_state)
        for node, views in zip(network.every, self.state, strict=True):
            for name, start in node.layer.state(node.in_shape).items():
                views[name][...] = start
        self._places = {node.name: place for place, node in enumerate(network.every)}
        self._chains = {train: self._bind(network.nodes, [], train=train) for train in (True, False)}

    def init(self, initializer: Initializer, rngs: Sequence[np.random.Generator]) -> None:
        """Draw each block's weights from its own generator, layer after layer; set the rest to its start."""
        for node, views in zip(self.network.every, self.views, strict=True):
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
            (blocks, batch, …), never written to; when evaluating also (1, batch, …), shared. The rest of the shape is
            that of the network's input, or flat.
        rngs
            One generator per block, for layers that draw; needed when training.
        watch
            Called after each of ``network.every`` with its position there, its input and its output, to be read only.
            A node that works in place has written over its input by then.
        """
        x = x.reshape(*x.shape[:2], *self.network.in_shape)
        if watch is None:
            return self._chains[train].forward(x, rngs)
        with self._chains[train].watched(watch):
            return self._chains[train].forward(x, rngs)

    def copy_from(self, other: Replicas) -> None:
        """Take over another's parameters and running state; nothing is shared."""
        self.params[...] = other.params
        for mine, theirs in zip(self.state, other.state, strict=True):
            for name, value in theirs.items():
                mine[name][...] = value

    def backward(self, dscores: Floats, *, need_dx: bool = False, watch: WatchBack | None = None) -> Floats | None:
        """Fill `grads` from the gradient of the loss with respect to the scores of the last training pass.

        Parameters
        ----------
        watch
            Called before each of ``network.every`` with its position there and the gradient with respect to its
            output, to be read only, and at once: the node may write over it.

        Returns
        -------
        numpy.ndarray or None
            The gradient with respect to the input, where `need_dx`; valid until the next pass.
        """
        chain = self._chains[True]
        if watch is None:
            return chain.backward(dscores, need_dx=need_dx)
        with chain.watched(back=watch):
            return chain.backward(dscores, need_dx=need_dx)

    @property
    def nbytes(self) -> int:
        """Bytes held: parameters, gradients, running state, and the buffers of the passes there were."""
        sizes = {
            id(array): array.nbytes
            for chain in self._chains.values()
            for link in chain.every()
            for array in link.cache.held()
        }
        return self.params.nbytes + self.grads.nbytes + self.flat_state.nbytes + sum(sizes.values())

    def _bind(self, nodes: Sequence[Node], pools: list[dict[Any, Floats]], *, train: bool, depth: int = 0) -> Chain:
        """Give each layer its arrays. One pool of shared buffers per depth: inner layers never touch the outer's."""
        if depth == len(pools):
            pools.append({})
        links: list[Link] = []
        for index, node in enumerate(nodes):
            place = self._places[node.name]
            cache = Cache(
                pools[depth],
                dtype=self.dtype,
                train=train,
                overwrite=_may_overwrite(nodes[:index], train=train),
                chains=tuple(self._bind(branch.nodes, pools, train=train, depth=depth + 1) for branch in node.branches),
            )
            links.append(Link(place, node.layer, self.views[place], self._grad_views[place], self.state[place], cache))
        return Chain(tuple(links))


def _may_overwrite(before: Sequence[Node], *, train: bool) -> bool:
    """Return whether a node may write over what the nodes `before` it in its chain hand it.

    Not over a chain's own input: that is the data, or what other branches read, too. And not over what a backward
    pass reads; evaluation has none.
    """
    for node in reversed(before):
        if train and node.layer.keeps_output:
            return False
        if not node.layer.passes_input:
            return True
    return False
