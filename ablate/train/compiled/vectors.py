"""Kernels over vectors, a row per example: sums, biases, norms. Sums run over rows in one order, always."""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate.train.compiled.kernel import kernel


@kernel
def fill(out: Any, value: Any) -> None:
    """Set every number of `out`."""
    for i in range(out.size):
        out[i] = value


@kernel
def copy(source: Any, out: Any) -> None:
    """Copy a run."""
    for i in range(out.size):
        out[i] = source[i]


@kernel
def multiply(x: Any, z: Any, out: Any) -> None:
    """Write products number by number; `out` may be `x`."""
    for i in range(out.size):
        out[i] = x[i] * z[i]


@kernel
def add(x: Any, z: Any, out: Any) -> None:
    """Write sums number by number; `out` may be `x` or `z`."""
    for i in range(out.size):
        out[i] = x[i] + z[i]


@kernel
def add_bias(y: Any, bias: Any) -> None:
    """Add `bias` to each row of `y`."""
    width = bias.size
    for begin in range(0, y.size, width):
        row = y[begin : begin + width]
        for c in range(width):
            row[c] += bias[c]


@kernel
def column_sums(x: Any, out: Any) -> None:
    """Write the sum of each column of `x` to `out`, four rows at a time."""
    width = out.size
    fill(out, 0)
    whole = x.size // (4 * width) * (4 * width)
    for begin in range(0, whole, 4 * width):
        first, second = x[begin : begin + width], x[begin + width : begin + 2 * width]
        third, fourth = x[begin + 2 * width : begin + 3 * width], x[begin + 3 * width : begin + 4 * width]
        for c in range(width):
            out[c] += (first[c] + second[c]) + (third[c] + fourth[c])
    for begin in range(whole, x.size, width):
        row = x[begin : begin + width]
        for c in range(width):
            out[c] += row[c]


@kernel
def finish_statistics(
    inverse: Any, scale: Any, gain: Any, mean: Any, state: Any, share: Any, eps: Any, old: Any
) -> None:
    """Turn sums of squares in `inverse` to 1 / √(σ² + eps), and fold mean and variance into the running values.

    `state` holds the running means, the running variances, and how many minibatches went in.
    """
    one = mean.dtype.type(1)
    width = mean.size
    for c in range(width):
        variance = inverse[c] * share
        state[c] = state[c] * old + (one - old) * mean[c]
        state[width + c] = state[width + c] * old + (one - old) * variance
        inverse[c] = one / np.sqrt(variance + eps)
        scale[c] = inverse[c] * gain[c]
    state[2 * width] += one


@kernel
def batch_norm(
    x: Any, centred: Any, y: Any, kept: Any, gain: Any, shift: Any, state: Any, share: Any, eps: Any, old: Any
) -> None:
    """Write x - μ to `centred` (it may be `x`) and gain * x̂ + shift to `y`; `kept` takes mean, 1/σ and gain/σ.

    Squares are of what is already centred: E[x²] - E[x]² would cancel in float32.
    """
    width = gain.size
    mean, inverse, scale = kept[:width], kept[width : 2 * width], kept[2 * width : 3 * width]
    column_sums(x, mean)
    for c in range(width):
        mean[c] *= share
    fill(inverse, 0)
    for begin in range(0, x.size, width):
        row, out = x[begin : begin + width], centred[begin : begin + width]
        for c in range(width):
            way = row[c] - mean[c]
            out[c] = way
            inverse[c] += way * way
    finish_statistics(inverse, scale, gain, mean, state, share, eps, old)
    for begin in range(0, x.size, width):
        row, out = centred[begin : begin + width], y[begin : begin + width]
        for c in range(width):
            out[c] = row[c] * scale[c] + shift[c]


