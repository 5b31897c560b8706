"""What a normalisation is, and having none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.layer import Layer, Shape
from ablate.nn.params import Parameter
from ablate.nn.sums import per_feature
from ablate.registry import register


@dataclass(frozen=True)
class Norm(Layer):
    """A normalisation of pre-activations: x̂, then y = gain * x̂ + shift, both learnt per feature.

    A feature is a unit of a dense layer, a channel of images.
    """

    cancels_bias: ClassVar[bool] = False
    """A constant added to a feature changes nothing: the layer before needs no bias."""

    def parameters(self, shape: Shape) -> Sequence[Parameter]:
        """Return `gain` (begins at 1) and `shift` (begins at 0), both (1, features) or (1, channels, 1, 1)."""
        each = per_feature(shape)
        return Parameter("gain", each, start=1.0), Parameter("shift", each)


@register("norm", "none")
@dataclass(frozen=True)
class NoNorm(Norm):
    """No normalisation."""

    identity: ClassVar[bool] = True

    def parameters(self, shape: Shape) -> Sequence[Parameter]:  # noqa: ARG002
        """Return nothing."""
        return ()

    def forward(
        self,
        x: Floats,
        params: Views,  # noqa: ARG002
        state: Views,  # noqa: ARG002
        cache: Cache,  # noqa: ARG002
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
    ) -> Floats:
        """Return x."""
        return x

    def backward(
        self,
        dy: Floats,
        params: Views,  # noqa: ARG002
        grads: Views,  # noqa: ARG002
        cache: Cache,  # noqa: ARG002
        *,
        need_dx: bool,  # noqa: ARG002
    ) -> Floats | None:
        """Return dy."""
        return dy
