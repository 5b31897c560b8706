"""Layers one after another, each bound to the arrays it works on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ablate.nn.arrays import Cache, Floats, Views, Watch, WatchBack
from ablate.nn.layer import Layer


@dataclass(frozen=True)
class Link:
    """One layer with its parameters, their gradients, its running state and its cache.

    `position` is its node's place in ``network.every``.
    """

    position: int
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
            entered, x = x, link.layer.forward(x, link.params, link.state, link.cache, rngs)
            if link.cache.watch is not None:
                link.cache.watch(link.position, entered, x)
        return x

    @contextmanager
    def watched(self, watch: Watch | None = None, back: WatchBack | None = None) -> Iterator[None]:
        """Have `watch` called after each layer's forward pass and `back` before its backward pass, in this context.

        Layers inside composites are included.
        """
        links = list(self.every())
        for link in links:
            link.cache.watch, link.cache.watch_back = watch, back
        try:
            yield
        finally:
            for link in links:
                link.cache.watch = link.cache.watch_back = None

    def every(self) -> Iterator[Link]:
        """Yield all links, a composite before what is inside it."""
        for link in self.links:
            yield link
            for branch in link.cache.chains:
                yield from branch.every()

    def backward(self, dy: Floats, *, need_dx: bool) -> Floats | None:
        """Write every layer's gradients and return the input's; `dy` may be overwritten."""
        grad: Floats | None = dy
        for index in range(len(self.links) - 1, -1, -1):
            assert grad is not None
            link = self.links[index]
            if link.cache.watch_back is not None:
                link.cache.watch_back(link.position, grad)
            grad = link.layer.backward(grad, link.params, link.grads, link.cache, need_dx=need_dx or index > 0)
        return grad
