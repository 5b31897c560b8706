"""Layers one after another, each bound to the arrays it works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.layer import Layer


@dataclass(frozen=True)
class Link:
    """One layer with its parameters, their gradients, its running state and its cache."""

    name: str
    layer: Layer
    params: Views
    grads: Views
    state: Views
    cache: Cache


@dataclass(frozen=True)
class Chain:
    """What a network runs, and what a composite layer finds in its cache for each of its branches.

    Without links, both passes hand through what they get.
    """

    links: tuple[Link, ...]

    def forward(self, x: Floats, rngs: Sequence[np.random.Generator]) -> Floats:
        """Return the output of the last layer."""
        for link in self.links:
            x = link.layer.forward(x, link.params, link.state, link.cache, rngs)
        return x

    def backward(self, dy: Floats, *, need_dx: bool) -> Floats | None:
        """Write every layer's gradients and return the input's; `dy` may be overwritten."""
        found: Floats | None = dy
        for index in range(len(self.links) - 1, -1, -1):
            assert found is not None
            link = self.links[index]
            found = link.layer.backward(found, link.params, link.grads, link.cache, need_dx=need_dx or index > 0)
        return found
