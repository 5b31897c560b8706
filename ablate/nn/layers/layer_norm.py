"""Layer normalisation: each example over its features, or over all of its image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.layers.group_norm import group_backward, group_forward
from ablate.nn.layers.norm import Norm
from ablate.nn.sums import feature_dot, feature_sum
from ablate.registry import register


@register("norm", "layer")
@dataclass(frozen=True)
class LayerNorm(Norm):
    """x̂ = (x - μ) / √(σ² + eps), with μ and the biased σ² of each example over its features.

    Ba, Kiros & Hinton 2016. Of images, over all channels and pixels, with a gain and shift per channel: GroupNorm with
    one group (Wu & He 2018, section 3). The same in training and evaluation; nothing runs. Backward, with g = dy * gain
    and means over the features::

        dx = (g - mean(g) - x̂ mean(g x̂)) / √(σ² + eps)
    """

    eps: float = 1e-5

    def __post_init__(self) -> None:
        if not 0.0 < self.eps < math.inf:
            raise must("LayerNorm.eps", "be > 0", self.eps)

    def forward(
        self,
        x: Floats,
        params: Views,
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return gain * x̂ + shift."""
        if x.ndim > 3:
            return group_forward(x, 1, self.eps, params, cache)
        column = (*x.shape[:2], 1)
        mean = np.matmul(x, self._averager(x, cache), out=cache.buffer("mean", column))
        normed = np.subtract(x, mean, out=x if cache.overwrite else cache.buffer("normed", x.shape))
        square = np.multiply(normed, normed, out=cache.scratch("square", x.shape))
        inverse = np.matmul(square, self._averager(x, cache), out=cache.buffer("inverse", column))
        np.add(inverse, self.eps, out=inverse)
        np.sqrt(inverse, out=inverse)
        np.reciprocal(inverse, out=inverse)
        np.multiply(normed, inverse, out=normed)
        gain = params["gain"]
        y = np.multiply(normed, gain, out=cache.output((len(gain), *x.shape[1:]), normed))
        np.add(y, params["shift"], out=y)
        cache.saved["normed"], cache.saved["inverse"] = normed, inverse
        return y

    def backward(self, dy: Floats, params: Views, grads: Views, cache: Cache, *, need_dx: bool) -> Floats | None:
        """Write dgain and dshift, return dx over dy."""
        if dy.ndim > 3:
            return group_backward(dy, 1, params, grads, cache, need_dx=need_dx)
        normed, inverse = cache.saved["normed"], cache.saved["inverse"]
        product = cache.scratch("square", dy.shape)
        feature_sum(dy, grads["shift"], cache)
        feature_dot(dy, normed, grads["gain"], cache)
        if not need_dx:
            return None
        np.multiply(dy, params["gain"], out=dy)
        mean = cache.buffer("mean", inverse.shape)
        np.multiply(dy, normed, out=product)
        np.multiply(normed, np.matmul(product, self._averager(dy, cache), out=mean), out=normed)
        np.matmul(dy, self._averager(dy, cache), out=mean)
        np.subtract(dy, mean, out=dy)
        np.subtract(dy, normed, out=dy)
        return np.multiply(dy, inverse, out=dy)

    @staticmethod
    def _averager(x: Floats, cache: Cache) -> Floats:
        return cache.full(1.0 / x.shape[2], (x.shape[2], 1))
