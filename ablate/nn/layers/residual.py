"""A chain of layers with a way around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.layer import Layer, Layers, Shape
from ablate.nn.nodes import end_shape


@dataclass(frozen=True)
class Residual(Layer):
    """y = body(x) + shortcut(x) (He et al. 2016); dx is the sum of what both hand back.

    Attributes
    ----------
    body
        Layers one after another, each with its name.
    shortcut
        The same; empty: x itself, which needs a body that keeps the shape.
    """

    body: Layers
    shortcut: Layers = ()

    joins: ClassVar[str] = "sum"

    def branches(self, shape: Shape) -> Sequence[tuple[str, Layers]]:  # noqa: ARG002
        """Return body and shortcut."""
        return ("body", self.body), ("shortcut", self.shortcut)

    def out_shape(self, shape: Shape) -> Shape:
        """Return the shape in which both end."""
        end, around = end_shape(self.body, shape), end_shape(self.shortcut, shape)
        if end != around:
            raise must("Residual.shortcut", f"end in the shape of the body, {end}", around)
        return end

    def forward(
        self,
        x: Floats,
        params: Views,  # noqa: ARG002
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],
    ) -> Floats:
        """Return body(x) + shortcut(x)."""
        body, shortcut = cache.chains
        body_out = body.forward(x, rngs)
        y = cache.output(body_out.shape, x)
        if not shortcut.links:
            return np.add(body_out, x, out=y)
        np.copyto(y, body_out)  # the shortcut may use the buffer that holds `body_out`
        return np.add(y, shortcut.forward(x, rngs), out=y)

    def backward(
        self,
        dy: Floats,
        params: Views,  # noqa: ARG002
        grads: Views,  # noqa: ARG002
        cache: Cache,
        *,
        need_dx: bool,
    ) -> Floats | None:
        """Return the sum of both gradients in x."""
        body, shortcut = cache.chains
        kept = cache.handover(dy.shape, dy)
        np.copyto(kept, dy)  # the body may write over it
        through = body.backward(dy, need_dx=need_dx)
        if not shortcut.links:
            return np.add(kept, through, out=kept) if through is not None else None
        if through is None:
            return shortcut.backward(kept, need_dx=False)
        dx = cache.handover(through.shape, kept)
        np.copyto(dx, through)  # the shortcut may use the buffer that holds it
        around = shortcut.backward(kept, need_dx=True)
        return np.add(dx, around, out=dx) if around is not None else None
