"""How large activations are on the way forward and gradients on the way back, at every node of a graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ablate.nn.arrays import Cache, Floats, Integers, Views
from ablate.nn.graph import INPUT, LOSS, Graph, GraphNode, Sizes, graph_of
from ablate.nn.layer import Layer, Layers, Shape
from ablate.nn.losses import Loss
from ablate.nn.network import Network, Replicas


def root_mean_square(values: Floats) -> float:
    """Return √(mean of squares), accumulated in float64.

    >>> root_mean_square(np.array([3.0, -4.0, 0.0, 0.0], np.float32))
    2.5
    """
    return math.sqrt(np.mean(np.square(values, dtype=np.float64)))


def measure(
    network: Network,
    loss: Loss,
    *,
    params: Floats,
    inputs: Floats,
    labels: Integers,
    rngs: Sequence[np.random.Generator],
) -> Graph:
    """Return the graph of a network with the sizes of one training pass, forward and backward; nothing is updated.

    Parameters
    ----------
    params
        (blocks, parameters), as in `Replicas.params`; not written to.
    inputs, labels
        The minibatch, (blocks, batch, …) and (blocks, batch).
    rngs
        One generator per block, for layers that draw.
    """
    watched = Network(network.in_shape, [(node.name, _watched(node.layer)) for node in network.nodes])
    replicas = Replicas(watched, blocks=len(params), dtype=params.dtype)
    replicas.params[...] = params
    with np.errstate(all="ignore"):  # what overflows is shown as it is
        scores = replicas.forward(inputs, train=True, rngs=rngs)
        value, dscores = loss.train(scores, labels, Cache({}, dtype=replicas.dtype, train=True, overwrite=True))
        dinputs = replicas.backward(dscores, need_dx=True)
        assert dinputs is not None
        sizes = {
            INPUT: Sizes(root_mean_square(inputs), root_mean_square(dinputs)),
            LOSS: Sizes(root_mean_square(value), 1.0),
            **{node.name: vars(node.layer)["seen"].sizes() for node in watched.every},
        }
    return _with(graph_of(network, loss), sizes)


def _with(graph: Graph, sizes: dict[str, Sizes]) -> Graph:
    def filled(node: GraphNode) -> GraphNode:
        branches = tuple((name, tuple(map(filled, inner))) for name, inner in node.branches)
        return replace(node, branches=branches, sizes=sizes[node.name])

    return Graph(tuple(map(filled, graph.chain)))


class _Seen:
    """What went through a layer. Reduced to one number at once: the next layer may write over the array."""

    def __init__(self) -> None:
        self.forward = self.backward = math.nan
        self.parameters: float | None = None

    def sizes(self) -> Sizes:
        return Sizes(self.forward, self.backward, self.parameters)


class _Watching:
    """Mixed into a layer's own class, in front of it, so that the layer stays what it is for everyone who asks."""

    seen: _Seen

    def branches(self, shape: Shape) -> Sequence[tuple[str, Layers]]:
        inner: Sequence[tuple[str, Layers]] = super().branches(shape)  # type: ignore[misc]
        return [(name, [(place, _watched(layer)) for place, layer in layers]) for name, layers in inner]

    def forward(
        self, x: Floats, params: Views, state: Views, cache: Cache, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        y: Floats = super().forward(x, params, state, cache, rngs)  # type: ignore[misc]
        self.seen.forward = root_mean_square(y)
        return y

    def backward(self, dy: Floats, params: Views, grads: Views, cache: Cache, *, need_dx: bool) -> Floats | None:
        self.seen.backward = root_mean_square(dy)
        dx: Floats | None = super().backward(dy, params, grads, cache, need_dx=need_dx)  # type: ignore[misc]
        if grads:
            self.seen.parameters = root_mean_square(np.concatenate([g.ravel() for g in grads.values()]))
        return dx


def _watched(layer: Layer) -> Layer:
    kind = type(layer)
    twin: Layer = object.__new__(type(kind.__name__, (_Watching, kind), {}))
    twin.__dict__.update(vars(layer), seen=_Seen())
    return twin
