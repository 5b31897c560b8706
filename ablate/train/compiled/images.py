"""Kernels over images, (channels, height, width, batch): a channel is one run, a pixel's batch another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate.train.compiled.kernel import kernel
from ablate.train.compiled.vectors import column_sums, copy, dot, fill, total


@kernel
def turn(x: Any, y: Any, rows: int, columns: int) -> None:
    """Write `x` (rows, columns) to `y` (columns, rows), eight rows at a time."""
    for begin in range(0, rows, 8):
        end = min(begin + 8, rows)
        for c in range(columns):
            for r in range(begin, end):
                y[c * rows + r] = x[r * columns + c]


@kernel
def lay_windows(
    x: Any, columns: Any, shape: Any, kernel: int, stride: int, pad: int, first: int, last: int, wide: int
) -> None:
    """Lay out the windows of output rows `first` to `last` as columns, (channels * kernel², windows), zeros outside.

    Parameters
    ----------
    shape
        (channels, height, width, batch) of `x`.
    wide
        Windows beside each other.
    """
    channels, height, width, batch = shape
    run = (last - first) * wide * batch
    at = 0
    for c in range(channels):
        for i in range(kernel):
            for j in range(kernel):
                column = columns[at * run : (at + 1) * run]
                at += 1
                # The windows whose pixel in column j lies inside the image.
                low = max(0, -((j - pad) // stride)) if j < pad else 0
                high = min(wide, (width - 1 + pad - j) // stride + 1) if width - 1 + pad - j >= 0 else 0
                low = min(low, high)
                for r in range(first, last):
                    out = column[(r - first) * wide * batch : (r - first + 1) * wide * batch]
                    y = r * stride + i - pad
                    if y < 0 or y >= height:
                        fill(out, 0)
                        continue
                    row = x[(c * height + y) * width * batch : (c * height + y + 1) * width * batch]
                    fill(out[: low * batch], 0)
                    fill(out[high * batch :], 0)
                    if stride == 1:
                        begin = (low + j - pad) * batch
                        source, inside = row[begin:], out[low * batch : high * batch]
                        copy(source, inside)
                    else:
                        for o in range(low, high):
                            source = row[(o * stride + j - pad) * batch : (o * stride + j - pad + 1) * batch]
                            inside = out[o * batch : (o + 1) * batch]
                            copy(source, inside)


@kernel
def spread(
    columns: Any, dx: Any, shape: Any, kernel: int, stride: int, pad: int, first: int, last: int, wide: int
) -> None:
    """Add columns to the pixels they were cut from; see `lay_windows`."""
    channels, height, width, batch = shape
    run = (last - first) * wide * batch
    at = 0
    for c in range(channels):
        for i in range(kernel):
            for j in range(kernel):
                column = columns[at * run : (at + 1) * run]
                at += 1
                for r in range(first, last):
                    y = r * stride + i - pad
                    if y < 0 or y >= height:
                        continue
                    for o in range(wide):
                        z = o * stride + j - pad
                        if z < 0 or z >= width:
                            continue
                        pixel = dx[((c * height + y) * width + z) * batch : ((c * height + y) * width + z + 1) * batch]
                        begin = ((r - first) * wide + o) * batch
                        part = column[begin : begin + batch]
                        for p in range(batch):
                            pixel[p] += part[p]


@kernel
def turn_weights(weight: Any, turned: Any, filters: int, channels: int, kernel: int) -> None:
    """Write W (filters, channels, kernel²) turned by 180° as (channels, filters, kernel²)."""
    area = kernel * kernel
    for f in range(filters):
        for c in range(channels):
            for k in range(area):
                turned[(c * filters + f) * area + area - 1 - k] = weight[(f * channels + c) * area + k]


@kernel
def add_bias(y: Any, bias: Any) -> None:
    """Add each channel's bias to its run."""
    run = y.size // bias.size
    for c in range(bias.size):
        channel, b = y[c * run : (c + 1) * run], bias[c]
        for p in range(run):
            channel[p] += b


@kernel
def channel_sums(x: Any, out: Any, lanes: Any) -> None:
    """Write the sum of each channel to `out`."""
    run = x.size // out.size
    for c in range(out.size):
        out[c] = total(x[c * run : (c + 1) * run], lanes)


@kernel
def batch_norm(
    x: Any, centred: Any, y: Any, kept: Any, gain: Any, shift: Any, state: Any, share: Any, eps: Any, old: Any,
    lanes: Any,
) -> None:  # fmt: skip
    """Normalise each channel; as `vectors.batch_norm`, run by run."""
    width, one = gain.size, x.dtype.type(1)
    run = x.size // width
    for c in range(width):
        channel, around = x[c * run : (c + 1) * run], centred[c * run : (c + 1) * run]
        mean = total(channel, lanes) * share
        fill(lanes[:32], 0)
        whole = run // 32 * 32
        for begin in range(0, whole, 32):
            part, to = channel[begin : begin + 32], around[begin : begin + 32]
            for lane in range(32):
                way = part[lane] - mean
                to[lane] = way
                lanes[lane] += way * way
        variance = x.dtype.type(0)
        for p in range(whole, run):
            way = channel[p] - mean
            around[p] = way
            variance += way * way
        for lane in range(32):
            variance += lanes[lane]
        variance *= share
        state[c] = state[c] * old + (one - old) * mean
        state[width + c] = state[width + c] * old + (one - old) * variance
        inverse = one / np.sqrt(variance + eps)
        scale = inverse * gain[c]
        kept[width + c], kept[2 * width + c] = inverse, scale
        out = y[c * run : (c + 1) * run]
        for p in range(run):
            out[p] = around[p] * scale + shift[c]
    state[2 * width] += one


