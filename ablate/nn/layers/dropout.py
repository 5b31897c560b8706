"""Dropout: switch off random units while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.layer import Layer
from ablate.registry import register


@dataclass(frozen=True)
class Dropout(Layer):
    """Multiply by a random mask when training, and by `at_evaluation` when evaluating.

    Masks are drawn from each block's own `dropout` stream, in float32 whatever the run's dtype, so that
    float32 and float64 runs drop the same units.
    """

    passes_input: ClassVar[bool] = True

    def mask_value(self) -> float:
        """Return what a kept unit is multiplied by."""
        return 1.0

    def at_evaluation(self) -> float:
        """Return what every unit is multiplied by when evaluating."""
        return 1.0

    def probability(self) -> float:
        """Return the probability that a unit is dropped."""
        return 0.0

    def forward(
        self,
        x: Floats,
        params: Views,  # noqa: ARG002
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],
    ) -> Floats:
        """Return x * mask."""
        if not cache.train:
            factor = self.at_evaluation()
            if factor == 1.0:
                return x
            return np.multiply(x, factor, out=x if cache.overwrite else cache.output(x.shape, x))
        mask = cache.saved["mask"] = self.mask(x.shape, cache, rngs)
        return np.multiply(x, mask, out=cache.output(x.shape, x))

    def mask(self, shape: tuple[int, ...], cache: Cache, rngs: Sequence[np.random.Generator]) -> Floats:
        """Draw what each unit is multiplied by, (blocks, batch, …)."""
        kept = cache.marks("kept", shape)
        for row, rng in zip(kept, rngs, strict=True):
            np.greater_equal(rng.random(row.shape, dtype=np.float32), np.float32(self.probability()), out=row)
        return np.multiply(kept, self.mask_value(), out=cache.buffer("mask", shape), dtype=cache.dtype)

    def backward(
        self,
        dy: Floats,
        params: Views,  # noqa: ARG002
        grads: Views,  # noqa: ARG002
        cache: Cache,
        *,
        need_dx: bool,  # noqa: ARG002
    ) -> Floats | None:
        """Return dy * mask."""
        return np.multiply(dy, cache.saved["mask"], out=dy)


@register("dropout", "none")
@dataclass(frozen=True)
class NoDropout(Dropout):
    """No dropout; nothing is drawn."""

    identity: ClassVar[bool] = True


@dataclass(frozen=True)
class _Dropping(Dropout):
    drop_probability: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.drop_probability < 1.0:
            raise must(f"{type(self).__name__}.drop_probability", "be >= 0 and < 1", self.drop_probability)

    def probability(self) -> float:
        return self.drop_probability


@register("dropout", "bernoulli")
@dataclass(frozen=True)
class BernoulliDropout(_Dropping):
    """Inverted dropout: training multiplies kept units by 1 / (1 - p), evaluation does nothing.

    Srivastava et al. 2014, scaled while training, as PyTorch does.
    """

    def mask_value(self) -> float:
        """Return 1 / (1 - p)."""
        return 1.0 / (1.0 - self.drop_probability)


@register("dropout", "book")
@dataclass(frozen=True)
class BookDropout(_Dropping):
    """The book's dropout (6.4.3): training keeps or drops, evaluation multiplies by 1 - p."""

    def at_evaluation(self) -> float:
        """Return 1 - p."""
        return 1.0 - self.drop_probability


@register("dropout", "gaussian")
@dataclass(frozen=True)
class GaussianDropout(_Dropping):
    """Multiplicative normal noise with the mean and variance of inverted dropout: N(1, p / (1 - p)).

    No unit is ever switched off, so this arm tells noise from "switching off" (Srivastava et al. 2014, section 10).
    """

    def mask(self, shape: tuple[int, ...], cache: Cache, rngs: Sequence[np.random.Generator]) -> Floats:
        """Draw 1 + √(p / (1 - p)) z with z standard normal."""
        mask, spread = cache.buffer("mask", shape), math.sqrt(self.drop_probability / (1.0 - self.drop_probability))
        for row, rng in zip(mask, rngs, strict=True):
            row[...] = rng.standard_normal(row.shape, dtype=np.float32)
        np.multiply(mask, spread, out=mask)
        return np.add(mask, 1.0, out=mask)
