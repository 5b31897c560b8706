"""Batch normalisation: each feature over the minibatch, and over all pixels of images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must, unknown
from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.layer import Shape
from ablate.nn.layers.norm import Norm
from ablate.nn.sums import count, feature_dot, feature_sum, per_feature
from ablate.registry import register

RUNNING = ("book", "corrected")


@register("norm", "batch")
@dataclass(frozen=True)
class BatchNorm(Norm):
    """x̂ = (x - μ) / √(σ² + eps), with μ and the biased σ² of each feature over the minibatch.

    Ioffe & Szegedy 2015. Of images, each channel over the minibatch and all pixels (their 3.2). Backward, with all
    sums over these n numbers::

        dshift = Σ dy,  dgain = Σ dy x̂,  dx = gain / √(σ² + eps) * (dy - dshift/n - x̂ dgain/n)

    Evaluation uses running values r, updated after each minibatch as ``r = old_weight r + (1 - old_weight) new``.

    Attributes
    ----------
    eps
        Added to the variance. The book's code has 1e-6 (written 10e-7), the paper's followers 1e-5.
    old_weight
        Weight of the old running value: the book's `momentum`, one minus PyTorch's `momentum`.
    running
        `corrected`: evaluation divides by 1 - old_weight^t, as Adam does, so that the early values are averages
        of what was seen; before the first minibatch, mean 0 and variance 1. `book`: running mean and variance
        begin at 0 and are used as they are, so the first evaluations see a variance far too small (Deep
        Learning from Scratch, 6.3 and its `BatchNormalization`).
    """

    eps: float = 1e-5
    old_weight: float = 0.9
    running: str = "corrected"

    cancels_bias: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0.0 < self.eps < math.inf:
            raise must("BatchNorm.eps", "be > 0", self.eps)
        if not 0.0 <= self.old_weight < 1.0:
            raise must("BatchNorm.old_weight", "be >= 0 and < 1", self.old_weight)
        if self.running not in RUNNING:
            raise unknown("BatchNorm.running", self.running, RUNNING)

    def state(self, shape: Shape) -> dict[str, Floats]:
        """Return running `mean` and `variance` per feature, and how many minibatches went in, one number."""
        each = per_feature(shape)
        return {"mean": np.zeros(each), "variance": np.zeros(each), "seen": np.zeros((1,) * len(each))}

    def forward(
        self,
        x: Floats,
        params: Views,
        state: Views,
        cache: Cache,
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return gain * x̂ + shift, by the minibatch's statistics when training, the running ones else."""
        if not cache.train:
            return self._evaluate(x, params, state, cache)
        row, share = (len(x), *per_feature(x.shape[2:])), 1.0 / count(x)
        mean = feature_sum(x, cache.buffer("mean", row), cache, scale=share)
        centred = np.subtract(x, mean, out=x if cache.overwrite else cache.buffer("centred", x.shape))
        # Squaring what is already centred: E[x²] - E[x]² would cancel catastrophically in float32.
        variance = feature_dot(centred, centred, cache.buffer("variance", row), cache, scale=share)
        inverse = np.add(variance, self.eps, out=cache.buffer("inverse", row))
        np.sqrt(inverse, out=inverse)
        np.reciprocal(inverse, out=inverse)
        scale = np.multiply(inverse, params["gain"], out=cache.buffer("scale", row))
        y = np.multiply(centred, scale, out=cache.output(x.shape, centred))
        np.add(y, params["shift"], out=y)
        for name, new in (("mean", mean), ("variance", variance)):
            state[name] *= self.old_weight
            state[name] += (1.0 - self.old_weight) * new
        state["seen"] += 1.0
        cache.saved["centred"], cache.saved["inverse"], cache.saved["scale"] = centred, inverse, scale
        return y

    def statistics(self, state: Views) -> tuple[Floats, Floats]:
        """Return the mean and variance evaluation uses, (blocks, 1, features) or (blocks, 1, channels, 1, 1)."""
        if self.running == "book":
            return state["mean"], state["variance"]
        seen = state["seen"]
        share = 1.0 - self.old_weight ** np.maximum(seen, 1.0)
        mean: Floats = state["mean"] / share
        variance: Floats = np.where(seen > 0.0, state["variance"] / share, mean.dtype.type(1))
        return mean, variance

    def _evaluate(self, x: Floats, params: Views, state: Views, cache: Cache) -> Floats:
        mean, variance = self.statistics(state)
        scale: Floats = params["gain"] / np.sqrt(variance + self.eps)
        over = cache.overwrite and len(x) == len(scale)  # images shared by all blocks become each block's own
        y = np.multiply(x, scale, out=x if over else cache.output((len(scale), *x.shape[1:]), x))
        shift: Floats = params["shift"] - mean * scale
        return np.add(y, shift, out=y)

    def backward(
        self,
        dy: Floats,
        params: Views,  # noqa: ARG002
        grads: Views,
        cache: Cache,
        *,
        need_dx: bool,
    ) -> Floats | None:
        """Write dgain and dshift, return dx over dy."""
        centred, inverse, scale = cache.saved["centred"], cache.saved["inverse"], cache.saved["scale"]
        n = count(dy)
        shift, gain = grads["shift"], grads["gain"]
        feature_sum(dy, shift, cache)
        feature_dot(dy, centred, gain, cache)
        np.multiply(gain, inverse, out=gain)
        if not need_dx:
            return None
        # dx = scale * (dy - [shift + centred * inverse * gain] / n); centred is not needed after this.
        factor = np.multiply(inverse, gain, out=cache.scratch("factor", gain.shape))
        np.divide(factor, n, out=factor)
        np.multiply(centred, factor, out=centred)
        np.subtract(dy, centred, out=dy)
        np.subtract(dy, np.divide(shift, n, out=factor), out=dy)
        return np.multiply(dy, scale, out=dy)
