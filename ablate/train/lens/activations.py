"""Activations of each layer: histograms, mean, standard deviation, share saturated, dead units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.nn import Activation
from ablate.nn.arrays import Floats
from ablate.nn.network import Network
from ablate.nn.nodes import Node

BINS = 40
FAR = 5.0
"""Where a histogram of an unbounded activation ends; its outermost bin holds everything beyond."""

SATURATED = 0.05
"""A number is saturated where the slope is below this share of the activation's steepest."""

_GRID = np.concatenate([[-1e4], np.linspace(-20.0, 20.0, 4001), [1e4]])


def observed_nodes(network: Network) -> list[int]:
    """Return the positions of the activations; in a net without any (identity), of the hidden layers with weights."""
    positions = [i for i, node in enumerate(network.every) if isinstance(node.layer, Activation)]
    return positions or weight_nodes(network)[:-1]


def weight_nodes(network: Network) -> list[int]:
    """Return the positions of the nodes that have weights."""
    return [i for i, parameters in enumerate(network.layout.nodes) if any(p.fans for p in parameters)]


def bin_edges(node: Node) -> NDArray[np.float64]:
    """Return the histogram's edges, (BINS + 1,): the activation's whole range, an unbounded side cut at ±FAR.

    >>> from ablate.nn import ReLU, Sigmoid, Tanh
    >>> [bin_edges(Node("", layer, (), ()))[[0, -1]].tolist() for layer in (Sigmoid(), Tanh(), ReLU())]
    [[0.0, 1.0], [-1.0, 1.0], [0.0, 5.0]]
    """
    low, high = -FAR, FAR
    if isinstance(node.layer, Activation):
        values = node.layer.value(_GRID)
        low, high = max(float(values.min()), -FAR), min(float(values.max()), FAR)
    return np.linspace(low, high, BINS + 1)


def steepest(layer: Activation) -> float:
    """Return the largest |dy/dx| an activation has (0 for the step)."""
    return float(np.abs(layer.slope(_GRID, layer.value(_GRID))).max())


class ActivationLens:
    """Gathers the statistics of every look, (looks, layers, blocks, …); call it as the `watch` of a pass.

    Attributes
    ----------
    layers
        Names of the nodes.
    edges
        (layers, BINS + 1).
    counts
        int64 (looks, layers, blocks, BINS). What lies beyond an end is in the outermost bin, what is not finite in
        none.
    mean, sd
        float64 (looks, layers, blocks), over examples and units; NaN before the look, and where a number is not
        finite: so are the shares below.
    saturated
        Share of the numbers whose slope is below `SATURATED` of the activation's steepest. 1 for the step; NaN for a
        layer that is not an activation.
    dead
        Share of the units that give the same number for every example of the probe.
    """

    def __init__(self, network: Network, *, looks: int, blocks: int) -> None:
        self._nodes = observed_nodes(network)
        self._row = {position: row for row, position in enumerate(self._nodes)}
        nodes = [network.every[position] for position in self._nodes]
        self._layers = [node.layer for node in nodes]
        self.layers = [node.name for node in nodes]
        self.edges = np.array([bin_edges(node) for node in nodes]).reshape(len(nodes), BINS + 1)
        self._steepest = [steepest(n.layer) if isinstance(n.layer, Activation) else np.nan for n in nodes]
        shape = (looks, len(nodes), blocks)
        self.counts = np.zeros((*shape, BINS), np.int64)
        self.mean, self.sd, self.saturated, self.dead = (np.full(shape, np.nan) for _ in range(4))
        self._begin(0)

    def _begin(self, look: int) -> None:
        self._look = look
        self._seen: dict[int, NDArray[np.float64]] = {}
        self._ends: dict[int, tuple[Floats, Floats]] = {}

    def watch(self, position: int, entered: Floats, y: Floats) -> None:
        """Take in what one node returned in one pass."""
        row = self._row.get(position)
        if row is None:
            return
        layer = self._layers[row]
        if isinstance(layer, Activation):
            # An activation that does not need its input may have overwritten it, and must not read it.
            slope = np.abs(layer.slope(entered if layer.needs_input else y, y))
            flat = slope <= SATURATED * self._steepest[row]
        else:
            flat = np.zeros(y.shape, np.bool_)
        moments = np.array([self._moments(row, block, values, flat[block]) for block, values in enumerate(y)]).T
        self._seen[row] = _merged(self._seen[row], moments) if row in self._seen else moments
        low, high = y.min(axis=1), y.max(axis=1)
        if row in self._ends:
            low, high = np.minimum(low, self._ends[row][0]), np.maximum(high, self._ends[row][1])
        self._ends[row] = (low, high)

    def _moments(self, row: int, block: int, values: Floats, flat: NDArray[np.bool_]) -> list[float]:
        low, high = self.edges[row, 0], self.edges[row, -1]
        numbers = values.reshape(-1)
        finite = numbers[np.isfinite(numbers)]
        bins = np.clip((finite - low) * (BINS / (high - low)), 0, BINS - 1).astype(np.int64)
        self.counts[self._look, row, block] += np.bincount(bins, minlength=BINS)
        exact = numbers.astype(np.float64)
        return [exact.size, float(exact.mean()), float(exact.var() * exact.size), float(flat.sum())]

    def close(self, look: int) -> None:
        """End a look, whose passes have been watched, and be ready for the next."""
        for row, (count, mean, squares, flat) in self._seen.items():
            self.mean[look, row] = mean
            self.sd[look, row] = np.sqrt(squares / count)
            if isinstance(self._layers[row], Activation):
                self.saturated[look, row] = np.where(np.isfinite(mean), flat / count, np.nan)
            low, high = self._ends[row]
            # A block that is not finite has no units to speak of.
            share = [(a == b).mean() if np.isfinite(a).all() else np.nan for a, b in zip(low, high, strict=True)]
            self.dead[look, row] = share
        self._begin(look + 1)


def _merged(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Join (count, mean, sum of squared deviations, saturated) of two samples (Chan et al. 1979).

    E[x²] - E[x]² would cancel where a layer hardly varies, which is what there is to be seen.
    """
    count = one[0] + other[0]
    gap = other[1] - one[1]
    mean = one[1] + gap * other[0] / count
    return np.array([count, mean, one[2] + other[2] + gap**2 * one[0] * other[0] / count, one[3] + other[3]])
