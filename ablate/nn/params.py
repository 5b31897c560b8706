"""Parameters as one flat array per block, and the named views layers work on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ablate.nn.arrays import Floats, Views


@dataclass(frozen=True)
class Parameter:
    """One array of a layer, the same shape in every block.

    Attributes
    ----------
    shape
        Without the block axis; vectors are (1, features), so that they broadcast over the batch.
    fans
        (fan in, fan out) of a weight matrix: drawn by the initialiser, decayed by L2 and AdamW. None for
        biases and norm parameters, which begin at `start` and are never decayed.
    """

    name: str
    shape: tuple[int, ...]
    fans: tuple[int, int] | None = None
    start: float = 0.0

    @property
    def size(self) -> int:
        """Number of scalars."""
        return math.prod(self.shape)


class ParameterLayout:
    """Where each parameter of each node lies in a block's flat vector.

    Weights come first, so that the decayed entries are the slice ``[:, :decayed]``, then all the rest.

    Attributes
    ----------
    size
        Scalars per block.
    decayed
        How many of them, at the front, are weights.
    """

    def __init__(self, nodes: Sequence[Sequence[Parameter]]) -> None:
        self.nodes = nodes
        self._start: dict[tuple[int, str], int] = {}
        position = 0
        for weights in (True, False):
            for index, parameters in enumerate(nodes):
                for parameter in parameters:
                    if (parameter.fans is not None) is weights:
                        self._start[index, parameter.name] = position
                        position += parameter.size
            if weights:
                self.decayed = position
        self.size = position

    def starts(self) -> list[dict[str, int]]:
        """Return, for each node, where its parameters begin in a block's flat vector, by name."""
        return [{p.name: self._start[index, p.name] for p in parameters} for index, parameters in enumerate(self.nodes)]

    def views(self, flat: Floats) -> list[Views]:
        """Return, for each node, its named views into `flat` (blocks, size); writing to them writes to `flat`."""
        blocks = len(flat)
        return [
            {
                p.name: flat[:, (at := self._start[index, p.name]) : at + p.size].reshape(blocks, *p.shape)
                for p in parameters
            }
            for index, parameters in enumerate(self.nodes)
        ]
