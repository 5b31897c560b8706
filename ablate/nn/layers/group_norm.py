"""Group normalisation: each example over groups of its channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Cache, Floats, Views, batch_last
from ablate.nn.layer import Shape
from ablate.nn.layers.norm import Norm
from ablate.nn.sums import feature_dot, feature_sum
from ablate.registry import register


@register("norm", "group")
@dataclass(frozen=True)
class GroupNorm(Norm):
    """x̂ = (x - μ) / √(σ² + eps), with μ and the biased σ² of each example over a group of channels and all pixels.

    Wu & He 2018; of a dense layer, over a group of units. The same in training and evaluation. Backward, with
    g = dy * gain and means over the group::

        dx = (g - mean(g) - x̂ mean(g x̂)) / √(σ² + eps)

    Attributes
    ----------
    groups
        At most this many: a layer has the largest number of groups up to it that divides its channels evenly and
        leaves more than one number in each, so that one setting serves layers of any width.
    """

    groups: int = 8
    eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.groups < 1:
            raise must("GroupNorm.groups", "be >= 1", self.groups)
        if not 0.0 < self.eps < math.inf:
            raise must("GroupNorm.eps", "be > 0", self.eps)

    def groups_of(self, shape: Shape) -> int:
        """Return how many groups inputs of `shape` have.

        >>> [GroupNorm(8).groups_of(shape) for shape in [(64, 7, 7), (30, 7, 7), (10,), (5,)]]
        [8, 6, 5, 1]
        """
        return max(
            (n for n in range(1, self.groups + 1) if shape[0] % n == 0 and math.prod(shape) > n),
            default=1,
        )

    def forward(
        self,
        x: Floats,
        params: Views,
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return gain * x̂ + shift."""
        return group_forward(x, self.groups_of(x.shape[2:]), self.eps, params, cache)

    def backward(self, dy: Floats, params: Views, grads: Views, cache: Cache, *, need_dx: bool) -> Floats | None:
        """Write dgain and dshift, return dx over dy."""
        return group_backward(dy, self.groups_of(dy.shape[2:]), params, grads, cache, need_dx=need_dx)


def group_forward(x: Floats, groups: int, eps: float, params: Views, cache: Cache) -> Floats:
    """Normalise each example over each of `groups` groups of features."""
    normed = cache.buffer("normed", x.shape)
    spread, axis = _grouped(normed, groups)
    source, _ = _grouped(x, groups)
    mean = source.mean(axis=axis, keepdims=True)
    np.subtract(source, mean, out=spread)
    inverse = np.square(spread, out=_grouped(cache.scratch("square", x.shape), groups)[0]).mean(
        axis=axis, keepdims=True
    )
    np.add(inverse, eps, out=inverse)
    np.sqrt(inverse, out=inverse)
    np.reciprocal(inverse, out=inverse)
    np.multiply(spread, inverse, out=spread)
    gain = params["gain"]
    y = np.multiply(normed, gain, out=cache.output((len(gain), *x.shape[1:]), normed))
    cache.saved["normed"], cache.saved["inverse"] = normed, inverse
    return np.add(y, params["shift"], out=y)


def group_backward(
    dy: Floats, groups: int, params: Views, grads: Views, cache: Cache, *, need_dx: bool
) -> Floats | None:
    """Write the gradients of gain and shift, and return the input's over `dy`."""
    normed, inverse = cache.saved["normed"], cache.saved["inverse"]
    feature_sum(dy, grads["shift"], cache)
    feature_dot(dy, normed, grads["gain"], cache)
    if not need_dx:
        return None
    product = cache.scratch("square", dy.shape)
    scaled = cache.handover(dy.shape, dy)
    np.multiply(dy, params["gain"], out=scaled)
    np.multiply(scaled, normed, out=product)
    (g, axis), (unit, _), (along, _) = (_grouped(a, groups) for a in (scaled, normed, product))
    np.multiply(unit, along.mean(axis=axis, keepdims=True), out=unit)
    np.subtract(g, g.mean(axis=axis, keepdims=True), out=g)
    np.subtract(g, unit, out=g)
    np.multiply(g, inverse, out=g)
    return scaled


def _grouped(x: Floats, groups: int) -> tuple[Floats, int]:
    """Return a view with each group's numbers along one axis, and which axis that is.

    Vectors (blocks, batch, features) -> (blocks, batch, groups, numbers); images, as they lie in memory,
    -> (blocks, groups, numbers, batch).
    """
    if x.ndim == 3:
        return x.reshape(*x.shape[:2], groups, -1), 3
    return batch_last(x).reshape(len(x), groups, -1, x.shape[1]), 2