@kernel
def batch_norm_back(dy: Any, centred: Any, kept: Any, dgain: Any, dshift: Any, count: Any, need: bool) -> None:
    """Write dgain and dshift, and dx over `dy` where it is needed."""
    width = dgain.size
    mean, inverse, scale = kept[:width], kept[width : 2 * width], kept[2 * width : 3 * width]
    fill(dgain, 0)
    fill(dshift, 0)
    for begin in range(0, dy.size, width):
        row, along = dy[begin : begin + width], centred[begin : begin + width]
        for c in range(width):
            dshift[c] += row[c]
            dgain[c] += row[c] * along[c]
    for c in range(width):
        dgain[c] *= inverse[c]
    if not need:
        return
    for c in range(width):  # the mean is not needed any more
        inverse[c] = inverse[c] * dgain[c] / count
        mean[c] = dshift[c] / count
    for begin in range(0, dy.size, width):
        row, along = dy[begin : begin + width], centred[begin : begin + width]
        for c in range(width):
            row[c] = (row[c] - along[c] * inverse[c] - mean[c]) * scale[c]


@kernel
def total(x: Any, lanes: Any) -> Any:
    """Return the sum of `x`, as 32 sums side by side; `lanes` is room for them."""
    fill(lanes[:32], 0)
    whole = x.size // 32 * 32
    for begin in range(0, whole, 32):
        part = x[begin : begin + 32]
        for lane in range(32):
            lanes[lane] += part[lane]
    summed = x.dtype.type(0)
    for i in range(whole, x.size):
        summed += x[i]
    for lane in range(32):
        summed += lanes[lane]
    return summed


@kernel
def dot(x: Any, z: Any, lanes: Any) -> Any:
    """Return the sum of the products of `x` and `z`; see `total`."""
    fill(lanes[:32], 0)
    whole = x.size // 32 * 32
    for begin in range(0, whole, 32):
        part, other = x[begin : begin + 32], z[begin : begin + 32]
        for lane in range(32):
            lanes[lane] += part[lane] * other[lane]
    summed = x.dtype.type(0)
    for i in range(whole, x.size):
        summed += x[i] * z[i]
    for lane in range(32):
        summed += lanes[lane]
    return summed


@kernel
def group_norm(
    x: Any, normed: Any, y: Any, inverse: Any, gain: Any, shift: Any, groups: int, eps: Any, lanes: Any
) -> None:
    """Normalise each row of `x` over each of `groups` groups of its numbers; x̂ goes to `normed`."""
    width, per, one = gain.size, gain.size // groups, x.dtype.type(1)
    share = one / x.dtype.type(per)
    at = 0
    for begin in range(0, x.size, width):
        for start in range(begin, begin + width, per):
            source, out = x[start : start + per], normed[start : start + per]
            mean = total(source, lanes) * share
            for c in range(per):
                out[c] = source[c] - mean
            scale = one / np.sqrt(dot(out, out, lanes) * share + eps)
            for c in range(per):
                out[c] *= scale
            inverse[at] = scale
            at += 1
        row, out = normed[begin : begin + width], y[begin : begin + width]
        for c in range(width):
            out[c] = row[c] * gain[c] + shift[c]


@kernel
def group_norm_back(
    dy: Any, normed: Any, inverse: Any, gain: Any, dgain: Any, dshift: Any, groups: int, need: bool, lanes: Any
) -> None:
    """Write dgain and dshift, and dx over `dy` where it is needed."""
    width, per = gain.size, gain.size // groups
    share = dy.dtype.type(1) / dy.dtype.type(per)
    fill(dgain, 0)
    fill(dshift, 0)
    for begin in range(0, dy.size, width):
        row, along = dy[begin : begin + width], normed[begin : begin + width]
        for c in range(width):
            dshift[c] += row[c]
            dgain[c] += row[c] * along[c]
            row[c] *= gain[c]
    if not need:
        return
    for at in range(dy.size // per):
        start = at * per
        g, along, scale = dy[start : start + per], normed[start : start + per], inverse[at]
        mean, slope = total(g, lanes) * share, dot(g, along, lanes) * share
        for c in range(per):
            g[c] = (g[c] - mean - along[c] * slope) * scale