@kernel
def batch_norm_back(
    dy: Any, centred: Any, kept: Any, dgain: Any, dshift: Any, count: Any, need: bool, lanes: Any
) -> None:
    """Write dgain and dshift, and dx over `dy` where it is needed."""
    width = dgain.size
    run = dy.size // width
    for c in range(width):
        row, along = dy[c * run : (c + 1) * run], centred[c * run : (c + 1) * run]
        inverse, scale = kept[width + c], kept[2 * width + c]
        dshift[c] = total(row, lanes)
        dgain[c] = dot(row, along, lanes) * inverse
        if need:
            factor, mean = inverse * dgain[c] / count, dshift[c] / count
            for p in range(run):
                row[p] = (row[p] - along[p] * factor - mean) * scale


@kernel
def group_norm(
    x: Any, normed: Any, y: Any, inverse: Any, gain: Any, shift: Any, groups: int, batch: int, eps: Any
) -> None:
    """Normalise each example over groups of channels and all pixels; the statistics are runs of `batch` numbers."""
    channels, one = gain.size, x.dtype.type(1)
    run = x.size // groups
    pixels = x.size // channels
    share = one / x.dtype.type(run // batch)
    mean = np.empty(batch, x.dtype)
    for g in range(groups):
        source, out = x[g * run : (g + 1) * run], normed[g * run : (g + 1) * run]
        scale = inverse[g * batch : (g + 1) * batch]
        column_sums(source, mean)
        for b in range(batch):
            mean[b] *= share
        fill(scale, 0)
        for begin in range(0, run, batch):
            row, centred = source[begin : begin + batch], out[begin : begin + batch]
            for b in range(batch):
                way = row[b] - mean[b]
                centred[b] = way
                scale[b] += way * way
        for b in range(batch):
            scale[b] = one / np.sqrt(scale[b] * share + eps)
        for begin in range(0, run, batch):
            centred = out[begin : begin + batch]
            for b in range(batch):
                centred[b] *= scale[b]
    for c in range(channels):
        row, out = normed[c * pixels : (c + 1) * pixels], y[c * pixels : (c + 1) * pixels]
        for p in range(pixels):
            out[p] = row[p] * gain[c] + shift[c]


@kernel
def group_norm_back(
    dy: Any, normed: Any, inverse: Any, gain: Any, dgain: Any, dshift: Any, groups: int, batch: int, need: bool,
    lanes: Any,
) -> None:  # fmt: skip
    """Write dgain and dshift, and dx over `dy` where it is needed."""
    channels = gain.size
    run, pixels = dy.size // groups, dy.size // channels
    share = dy.dtype.type(1) / dy.dtype.type(run // batch)
    for c in range(channels):
        row, along = dy[c * pixels : (c + 1) * pixels], normed[c * pixels : (c + 1) * pixels]
        dshift[c] = total(row, lanes)
        dgain[c] = dot(row, along, lanes)
        for p in range(pixels):
            row[p] *= gain[c]
    if not need:
        return
    mean, slope = np.empty(batch, dy.dtype), np.empty(batch, dy.dtype)
    for g in range(groups):
        row, along = dy[g * run : (g + 1) * run], normed[g * run : (g + 1) * run]
        scale = inverse[g * batch : (g + 1) * batch]
        fill(mean, 0)
        fill(slope, 0)
        for begin in range(0, run, batch):
            part, unit = row[begin : begin + batch], along[begin : begin + batch]
            for b in range(batch):
                mean[b] += part[b]
                slope[b] += part[b] * unit[b]
        for b in range(batch):
            mean[b] *= share
            slope[b] *= share
        for begin in range(0, run, batch):
            part, unit = row[begin : begin + batch], along[begin : begin + batch]
            for b in range(batch):
                part[b] = (part[b] - mean[b] - unit[b] * slope[b]) * scale[b]


@kernel
def mean_pixels(x: Any, y: Any, channels: int, batch: int) -> None:
    """Write each channel's mean over its pixels, (channels, batch)."""
    run = x.size // channels
    share = x.dtype.type(1) / x.dtype.type(run // batch)
    for c in range(channels):
        out = y[c * batch : (c + 1) * batch]
        column_sums(x[c * run : (c + 1) * run], out)
        for b in range(batch):
            out[b] *= share


@kernel
def mean_pixels_back(dy: Any, dx: Any, channels: int, batch: int) -> None:
    """Give each pixel its share of the mean's gradient; `dy` is divided."""
    run = dx.size // channels
    count = dx.dtype.type(run // batch)
    for c in range(channels):
        given = dy[c * batch : (c + 1) * batch]
        for b in range(batch):
            given[b] = given[b] / count
        for begin in range(c * run, (c + 1) * run, batch):
            pixel = dx[begin : begin + batch]
            for b in range(batch):
                pixel[b] = given[b]
