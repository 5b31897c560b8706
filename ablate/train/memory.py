"""How many blocks to train at a time."""

from __future__ import annotations

import itertools
import math

import numpy as np

from ablate.nn.network import Network
from ablate.train.config import TrainConfig

BUDGET = 4 * 2**20
"""Bytes that the blocks trained together may touch in a step."""


def bytes_per_block(config: TrainConfig, network: Network) -> int:
    """Return about how much memory a step of one block touches: parameters, gradients, slots, activations."""
    width = np.dtype(config.arithmetic).itemsize
    inputs = int(np.prod(network.in_shape))
    per_parameter = 2 + config.optimizer.running
    per_example = inputs + 2 * network.numbers_per_example()
    return width * (per_parameter * network.parameters + config.batch_size * per_example)


def chunks(config: TrainConfig, network: Network, seeds: list[int]) -> list[list[int]]:
    """Divide seeds into groups, as even as can be, whose steps stay within the budget; never fewer than 1 each.

    Results do not depend on it: blocks share nothing.
    """
    most = max(BUDGET // bytes_per_block(config, network), 1)
    groups = math.ceil(len(seeds) / most)
    if not seeds:
        return []
    ends = [len(seeds) * group // groups for group in range(groups + 1)]
    return [seeds[begin:end] for begin, end in itertools.pairwise(ends)]
