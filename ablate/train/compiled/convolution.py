"""Convolution of a block's images, as products of its weights with windows laid out as columns."""

from __future__ import annotations

from typing import Any

from ablate.train.compiled import codes, images, vectors
from ablate.train.compiled.blas import product
from ablate.train.compiled.kernel import kernel

CONV, CONV_SPREAD = codes.CONV, codes.CONV_SPREAD


@kernel
def convolve(
    op: Any, address: Any, letters: Any, sizes: Any, factors: Any, work: Any, params: Any, grads: Any, spare: Any
) -> None:
    """Convolution in pieces of rows.

    op: places of x, weights (and where they lie), y; channels, height, width, batch; filters, kernel, stride, pad;
    rows of a piece; out height, width.
    """
    code = op[0]
    channels, height, width, batch = op[5], op[6], op[7], op[8]
    filters, kernel, stride, pad = op[9], op[10], op[11], op[12]
    piece, tall, wide = op[13], op[14], op[15]
    shape, depth, row = (channels, height, width, batch), channels * kernel * kernel, tall * wide * batch
    item = work.itemsize
    x = work[op[1] : op[1] + channels * height * width * batch]
    if code == CONV_SPREAD:
        vectors.fill(x, 0)
    whole = kernel == 1 and stride == 1 and pad == 0  # the images are their own columns
    for first in range(0, tall, tall if whole else piece):
        last = tall if whole else min(first + piece, tall)
        count = (last - first) * wide * batch
        y = (work.ctypes.data + (op[4] + first * wide * batch) * item, row)
        columns = spare[: depth * count]
        if whole:
            columns = x
        laid = (columns.ctypes.data, count)
        if code == CONV_SPREAD:
            product(
                address, letters, sizes, factors, (1, 0), (depth, count, filters),
                (params.ctypes.data + op[2] * item, depth), y, laid, 0,
            )  # fmt: skip
            if not whole:
                images.spread(columns, x, shape, kernel, stride, pad, first, last, wide)
            continue
        if not whole:
            images.lay_windows(x, columns, shape, kernel, stride, pad, first, last, wide)
        if code == CONV:
            weights = params if op[3] == 1 else work
            product(
                address, letters, sizes, factors, (0, 0), (filters, count, depth),
                (weights.ctypes.data + op[2] * item, depth), laid, y, 0,
            )  # fmt: skip
        else:
            product(
                address, letters, sizes, factors, (0, 1), (filters, depth, count), y, laid,
                (grads.ctypes.data + op[2] * item, depth), 1 if first > 0 else 0,
            )  # fmt: skip
