"""From a network to its program: what each layer's forward and backward pass is made of.

A layer is translated by its exact class: a class of one's own, even one derived from a layer that is translated, has
passes of its own that nobody knows here, and a network with such a layer is trained by the NumPy form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from ablate.nn import layers as nn
from ablate.nn.layer import Layer
from ablate.nn.losses import CrossEntropy, Loss, MeanSquaredError
from ablate.nn.network import Network
from ablate.nn.nodes import Node
from ablate.train.compiled import codes, lower_images, lower_vectors
from ablate.train.compiled.build import Back, Builder, StepTable, Value

Lower = Callable[[Builder, Node, int, Value], tuple[Value, Back]]

LOSSES: dict[type[Loss], int] = {CrossEntropy: codes.CROSS_ENTROPY, MeanSquaredError: codes.SQUARES}


class NoKernelError(Exception):
    """Something in a network has no compiled form."""


def lower(network: Network, loss: Loss, batch: int) -> StepTable:
    """Return the program of a network's training step.

    Raises
    ------
    NoKernelError
        One of its layers, or the loss, is known in its NumPy form only.
    """
    if type(loss) not in LOSSES:
        raise NoKernelError(type(loss).__name__)
    starts, state_starts = network.layout.starts(), network.state_layout.starts()
    builder = Builder(batch, starts, state_starts)
    features = math.prod(network.in_shape)
    data = builder.value(network.in_shape, rows=True)
    data = replace(data, free=False)
    assert data.at == 0 and data.size == batch * features  # noqa: PT018 (the machine writes the minibatch there)
    places = {node.name: place for place, node in enumerate(network.every)}
    scores, back = _chain(builder, network.nodes, places, data)
    if not scores.rows:
        scores = builder.turned(scores)
        raise NoKernelError("scores that do not lie in rows")
    builder.add(LOSSES[type(loss)], scores.at, scores.size, math.prod(network.out_shape))
    back(scores, False)
    return builder.program()


def _chain(builder: Builder, nodes: Sequence[Node], places: dict[str, int], x: Value) -> tuple[Value, Back]:
    """Translate layers one after another."""
    backs: list[Back] = []
    for node in nodes:
        x, back = _node(builder, node, places, x)
        backs.append(back)

    def through(dy: Value, need: bool) -> Value | None:
        dx: Value | None = dy
        for index in range(len(backs) - 1, -1, -1):
            assert dx is not None
            dx = backs[index](dx, need or index > 0)
        return dx

    return x, through


def _node(builder: Builder, node: Node, places: dict[str, int], x: Value) -> tuple[Value, Back]:
    layer, place = node.layer, places[node.name]
    if type(layer) in lower_vectors.ACTIVATIONS:
        return lower_vectors.activation(builder, layer, x)
    if type(layer) in COMPOSITES:
        return COMPOSITES[type(layer)](builder, node, places, x)
    if type(layer) not in LAYERS:
        raise NoKernelError(type(layer).__name__)
    return LAYERS[type(layer)](builder, node, place, x)


def _sum(builder: Builder, one: Value, other: Value, out: Value) -> None:
    builder.images = True
    builder.add(codes.ADD, one.at, one.size, other.at, out.at)


def _copied(builder: Builder, x: Value) -> Value:
    builder.images = True
    y = builder.value(x.shape, rows=x.rows)
    builder.add(codes.COPY, x.at, x.size, y.at)
    return y


def _residual(builder: Builder, node: Node, places: dict[str, int], x: Value) -> tuple[Value, Back]:
    entered = replace(x, free=False)  # both ways read it
    ends = [_chain(builder, branch.nodes, places, entered) for branch in node.branches]
    (body, through), (around, back_around) = ends
    if body.rows != around.rows:
        around = builder.turned(around)
        turned = True
    else:
        turned = False
    y = builder.value(node.out_shape, rows=body.rows)
    _sum(builder, body, around, y)

    def back(dy: Value, need: bool) -> Value | None:
        kept = _copied(builder, dy)  # the body may write over it
        first = through(kept, need)
        second = back_around(builder.turned(dy) if turned else dy, need)
        if first is None or second is None:
            return None
        if first.rows != second.rows:
            second = builder.turned(second)
        _sum(builder, first, second, first)
        builder.give_back(second)
        return first

    return y, back


def _parallel(builder: Builder, node: Node, places: dict[str, int], x: Value) -> tuple[Value, Back]:
    entered = replace(x, free=False)
    y = builder.value(node.out_shape, rows=False)
    backs: list[tuple[Value, Back, bool]] = []
    at = y.at
    for branch in node.branches:
        end, back_through = _chain(builder, branch.nodes, places, entered)
        builder.images = True
        builder.add(*((codes.TURN, end.at, at, builder.batch, math.prod(end.shape)) if end.rows else
                      (codes.COPY, end.at, end.size, at)))  # fmt: skip
        backs.append((replace(end, at=at, rows=False, free=False), back_through, end.rows))
        at += end.size

    def back(dy: Value, need: bool) -> Value | None:
        total: Value | None = None
        for end, back_through, rows in backs:
            part = replace(end, at=dy.at + end.at - y.at)
            dx = back_through(builder.turned(part) if rows else part, need)
            if dx is None:
                continue
            if total is None:
                # What an empty way hands back is a part of dy itself.
                total = dx if dx.free else _copied(builder, dx)
                continue
            if dx.rows != total.rows:
                dx = builder.turned(dx)
            _sum(builder, total, dx, total)
            builder.give_back(dx)
        builder.give_back(dy)
        return total

    return y, back


LAYERS: dict[type[Layer], Lower] = {
    nn.Dense: lower_vectors.dense,
    nn.BatchNorm: lower_vectors.batch_norm,
    nn.GroupNorm: lower_vectors.group_norm,
    nn.LayerNorm: lower_vectors.group_norm,
    nn.BernoulliDropout: lower_vectors.mask,
    nn.BookDropout: lower_vectors.mask,
    nn.GaussianDropout: lower_vectors.mask,
    nn.Flatten: lower_vectors.flatten,
    nn.Conv2d: lower_images.conv,
    nn.MaxPool: lower_images.pool,
    nn.AvgPool: lower_images.pool,
    nn.GlobalAvgPool: lower_images.mean_pixels,
}
COMPOSITES: dict[type[Layer], Callable[[Builder, Node, dict[str, int], Value], tuple[Value, Back]]] = {
    nn.Residual: _residual,
    nn.Parallel: _parallel,
}
