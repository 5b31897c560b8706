"""What a program is made in: room in a block's work space, and operations one after another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ablate.nn.layer import Layer, Shape
from ablate.train.compiled import codes


@dataclass(frozen=True)
class Value:
    """Numbers of a block in its work space.

    Attributes
    ----------
    at, size
        Where they begin, and how many they are: batch times the shape.
    shape
        Of one example.
    rows
        Whether they lie a row per example; else with the batch last, as images do.
    free
        Whether whoever reads them may write over them.
    """

    at: int
    size: int
    shape: Shape
    rows: bool
    free: bool = True


Back = Callable[[Value, bool], "Value | None"]
"""From the gradient of what a layer returned to that of what it got; None where that is not asked for."""


@dataclass(frozen=True)
class StepTable:
    """A network's training step as a table.

    Attributes
    ----------
    table, scalars
        Operations: whole numbers (operations, 16), and the broken ones that go with them (operations, 4), float64.
    work, spare
        Numbers of work space: what has to stay from operation to operation, and what has not.
    masks
        The layers that draw, in their order: the layer, its place in ``network.every``, the shape of one example,
        whether it lies in rows.
    mask_size
        Numbers of all masks together.
    images
        Whether kernels of images are needed.
    """

    table: NDArray[np.int64]
    scalars: NDArray[np.float64]
    work: int
    spare: int
    masks: tuple[tuple[Layer, Shape, bool], ...]
    mask_size: int
    images: bool


@dataclass
class Builder:
    """Collects a program for minibatches of `batch` examples.

    Attributes
    ----------
    params, state
        Where each node's parameters and running state begin in a block's flat vectors, by name.
    """

    batch: int
    params: list[dict[str, int]]
    state: list[dict[str, int]]
    rows: list[tuple[list[int], tuple[float, ...]]] = field(default_factory=list)
    masks: list[tuple[Layer, Shape, bool]] = field(default_factory=list)
    mask_size: int = 0
    work: int = 0
    spare: int = 1
    images: bool = False
    _free: dict[int, list[int]] = field(default_factory=dict)

    def room(self, size: int) -> int:
        """Return where `size` numbers may lie until they are given back."""
        if self._free.get(size):
            return self._free[size].pop()
        at = self.work
        self.work += -(-size // 16) * 16  # each begins at a cache line
        return at

    def value(self, shape: Shape, *, rows: bool) -> Value:
        """Return room for a value of `shape` per example."""
        size = self.batch * math.prod(shape)
        return Value(self.room(size), size, shape, rows)

    def give_back(self, value: Value) -> None:
        """Let later values lie where this one lay, if it is anybody's to write over."""
        if value.free:
            self._free.setdefault(value.size, []).append(value.at)

    def borrow(self, size: int) -> None:
        """Ask for room that one operation needs for itself."""
        self.spare = max(self.spare, size)

    def add(self, *numbers: int, scalars: tuple[float, ...] = ()) -> None:
        """Append an operation."""
        assert len(numbers) <= codes.COLUMNS
        self.rows.append((list(map(int, numbers)), scalars))

    def turned(self, x: Value) -> Value:
        """Return `x` lying the other way."""
        features = math.prod(x.shape)
        y = self.value(x.shape, rows=not x.rows)
        lines, columns = (self.batch, features) if x.rows else (features, self.batch)
        self.add(codes.TURN, x.at, y.at, lines, columns)
        return y

    def program(self) -> StepTable:
        """Return what was collected."""
        table = np.zeros((len(self.rows), codes.COLUMNS), np.int64)
        scalars = np.zeros((len(self.rows), codes.SCALARS))
        for line, (numbers, broken) in enumerate(self.rows):
            table[line, : len(numbers)] = numbers
            scalars[line, : len(broken)] = broken
        return StepTable(table, scalars, self.work, self.spare, tuple(self.masks), self.mask_size, self.images)


def reshaped(x: Value, shape: Shape) -> Value:
    """Return the same numbers as a value of another shape."""
    return replace(x, shape=shape)
