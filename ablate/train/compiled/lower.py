"""From a network to its program: what each layer's forward and backward pass is made of.

A layer is translated by its exact class: a class of one's own, even one derived from a layer that is translated, has
passes of its own that nobody knows here, and a network with such a layer is trained by the NumPy form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from ablate.nn import activations as act
from ablate.nn import layers as nn
from ablate.nn.activations import Activation
from ablate.nn.layer import Layer
from ablate.nn.losses import CrossEntropy, Loss, MeanSquaredError
from ablate.nn.network import Network
from ablate.nn.nodes import Node
from ablate.train.compiled import codes
from ablate.train.compiled.build import Back, Builder, Program, Value, reshaped

Lower = Callable[[Builder, Node, int, Value], tuple[Value, Back]]

ACTIVATIONS: dict[type[Activation], tuple[int, str]] = {
    act.ReLU: (codes.RELU, ""),
    act.Step: (codes.STEP, ""),
    act.HardSigmoid: (codes.HARD_SIGMOID, ""),
    act.LeakyReLU: (codes.LEAKY_RELU, "negative_slope"),
    act.Sigmoid: (codes.SIGMOID, ""),
    act.Tanh: (codes.TANH, ""),
    act.ELU: (codes.ELU, "alpha"),
    act.Softplus: (codes.SOFTPLUS, ""),
    act.GELU: (codes.GELU, ""),
    act.SiLU: (codes.SILU, ""),
    act.StepSTE: (codes.STEP_STE, "window"),
    act.SteepSigmoid: (codes.STEEP_SIGMOID, "k"),
    act.ZeroCentredSigmoid: (codes.ZERO_CENTRED_SIGMOID, ""),
}
"""What each is called there, and the field that holds its number."""

LOSSES: dict[type[Loss], int] = {CrossEntropy: codes.CROSS_ENTROPY, MeanSquaredError: codes.SQUARES}


class NoKernelError(Exception):
    """Something in a network has no compiled form."""


def lower(network: Network, loss: Loss, batch: int) -> Program:
    """Return the program of a network's training step.

    Raises
    ------
    NoKernelError
        One of its layers, or the loss, is known in its NumPy form only.
    """
    if type(loss) not in LOSSES:
        raise NoKernelError(type(loss).__name__)
    starts, held = network.layout.starts(), network.state_layout.starts()
    builder = Builder(batch, starts, held)
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
        found: Value | None = dy
        for index in range(len(backs) - 1, -1, -1):
            assert found is not None
            found = backs[index](found, need or index > 0)
        return found

    return x, through


def _node(builder: Builder, node: Node, places: dict[str, int], x: Value) -> tuple[Value, Back]:
    layer, place = node.layer, places[node.name]
    if type(layer) in ACTIVATIONS:
        return _activation(builder, layer, x)
    if type(layer) in COMPOSITES:
        return COMPOSITES[type(layer)](builder, node, places, x)
    if type(layer) not in LAYERS:
        raise NoKernelError(type(layer).__name__)
    return LAYERS[type(layer)](builder, node, place, x)


def _activation(builder: Builder, layer: Layer, x: Value) -> tuple[Value, Back]:
    kind, name = ACTIVATIONS[type(layer)]  # type: ignore[index]
    number = (float(getattr(layer, name)) if name else 1.0,)
    keep = layer.needs_input or not x.free  # type: ignore[attr-defined]
    y = builder.value(x.shape, rows=x.rows) if keep else x
    aux = builder.room(x.size) if kind == codes.GELU else 0
    builder.add(codes.ACTIVATE, x.at, x.size, y.at, kind, aux, scalars=number)

    def back(dy: Value, need: bool) -> Value:  # noqa: ARG001
        builder.add(codes.ACTIVATE_BACK, x.at, x.size, y.at, kind, aux, dy.at, scalars=number)
        return dy

    # The slope reads the output, so nobody may write over it.
    return replace(y, free=False), back


def _dense(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:
    layer, batch, starts = node.layer, builder.batch, builder.params[place]
    assert isinstance(layer, nn.Dense)
    (width,), units = node.in_shape, layer.units
    y = builder.value((units,), rows=True)
    weight = (codes.PARAMS, starts["W"], units)
    # Vectors of flattened images lie with the batch last: turned, to BLAS.
    along = width if x.rows else batch
    builder.add(
        codes.PRODUCT, int(not x.rows), 0, batch, units, width, codes.WORK, x.at, along, *weight,
        codes.WORK, y.at, units,
    )  # fmt: skip
    if layer.bias:
        builder.add(codes.BIAS_ROWS, y.at, y.size, units, starts["b"])

    def back(dy: Value, need: bool) -> Value | None:
        there = (codes.WORK, dy.at, units)
        builder.add(
            codes.PRODUCT, int(x.rows), 0, width, units, batch, codes.WORK, x.at, along, *there,
            codes.GRADS, starts["W"], units,
        )  # fmt: skip
        if layer.bias:
            builder.add(codes.BIAS_ROWS_BACK, dy.at, dy.size, units, starts["b"])
        if not need:
            return None
        dx = builder.value(x.shape, rows=x.rows)
        if x.rows:
            builder.add(
                codes.PRODUCT, 0, 1, batch, width, units, *there, *weight, codes.WORK, dx.at, width
            )  # fmt: skip
        else:
            builder.add(codes.PRODUCT, 0, 1, width, batch, units, *weight, *there, codes.WORK, dx.at, batch)
        builder.give_back(dy)
        return dx

    return y, back


def _mask(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:  # noqa: ARG001
    builder.masks.append((node.layer, x.shape, x.rows))
    at = builder.mask_size
    builder.mask_size += x.size
    y = builder.value(x.shape, rows=x.rows)
    builder.add(codes.MASK, x.at, x.size, y.at, at)

    def back(dy: Value, need: bool) -> Value:  # noqa: ARG001
        builder.add(codes.MASK, dy.at, dy.size, dy.at, at)
        return dy

    return y, back


def _norm_rows(builder: Builder, x: Value) -> tuple[Value, Value, bool]:
    """Return what a norm reads, and where it may keep what it needs: over its input, or beside it."""
    turned = len(x.shape) == 1 and not x.rows or len(x.shape) > 1 and x.rows
    source = builder.turned(x) if turned else x
    kept = source if source.free else builder.value(x.shape, rows=source.rows)
    return source, kept, turned


def _batch_norm(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:
    layer, starts, state = node.layer, builder.params[place], builder.state[place]
    assert isinstance(layer, nn.BatchNorm)
    source, centred, turned = _norm_rows(builder, x)
    width, count = x.shape[0], x.size // x.shape[0]
    forward, backward = codes.BATCH_ROWS, codes.BATCH_ROWS_BACK
    if len(x.shape) > 1:
        forward, backward, builder.images = codes.BATCH_RUNS, codes.BATCH_RUNS_BACK, True
    y, kept = builder.value(x.shape, rows=source.rows), builder.room(3 * width)
    assert state["variance"] == state["mean"] + width and state["seen"] == state["mean"] + 2 * width  # noqa: PT018
    builder.add(
        forward, source.at, x.size, width, starts["gain"], starts["shift"], centred.at, y.at, kept, state["mean"],
        scalars=(1.0 / count, layer.eps, layer.old_weight),
    )  # fmt: skip

    def back(dy: Value, need: bool) -> Value:
        builder.add(
            backward, dy.at, x.size, width, starts["gain"], starts["shift"], centred.at, 0, kept, int(need),
            scalars=(float(count),),
        )  # fmt: skip
        return builder.turned(dy) if turned and need else dy

    return y, back


def _group_norm(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:
    layer, starts = node.layer, builder.params[place]
    assert isinstance(layer, nn.GroupNorm | nn.LayerNorm)
    groups = layer.groups_of(x.shape) if isinstance(layer, nn.GroupNorm) else 1
    source, normed, turned = _norm_rows(builder, x)
    width = x.shape[0]
    forward, backward = codes.GROUP_ROWS, codes.GROUP_ROWS_BACK
    if len(x.shape) > 1:
        forward, backward, builder.images = codes.GROUP_RUNS, codes.GROUP_RUNS_BACK, True
    y, inverse = builder.value(x.shape, rows=source.rows), builder.room(builder.batch * groups)
    places = (starts["gain"], starts["shift"], normed.at)
    builder.add(
        forward, source.at, x.size, width, *places, y.at, inverse, groups, builder.batch, scalars=(layer.eps,)
    )  # fmt: skip

    def back(dy: Value, need: bool) -> Value:
        rest = (groups, int(need)) if len(x.shape) == 1 else (groups, builder.batch, int(need))
        builder.add(backward, dy.at, x.size, width, *places, 0, inverse, *rest)
        return builder.turned(dy) if turned and need else dy

    return y, back


def _flatten(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:  # noqa: ARG001
    def back(dy: Value, need: bool) -> Value | None:
        if not need:
            return None
        if dy.rows != x.rows:
            turned = builder.turned(reshaped(dy, x.shape))
            builder.give_back(dy)
            return turned
        return reshaped(dy, x.shape)

    return reshaped(x, node.out_shape), back


def _images(builder: Builder, x: Value) -> tuple[Value, bool]:
    """Return images with the batch last, and whether they had to be turned."""
    builder.images = True
    return (builder.turned(x), True) if x.rows else (x, False)


def _back_turned(builder: Builder, dx: Value | None, turned: bool) -> Value | None:
    return builder.turned(dx) if turned and dx is not None else dx


def _conv(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:
    layer, batch, starts = node.layer, builder.batch, builder.params[place]
    assert isinstance(layer, nn.Conv2d)
    source, turned = _images(builder, x)
    (channels, height, width), (filters, tall, wide) = node.in_shape, node.out_shape
    kernel, stride, pad = layer.kernel, layer.stride, layer.padding
    y = builder.value(node.out_shape, rows=False)

    def operation(
        code: int, image: Value, weight: int, where: int, out: Value, *, pad: int, stride: int = stride
    ) -> None:
        """Append a pass over the windows of `image` that meet the numbers of `out`."""
        sizes, there = image.shape, out.shape
        depth = sizes[0] * kernel**2
        piece = max(codes.PIECE // (depth * there[2] * batch), 1)
        if not (kernel == 1 and stride == 1 and pad == 0):
            builder.borrow(depth * min(piece, there[1]) * there[2] * batch)
        builder.add(
            code, image.at, weight, where, out.at, *sizes, batch, there[0], kernel, stride, pad, piece, *there[1:]
        )

    operation(codes.CONV, source, starts["W"], codes.PARAMS, y, pad=pad)
    if layer.bias:
        builder.add(codes.BIAS_RUNS, y.at, y.size, filters, starts["b"])

    def back(dy: Value, need: bool) -> Value | None:
        operation(codes.CONV_WEIGHTS, source, starts["W"], codes.GRADS, dy, pad=pad)
        if layer.bias:
            builder.add(codes.BIAS_RUNS_BACK, dy.at, dy.size, filters, starts["b"])
        if not need:
            return None
        dx = builder.value(x.shape, rows=False)
        if stride == 1 and pad < kernel and kernel > 1:
            # As a convolution with W turned by 180° and its channels exchanged: copying windows is cheaper than adding.
            size = channels * filters * kernel**2
            weight = builder.room(size)
            builder.add(codes.CONV_TURN, starts["W"], weight, filters, channels, kernel)
            operation(codes.CONV, dy, weight, codes.WORK, dx, pad=kernel - 1 - pad, stride=1)
        else:
            operation(codes.CONV_SPREAD, dx, starts["W"], codes.PARAMS, dy, pad=pad)
        builder.give_back(dy)
        return _back_turned(builder, dx, turned)

    return y, back


def _pool(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:  # noqa: ARG001
    layer, batch = node.layer, builder.batch
    assert isinstance(layer, nn.Pool)
    source, turned = _images(builder, x)
    (channels, height, width), (_, tall, wide) = node.in_shape, node.out_shape
    y = builder.value(node.out_shape, rows=False)
    between = channels * height * wide * batch
    rows = builder.room(between)
    window = (layer.kernel, layer.kernel if layer.stride is None else layer.stride, layer.padding)
    largest = isinstance(layer, nn.MaxPool)
    rest = (y.at, rows, channels, height, width, batch, tall, wide, *window, int(largest))
    builder.add(codes.POOL, source.at, *rest)

    def back(dy: Value, need: bool) -> Value | None:
        if not need:
            return None
        dx = builder.value(x.shape, rows=False)
        builder.borrow(between + wide * batch)
        builder.add(codes.POOL_BACK, source.at, *rest, dy.at, dx.at)
        builder.give_back(dy)
        return _back_turned(builder, dx, turned)

    return (replace(y, free=False) if largest else y), back


def _mean_pixels(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:  # noqa: ARG001
    source, turned = _images(builder, x)
    y = builder.value(node.out_shape, rows=False)
    shared = (node.in_shape[0], builder.batch)
    builder.add(codes.MEAN_PIXELS, source.at, source.size, y.at, *shared)

    def back(dy: Value, need: bool) -> Value | None:
        if not need:
            return None
        dx = builder.value(x.shape, rows=False)
        builder.add(codes.MEAN_PIXELS_BACK, dx.at, dx.size, dy.at, *shared)
        builder.give_back(dy)
        return _back_turned(builder, dx, turned)

    return y, back


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
            found = back_through(builder.turned(part) if rows else part, need)
            if found is None:
                continue
            if total is None:
                # What an empty way hands back is a part of dy itself.
                total = found if found.free else _copied(builder, found)
                continue
            if found.rows != total.rows:
                found = builder.turned(found)
            _sum(builder, total, found, total)
            builder.give_back(found)
        builder.give_back(dy)
        return total

    return y, back


LAYERS: dict[type[Layer], Lower] = {
    nn.Dense: _dense,
    nn.BatchNorm: _batch_norm,
    nn.GroupNorm: _group_norm,
    nn.LayerNorm: _group_norm,
    nn.BernoulliDropout: _mask,
    nn.BookDropout: _mask,
    nn.GaussianDropout: _mask,
    nn.Flatten: _flatten,
    nn.Conv2d: _conv,
    nn.MaxPool: _pool,
    nn.AvgPool: _pool,
    nn.GlobalAvgPool: _mean_pixels,
}
COMPOSITES: dict[type[Layer], Callable[[Builder, Node, dict[str, int], Value], tuple[Value, Back]]] = {
    nn.Residual: _residual,
    nn.Parallel: _parallel,
}
