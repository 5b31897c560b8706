"""The computation graph of a network: what each node is, what enters and leaves it, and how nodes are joined."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ablate.nn.layer import Layer, Shape
from ablate.nn.losses import Loss
from ablate.nn.network import Network
from ablate.nn.nodes import Node

INPUT = "input"
LOSS = "loss"


@dataclass(frozen=True)
class Sizes:
    """How large the numbers at a node are in one training pass: root mean squares, √(mean of squares).

    Attributes
    ----------
    forward
        Of the node's output, over the minibatch and all features; of the loss: its value.
    backward
        Of the gradient of the loss (a mean over the minibatch) with respect to that output. Of the loss: 1.
    parameters
        Of the gradient with respect to the node's own parameters; None where it has none.
    """

    forward: float
    backward: float
    parameters: float | None = None


@dataclass(frozen=True)
class GraphNode:
    """One node; shapes without blocks and batch.

    Attributes
    ----------
    name
        Unique in the graph; inside a composite, the way to it: ``inception1/3x3/conv``.
    kind
        The layer's or loss's class.
    settings
        Its hyperparameters that are plain values.
    parameters
        Number of learnt scalars of its own.
    multiply_adds
        Of one example's forward pass, in products with weights; see `Layer.multiply_adds`.
    branches
        The chains inside a composite, by name; each begins at what enters the composite (an empty one hands it
        on), and their ends meet in the composite itself.
    joins
        How they meet, in a word: ``sum``, ``channels``.
    sizes
        Where the graph was measured.
    """

    name: str
    kind: str
    in_shape: Shape
    out_shape: Shape
    parameters: int = 0
    multiply_adds: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    branches: tuple[tuple[str, tuple[GraphNode, ...]], ...] = ()
    joins: str = ""
    sizes: Sizes | None = None


@dataclass(frozen=True)
class Graph:
    """A network as a graph: the input, the layers, the loss.

    Attributes
    ----------
    chain
        The outermost nodes in order; a composite holds its own.
    """

    chain: tuple[GraphNode, ...]

    def nodes(self) -> list[GraphNode]:
        """Return every node in the order data reaches them: a composite after all that is inside it."""
        return list(_walk(self.chain))

    def edges(self) -> list[tuple[str, str]]:
        """Return (from, to) by name, in the order data passes them."""
        edges: list[tuple[str, str]] = []
        _connect(self.chain, [], edges)
        return edges

    @property
    def parameters(self) -> int:
        """Number of learnt scalars."""
        return sum(node.parameters for node in self.nodes())

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one example's forward pass."""
        return sum(node.multiply_adds for node in self.nodes())


def graph_of(network: Network, loss: Loss | None = None) -> Graph:
    """Return the graph of a network, with the loss as its last node where one is given.

    >>> from ablate.nn import CrossEntropy, Mlp, NoDropout, NoNorm, ReLU
    >>> network = Mlp([4]).build((1, 2, 3), 2, activation=ReLU(), norm=NoNorm(), dropout=NoDropout())
    >>> graph = graph_of(network, CrossEntropy())
    >>> [(node.name, node.kind, node.out_shape, node.parameters) for node in graph.nodes()]
    [('input', 'Input', (6,), 0), ('dense1', 'Dense', (4,), 28), ('activation1', 'ReLU', (4,), 0), \
('dense2', 'Dense', (2,), 10), ('loss', 'CrossEntropy', (), 0)]
    >>> graph.edges()
    [('input', 'dense1'), ('dense1', 'activation1'), ('activation1', 'dense2'), ('dense2', 'loss')]
    """
    chain = [GraphNode(INPUT, "Input", network.in_shape, network.in_shape), *map(_node, network.nodes)]
    if loss is not None:
        chain.append(GraphNode(LOSS, type(loss).__name__, network.out_shape, (), settings=_settings(loss)))
    return Graph(tuple(chain))


def as_json(graph: Graph) -> dict[str, Any]:
    """Return a graph as plain values: nodes in the order data reaches them, and edges by name.

    A size that is not finite is None, as JSON has no other word for it.
    """
    return {
        "nodes": [
            {
                "name": node.name,
                "kind": node.kind,
                "settings": node.settings,
                "in_shape": list(node.in_shape),
                "out_shape": list(node.out_shape),
                "parameters": node.parameters,
                "multiply_adds": node.multiply_adds,
                "joins": node.joins,
                "rms": None if node.sizes is None else _finite(dataclasses.asdict(node.sizes)),
            }
            for node in graph.nodes()
        ],
        "edges": [list(edge) for edge in graph.edges()],
        "parameters": graph.parameters,
        "multiply_adds": graph.multiply_adds,
    }


def _finite(sizes: dict[str, float | None]) -> dict[str, float | None]:
    return {name: value if value is not None and math.isfinite(value) else None for name, value in sizes.items()}


def _node(node: Node) -> GraphNode:
    return GraphNode(
        node.name,
        type(node.layer).__name__,
        node.in_shape,
        node.out_shape,
        sum(parameter.size for parameter in node.layer.parameters(node.in_shape)),
        node.layer.multiply_adds(node.in_shape),
        _settings(node.layer),
        tuple((branch.name, tuple(map(_node, branch.nodes))) for branch in node.branches),
        node.layer.joins,
    )


def _settings(component: Layer | Loss) -> dict[str, Any]:
    values = {f.name: getattr(component, f.name) for f in dataclasses.fields(component)}
    return {name: value for name, value in values.items() if isinstance(value, int | float | str)}


def _walk(chain: Sequence[GraphNode]) -> Iterator[GraphNode]:
    for node in chain:
        for _, inner in node.branches:
            yield from _walk(inner)
        yield node


def _connect(chain: Sequence[GraphNode], sources: list[str], edges: list[tuple[str, str]]) -> list[str]:
    """Add the edges of a chain that begins at `sources`, and return where it ends."""
    for node in chain:
        ends = [end for _, inner in node.branches for end in _connect(inner, sources, edges)]
        edges += [(source, node.name) for source in (ends if node.branches else sources)]
        sources = [node.name]
    return sources
