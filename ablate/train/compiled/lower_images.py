"""The passes of layers of images."""

from __future__ import annotations

from dataclasses import replace

from ablate.nn import layers as nn
from ablate.nn.nodes import Node
from ablate.train.compiled import codes
from ablate.train.compiled.build import Back, Builder, Value


def _images(builder: Builder, x: Value) -> tuple[Value, bool]:
    """Return images with the batch last, and whether they had to be turned."""
    builder.images = True
    return (builder.turned(x), True) if x.rows else (x, False)


def _back_turned(builder: Builder, dx: Value | None, turned: bool) -> Value | None:
    return builder.turned(dx) if turned and dx is not None else dx


def conv(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:
    """Translate a convolution: W X by pieces, dW likewise, dX by W turned or spread."""
    layer, batch, starts = node.layer, builder.batch, builder.params[place]
    assert isinstance(layer, nn.Conv2d)
    source, turned = _images(builder, x)
    channels, filters = node.in_shape[0], layer.filters
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


def pool(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:  # noqa: ARG001
    """Translate pooling."""
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


def mean_pixels(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:  # noqa: ARG001
    """Translate the mean over all pixels."""
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
