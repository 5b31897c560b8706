"""Early stopping: keep the parameters of the evaluation that was best on the validation part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.nn.arrays import Views
from ablate.nn.network import Replicas


class Keeper:
    """Holds each block's parameters and running state as they were at its best evaluation.

    Training goes on to the last step for every block, so that arms do equal work; only what is tested differs
    (Prechelt 1998 with unlimited patience). The earliest of equal evaluations is kept.

    Attributes
    ----------
    row
        int64 (blocks,): which evaluation is held.
    """

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas
        self.row: NDArray[np.int64] = np.zeros(replicas.blocks, np.int64)
        self._best = np.full(replicas.blocks, -np.inf)
        self._params = replicas.params.copy()
        self._state: list[Views] = [{name: array.copy() for name, array in views.items()} for views in replicas.state]

    def see(self, row: int, accuracy: NDArray[np.float64]) -> None:
        """Take over the blocks whose validation accuracy, (blocks,), is above their best so far; NaN never is."""
        better = np.flatnonzero(accuracy > self._best)
        self._best[better], self.row[better] = accuracy[better], row
        self._params[better] = self._replicas.params[better]
        for mine, theirs in zip(self._state, self._replicas.state, strict=True):
            for name, array in mine.items():
                array[better] = theirs[name][better]

    def restore(self) -> None:
        """Put what is held back into the replicas."""
        self._replicas.params[...] = self._params
        for mine, theirs in zip(self._state, self._replicas.state, strict=True):
            for name, array in mine.items():
                theirs[name][...] = array
