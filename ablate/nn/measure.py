"""How large activations are on the way forward and gradients on the way back, at every node of a graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ablate.data.augment.base import MixedLabels
from ablate.nn.arrays import Cache, Floats, Integers
from ablate.nn.graph import INPUT, LOSS, Graph, GraphNode, Sizes, graph_of
from ablate.nn.losses import Loss
from ablate.nn.network import Network, Replicas

_AT_A_TIME = 32_768  # numbers: their float64 copy stays in the cache


def root_mean_square(values: Floats) -> float:
    """Return √(mean of squares), accumulated in float64.

    >>> root_mean_square(np.array([3.0, -4.0, 0.0, 0.0], np.float32))
    2.5
    """
    flat = values.ravel(order="K")  # in the order of memory: images lie with the batch last, and are not copied
    total = 0.0
    for begin in range(0, flat.size, _AT_A_TIME):
        part = flat[begin : begin + _AT_A_TIME].astype(np.float64)
        total += float(part @ part)
    return math.sqrt(total / flat.size)


def measure(
    network: Network,
    loss: Loss,
    *,
    params: Floats,
    inputs: Floats,
    labels: Integers | MixedLabels,
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
    replicas = Replicas(network, blocks=len(params), dtype=params.dtype)
    replicas.params[...] = params
    forward, backward = ([math.nan] * len(network.every) for _ in range(2))

    def on_the_way(position: int, entered: Floats, left: Floats) -> None:
        del entered
        forward[position] = root_mean_square(left)

    def on_the_way_back(position: int, gradient: Floats) -> None:
        backward[position] = root_mean_square(gradient)

    # Each array is reduced to one number at once: the next node may write over it.
    with np.errstate(all="ignore"):  # what overflows is shown as it is
        scores = replicas.forward(inputs, train=True, rngs=rngs, watch=on_the_way)
        value, dscores = loss.train_on(scores, labels, Cache({}, dtype=replicas.dtype, train=True, overwrite=True))
        dinputs = replicas.backward(dscores, need_dx=True, watch=on_the_way_back)
        assert dinputs is not None
        sizes = {
            INPUT: Sizes(root_mean_square(inputs), root_mean_square(dinputs)),
            LOSS: Sizes(root_mean_square(value), 1.0),
        }
        for position, (node, grads) in enumerate(zip(network.every, network.layout.views(replicas.grads), strict=True)):
            flat = np.concatenate([gradient.ravel() for gradient in grads.values()]) if grads else None
            sizes[node.name] = Sizes(
                forward[position], backward[position], None if flat is None else root_mean_square(flat)
            )
    return _with(graph_of(network, loss), sizes)


def _with(graph: Graph, sizes: dict[str, Sizes]) -> Graph:
    def filled(node: GraphNode) -> GraphNode:
        branches = tuple((name, tuple(map(filled, inner))) for name, inner in node.branches)
        return replace(node, branches=branches, sizes=sizes[node.name])

    return Graph(tuple(map(filled, graph.chain)))
