"""Effective step sizes: how far weights move per update, and how many do not move at all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ablate.nn.arrays import Floats, Integers
from ablate.nn.network import Network
from ablate.optim import Optimizer, Slots
from ablate.train.hidden import parameter_positions
from ablate.train.lens.activations import weight_nodes
from ablate.train.parts import PartSource

PER_DECADE = 8
"""Steps looked at per factor of ten."""


def log_steps(steps: int) -> NDArray[np.int64]:
    """Return step numbers evenly spaced in log t, from 1 to the last.

    >>> log_steps(20).tolist()
    [1, 2, 3, 4, 6, 7, 10, 13, 18, 20]
    """
    grid = 10.0 ** (np.arange(math.floor(PER_DECADE * math.log10(steps)) + 1) / PER_DECADE)
    return np.unique(np.concatenate([np.rint(grid), [1, steps]])).astype(np.int64)


class StepLens:
    """Watches updates at the steps of a log-spaced grid; the `watch` of a Stepper.

    Counted are weights whose gradient (with the L2 term, clipped: what the optimizer gets) is not 0, without those of
    inputs that are 0 in every training example, such as border pixels: they have nothing to learn.

    Attributes
    ----------
    steps
        The grid, int64 (steps,).
    layers
        Names of the nodes with weights, then `all`.
    effective
        float64 (steps, layers, blocks): median of what the gradient was multiplied by (`Optimizer.step_sizes`).
    change
        Median of |Δw|.
    unchanged
        Share whose stored value the update left as it was, to the bit.
    """

    def __init__(self, network: Network, source: PartSource, train: Integers, *, steps: int) -> None:
        self.steps = log_steps(steps)
        self._decayed = network.layout.decayed
        places = parameter_positions(network)
        nodes = weight_nodes(network)
        self._where = [
            np.concatenate([places[n][p.name].reshape(-1) for p in network.layout.nodes[n] if p.fans]) for n in nodes
        ]
        self.layers = [*(network.every[n].name for n in nodes), "all"]
        self._alive = alive_weights(network, source, train)
        shape = (len(self.steps), len(self.layers), len(train))
        self.effective, self.change, self.unchanged = (np.full(shape, np.nan) for _ in range(3))
        self._row: int | None = None
        self._before: Floats = np.empty(0)
        self._counted: NDArray[np.bool_] = np.empty(0, np.bool_)

    def before(self, step: int, params: Floats, grads: Floats) -> None:
        """Keep what an update of the grid begins with."""
        row = int(np.searchsorted(self.steps, step))
        self._row = row if row < len(self.steps) and self.steps[row] == step else None
        if self._row is not None:
            self._before = params[:, : self._decayed].copy()
            self._counted = (grads[:, : self._decayed] != 0.0) & self._alive  # NaN is not 0: its block is seen to fail

    def after(self, params: Floats, optimizer: Optimizer, slots: Slots) -> None:
        """Measure it."""
        if self._row is None:
            return
        sizes = optimizer.step_sizes(slots, int(self.steps[self._row]))
        now = params[:, : self._decayed]
        scale = np.broadcast_to(sizes, params.shape)[:, : self._decayed]
        for block in range(len(params)):
            moved = np.abs(now[block].astype(np.float64) - self._before[block])
            same = now[block] == self._before[block]
            for column, where in enumerate([*self._where, slice(None)]):
                counted = self._counted[block][where]
                if counted.any():
                    at = (self._row, column, block)
                    self.effective[at] = np.median(scale[block][where][counted])
                    self.change[at] = np.median(moved[where][counted])
                    self.unchanged[at] = same[where][counted].mean()
        self._row = None

    def slope(self, block: int) -> float:
        """Return the least-squares slope of log effective step over log t, from step 10 on; NaN for too few steps.

        -1/2 is AdaGrad's under gradients that keep their size (their sum of squares grows as t), 0 that of a constant
        learning rate.
        """
        values = self.effective[:, -1, block]
        used = (self.steps >= 10) & np.isfinite(values) & (values > 0.0)
        if used.sum() < 4:
            return math.nan
        return float(np.polyfit(np.log(self.steps[used]), np.log(values[used]), 1)[0])

    def unchanged_share(self, block: int) -> float:
        """Return the mean share unchanged over the grid's steps in the last factor of ten."""
        values = self.unchanged[self.steps > self.steps[-1] / 10, -1, block]
        return float(values.mean())


def alive_weights(network: Network, source: PartSource, train: Integers) -> NDArray[np.bool_]:
    """Return which weights can matter, bool (blocks, weights): not those of an input that is always 0.

    Told only where the first node's weights are a row per input.
    """
    alive = np.ones((len(train), network.layout.decayed), np.bool_)
    inputs = source.images.shape[1]
    for parameter in network.layout.nodes[0]:
        if parameter.fans and len(parameter.shape) == 2 and parameter.shape[0] == inputs:
            place = parameter_positions(network)[0][parameter.name].reshape(-1)
            for block, positions in enumerate(train):
                used = (source.images[positions] != 0.0).any(axis=0)
                alive[block, place] = np.repeat(used, parameter.shape[1])
    return alive
