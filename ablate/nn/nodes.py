"""Layers in their places: a network before it holds any numbers, as a tree of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ablate.nn.layer import Layer, Layers, Shape


@dataclass(frozen=True)
class Branch:
    """One of the chains inside a composite layer; empty where the input passes as it is."""

    name: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Node:
    """One layer in its place; shapes without blocks and batch.

    Attributes
    ----------
    name
        Unique in the network; inside a composite, the way to it: ``inception1/3x3/conv``.
    branches
        The chains inside, empty for a plain layer. Each begins at `in_shape`; `layer.joins` says how their ends meet.
    """

    name: str
    layer: Layer
    in_shape: Shape
    out_shape: Shape
    branches: tuple[Branch, ...] = ()


def chain(layers: Layers, shape: Shape, *, within: str = "") -> tuple[Node, ...]:
    """Return the nodes of layers one after another, for inputs of `shape`; layers that do nothing are left out."""
    nodes: list[Node] = []
    for short_name, layer in layers:
        if not layer.identity:
            name = within + short_name
            branches = tuple(
                Branch(branch, chain(inner, shape, within=f"{name}/{branch}/"))
                for branch, inner in layer.branches(shape)
            )
            nodes.append(Node(name, layer, shape, layer.out_shape(shape), branches))
            shape = nodes[-1].out_shape
    return tuple(nodes)


def end_shape(layers: Layers, shape: Shape) -> Shape:
    """Return the shape that leaves a chain of layers."""
    for _, layer in layers:
        shape = layer.out_shape(shape)
    return shape


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield every node in the order data reaches them, a composite before what is inside it."""
    for node in nodes:
        yield node
        for branch in node.branches:
            yield from walk(branch.nodes)
