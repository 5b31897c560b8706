"""What an optimizer is: `init` and `update` on one flat array of parameters."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Floats

PIECE = 16_384
"""Scalars updated at a time: 64 kB of float32, so that the many small passes of a rule stay in the L2 cache."""


@dataclass(frozen=True)
class Slots:
    """What an optimizer remembers between steps.

    Attributes
    ----------
    arrays
        The running quantities of its rule, in the order its docstring names them, each (blocks, parameters).
    decayed
        How many parameters at the front of each block are weights (for decoupled weight decay).
    scratch
        Work space of one piece; two rows.
    """

    arrays: tuple[Floats, ...]
    decayed: int
    scratch: Floats


@dataclass(frozen=True)
class Optimizer(ABC):
    """A rule that moves parameters, element by element.

    Attributes
    ----------
    lr
        Learning rate η.
    """

    lr: float = 0.01

    running: ClassVar[int] = 0
    """How many running quantities the rule keeps per parameter."""

    def __post_init__(self) -> None:
        if not 0.0 < self.lr < math.inf:
            raise must(f"{type(self).__name__}.lr", "be > 0", self.lr)

    def init(self, params: Floats, *, decayed: int = 0) -> Slots:
        """Return fresh slots (zeros) for parameters (blocks, parameters), C-contiguous."""
        arrays = tuple(np.zeros_like(params) for _ in range(self.running))
        return Slots(arrays, decayed, np.empty((2, min(PIECE, params.size)), params.dtype))

    def update(self, grads: Floats, slots: Slots, params: Floats, step: int) -> None:
        """Move `params` in place.

        Parameters
        ----------
        grads
            (blocks, parameters), C-contiguous; may be overwritten.
        step
            Number of this update, from 1.
        """
        g, p = grads.reshape(-1), params.reshape(-1)
        flat_slots = [array.reshape(-1) for array in slots.arrays]
        for begin in range(0, p.size, PIECE):
            piece = slice(begin, min(begin + PIECE, p.size))
            width = piece.stop - begin
            work = slots.scratch[:, :width]
            self.rule(g[piece], p[piece], [array[piece] for array in flat_slots], (work[0], work[1]), step)

    def step_sizes(self, slots: Slots, step: int) -> Floats:  # noqa: ARG002
        """Return what the gradient is multiplied by, per parameter, as update number `step` left the slots.

        The effective step size: η for plain descent, η / (√h + eps) for AdaGrad and its kin. With momentum it is the
        factor of the newest gradient (Momentum, Nesterov) or of its running mean (Adam).

        Returns
        -------
        numpy.ndarray
            (blocks, parameters), or anything that broadcasts to it.
        """
        return np.full((1, 1), self.lr)

    @abstractmethod
    def rule(self, g: Floats, p: Floats, slots: list[Floats], work: tuple[Floats, Floats], step: int) -> None:
        """Move one piece of the parameters in place; all arrays are flat and of one length."""


def add_scaled(y: Floats, x: Floats, a: float) -> None:
    """Add ``a * x`` to `y` in place, block by block.

    BLAS reads and writes each number once, where NumPy needs two passes and a temporary: half the time for
    the 120,000 parameters of 784-100x5-10. One call per block, so that which elements fall into the
    vectorised part (a fused multiply-add, rounded once) does not depend on how many blocks there are.

    Parameters
    ----------
    y, x
        (blocks, parameters), each row contiguous, float32 or float64.
    """
    from scipy.linalg.blas import daxpy, saxpy  # here: 0.1 s that `ablate --help` has no use for

    axpy = saxpy if y.dtype == "float32" else daxpy
    for row, step in zip(y, x, strict=True):
        axpy(step, row, a=a)
