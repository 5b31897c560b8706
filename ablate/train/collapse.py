"""A deep linear net against the product of its matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate.nn import Dense
from ablate.nn.arrays import Floats, Integers
from ablate.nn.network import Network, Replicas

ROWS = 250
"""Examples compared at a time."""


def is_linear(network: Network) -> bool:
    """Tell whether a network is a chain of fully connected layers with nothing between them."""
    return all(isinstance(node.layer, Dense) for node in network.every)


def collapsed(replicas: Replicas, block: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return W₁ W₂ … and the bias that goes with it, float64: the one layer a linear net equals."""
    weight = np.eye(replicas.network.in_shape[0])
    bias = np.zeros((1, replicas.network.in_shape[0]))
    for views in replicas.views:
        layer = views["W"][block].astype(np.float64)
        weight, bias = weight @ layer, bias @ layer
        if "b" in views:
            bias = bias + views["b"][block]
    return weight, bias


def distance_from_product(replicas: Replicas, images: Floats, positions: Integers) -> NDArray[np.float64] | None:
    """Return how far a linear net is from the product of its matrices, float64 (blocks,); None for other nets.

    The largest difference between an output of the net (in its own dtype, layer by layer) and of the product (in
    float64), over the largest output.

    Parameters
    ----------
    images
        (examples, features).
    positions
        (blocks, examples) or (1, examples): which to compare on.
    """
    if not is_linear(replicas.network):
        return None
    differs, scale = np.zeros(replicas.blocks), np.zeros(replicas.blocks)
    products = [collapsed(replicas, block) for block in range(replicas.blocks)]
    for begin in range(0, positions.shape[1], ROWS):
        inputs = images[positions[:, begin : begin + ROWS]]
        outputs = replicas.forward(inputs, train=False)
        for block, (weight, bias) in enumerate(products):
            single = inputs[min(block, len(inputs) - 1)].astype(np.float64) @ weight + bias
            differs[block] = np.maximum(differs[block], np.abs(outputs[block] - single).max())  # NaN stays
            scale[block] = np.maximum(scale[block], np.abs(single).max())
    return differs / np.where(scale > 0.0, scale, 1.0)
