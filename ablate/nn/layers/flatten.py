"""From images to vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.nn.arrays import Cache, Floats, Views, batch_last
from ablate.nn.layer import Layer, Shape


@dataclass(frozen=True)
class Flatten(Layer):
    """(channels, height, width) -> (channels * height * width,): a view, nothing is moved."""

    passes_input: ClassVar[bool] = True

    def out_shape(self, shape: Shape) -> Shape:
        """Return (features,)."""
        return (math.prod(shape),)

    def forward(
        self,
        x: Floats,
        params: Views,  # noqa: ARG002
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return the images as vectors, (blocks, batch, features)."""
        cache.saved["x"] = x
        blocks, batch = x.shape[:2]
        if x.flags.c_contiguous:  # the data: its batch does not lie last
            return x.reshape(blocks, batch, -1)
        vectors: Floats = batch_last(x).reshape(blocks, -1, batch).swapaxes(1, 2)
        return vectors

    def backward(
        self,
        dy: Floats,
        params: Views,  # noqa: ARG002
        grads: Views,  # noqa: ARG002
        cache: Cache,
        *,
        need_dx: bool,
    ) -> Floats | None:
        """Return the gradient as images, with the batch last in memory."""
        if not need_dx:
            return None
        x = cache.saved["x"]
        blocks, batch, *image = x.shape
        turned = dy.swapaxes(1, 2)
        if not turned.flags.c_contiguous:
            kept = batch_last(cache.handover(x.shape, dy)).reshape(turned.shape)
            np.copyto(kept, turned)
            turned = kept
        images: Floats = turned.reshape(blocks, *image, batch).transpose(0, 4, 1, 2, 3)
        return images
