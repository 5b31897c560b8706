"""The size of the loss's gradient in each layer's weights."""

from __future__ import annotations

import numpy as np

from ablate.nn.arrays import Floats
from ablate.nn.network import Network, Replicas
from ablate.train.lens.activations import weight_nodes


class GradientLens:
    """Gathers gradient norms, (looks, layers, blocks).

    Attributes
    ----------
    layers
        Names of the nodes with weights.
    norm
        float64: root mean square, over the probe's minibatches, of the Euclidean norm of the gradient in a layer's
        weights (biases and norm parameters left out).
    """

    def __init__(self, network: Network, *, looks: int, blocks: int) -> None:
        self._nodes = weight_nodes(network)
        self.layers = [network.every[position].name for position in self._nodes]
        self.norm = np.full((looks, len(self._nodes), blocks), np.nan)
        self._begin()

    def _begin(self) -> None:
        self._squares = np.zeros(self.norm.shape[1:])
        self._passes = 0

    def take(self, shadow: Replicas) -> None:
        """Take in the gradient of one minibatch."""
        self._passes += 1
        views = shadow.network.layout.views(shadow.grads)
        for row, position in enumerate(self._nodes):
            node = shadow.network.every[position]
            for parameter in node.layer.parameters(node.in_shape):
                if parameter.fans is not None:
                    self._squares[row] += [_sum_of_squares(block) for block in views[position][parameter.name]]

    def close(self, look: int) -> None:
        """End a look."""
        self.norm[look] = np.sqrt(self._squares / max(self._passes, 1))
        self._begin()


def _sum_of_squares(values: Floats) -> float:
    exact = values.astype(np.float64).reshape(-1)
    return float(np.dot(exact, exact))
