"""Chains of layers side by side, joined on channels."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Cache, Floats, Views
from ablate.nn.layer import Layer, Layers, Shape
from ablate.nn.nodes import end_shape


@dataclass(frozen=True)
class Parallel(Layer):
    """y = the outputs of all ways, one after another on the channels (Szegedy et al. 2015); dx is their sum.

    Attributes
    ----------
    ways
        Chains of layers, each with its name; all end in the same height and width.
    """

    ways: Sequence[tuple[str, Layers]]

    joins: ClassVar[str] = "channels"

    def __post_init__(self) -> None:
        if not self.ways:
            raise must("Parallel.ways", "hold at least one chain of layers", list(self.ways))

    def branches(self, shape: Shape) -> Sequence[tuple[str, Layers]]:  # noqa: ARG002
        """Return the ways."""
        return self.ways

    def out_shape(self, shape: Shape) -> Shape:
        """Return (channels of all ways, height, width)."""
        ends = {name: end_shape(way, shape) for name, way in self.ways}
        sides = {end[1:] for end in ends.values()}
        if len(sides) > 1:
            raise must("Parallel.ways", "end in one height and width", ends)
        return (sum(end[0] for end in ends.values()), *sides.pop())

    def forward(
        self,
        x: Floats,
        params: Views,  # noqa: ARG002
        state: Views,  # noqa: ARG002
        cache: Cache,
        rngs: Sequence[np.random.Generator],
    ) -> Floats:
        """Return the joined outputs."""
        y: Floats | None = None
        for chain, channels in zip(cache.chains, self._channels(x.shape[2:]), strict=True):
            part = chain.forward(x, rngs)
            if y is None:
                y = cache.output((*part.shape[:2], *self.out_shape(x.shape[2:])), x)
            y[:, :, channels] = part
        assert y is not None
        cache.saved["x"] = x
        return y

    def backward(
        self,
        dy: Floats,
        params: Views,  # noqa: ARG002
        grads: Views,  # noqa: ARG002
        cache: Cache,
        *,
        need_dx: bool,
    ) -> Floats | None:
        """Return the sum of all ways' gradients in x."""
        x = cache.saved["x"]
        dx = cache.handover(x.shape, dy) if need_dx else None
        for index, (chain, channels) in enumerate(zip(cache.chains, self._channels(x.shape[2:]), strict=True)):
            part_dx = chain.backward(dy[:, :, channels], need_dx=need_dx)
            if dx is not None and part_dx is not None:
                np.add(dx, part_dx, out=dx) if index else np.copyto(dx, part_dx)
        return dx

    def _channels(self, shape: Shape) -> Iterator[slice]:
        ends = [0, *itertools.accumulate(end_shape(way, shape)[0] for _, way in self.ways)]
        return (slice(begin, end) for begin, end in itertools.pairwise(ends))
