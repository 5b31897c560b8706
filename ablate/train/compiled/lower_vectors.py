"""The passes of layers of vectors, and of those that treat each number alike."""

from __future__ import annotations

from dataclasses import replace

from ablate.nn import activations as act
from ablate.nn import layers as nn
from ablate.nn.activations import Activation
from ablate.nn.layer import Layer
from ablate.nn.nodes import Node
from ablate.train.compiled import codes
from ablate.train.compiled.build import Back, Builder, Value, reshaped

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


def activation(builder: Builder, layer: Layer, x: Value) -> tuple[Value, Back]:
    """Translate an activation, in place where its input may be written over."""
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


def dense(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:
    """Translate a fully connected layer."""
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
        dx = builder.value(x.shape, rows=x.rows) if need else None
        if dx is not None and x.rows:
            builder.add(codes.PRODUCT, 0, 1, batch, width, units, *there, *weight, codes.WORK, dx.at, width)
        elif dx is not None:
            builder.add(codes.PRODUCT, 0, 1, width, batch, units, *weight, *there, codes.WORK, dx.at, batch)
        if layer.bias:
            builder.add(codes.BIAS_ROWS_BACK, dy.at, dy.size, units, starts["b"])
        # After what reads the weights: they may be moved by the product itself.
        builder.add(
            codes.PRODUCT, int(x.rows), 0, width, units, batch, codes.WORK, x.at, along, *there,
            codes.GRADS, starts["W"], units,
        )  # fmt: skip
        if dx is not None:
            builder.give_back(dy)
        return dx

    return y, back


def mask(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:  # noqa: ARG001
    """Translate dropout: a product with what was drawn."""
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
    turned = (len(x.shape) == 1 and not x.rows) or (len(x.shape) > 1 and x.rows)
    source = builder.turned(x) if turned else x
    kept = source if source.free else builder.value(x.shape, rows=source.rows)
    return source, kept, turned


def batch_norm(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:
    """Translate batch normalisation."""
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


def group_norm(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:
    """Translate group and layer normalisation."""
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


def flatten(builder: Builder, node: Node, place: int, x: Value) -> tuple[Value, Back]:  # noqa: ARG001
    """Translate flattening: nothing is moved."""

    def back(dy: Value, need: bool) -> Value | None:
        if not need:
            return None
        if dy.rows != x.rows:
            turned = builder.turned(reshaped(dy, x.shape))
            builder.give_back(dy)
            return turned
        return reshaped(dy, x.shape)

    return reshaped(x, node.out_shape), back
