"""How many blocks to train at a time."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ablate.data.base import first_split
from ablate.nn.network import Network, Replicas
from ablate.train.config import TrainConfig
from ablate.train.evaluate import ROWS
from ablate.train.path import compiled_program
from ablate.train.step import DRAWN

CACHE = 4 * 2**20
"""Bytes that the blocks trained together touch in a step, so that they find their numbers in the cache."""

FEWEST, SPILL = 4, 112 * 2**20
"""Blocks that are trained together even so, sharing the cost of Python's calls, unless they touch more than `SPILL`.

Measured on one core with 2 MB of L2, µs per step and seed at 1, 4 and 10 blocks: Inception on 8x8 images (8 MB a
block) 6,379, 5,112, 5,616; 784-100x5-10 (1.6 MB) 762, 732, 796; the book's convnet on 28x28 images (30 MB) at 1 and 4
blocks 15,221, 17,836.
"""


@dataclass(frozen=True)
class Footprint:
    """Bytes of one block.

    Attributes
    ----------
    step
        What a training step touches: parameters, gradients, the optimizer's slots, the minibatch, every buffer.
    held
        All that is held at once: buffers of evaluation, copies of the parameters and what an augmentation prepares
        (baked copies, a GAN) included.
    shared
        What all blocks together hold once: the work space of compiled steps, and what is drawn for a call of them.
    """

    step: int
    held: int
    shared: int = 0


def footprint(config: TrainConfig, network: Network) -> Footprint:
    """Return what one block takes, by sending zeros through a single block and counting what it then holds.

    Counted, not estimated: a layer need not say what buffers it uses, and cannot say it wrongly. Compiled steps have
    their buffers once, for all blocks in turn; what they touch for one block is about what the NumPy form touches.
    """
    replicas = Replicas(network, blocks=1, dtype=config.arithmetic)
    flat = replicas.nbytes
    images = np.zeros((1, config.batch_size, *network.in_shape), replicas.dtype)
    with np.errstate(all="ignore"):
        scores = replicas.forward(images, train=True, rngs=[np.random.default_rng(0)])
        replicas.backward(np.zeros_like(scores))
        parameters = replicas.params.nbytes
        step = replicas.nbytes + images.nbytes + parameters * config.optimizer.running
        trained = replicas.nbytes
        gathered = 0
        for rows in _evaluated_at_once(config):
            images = np.zeros((1, rows, *network.in_shape), replicas.dtype)
            replicas.forward(images, train=False)
            gathered += images.nbytes
    prepared = 0
    if config.augment.needs_training_set:
        examples = len(first_split(config.dataset).train)
        shape = (examples, *config.dataset.examples().images.shape[1:])
        prepared = config.augment.held(shape, classes=network.out_shape[0], batch=config.batch_size)
    copies = 1 + (config.keep == "best")  # the weights it began at, and those of the best evaluation
    rest = (replicas.nbytes - trained) + gathered + prepared + parameters * copies
    rest += step if config.observe else 0  # an observer's shadow is another net
    program = compiled_program(config, network)
    if program is None:
        return Footprint(step, step + rest)
    one, place = replicas.dtype.itemsize, np.dtype(np.int64).itemsize
    masks = program.mask_size * (2 * one + 1)  # the layer's own, with what it draws, and what the program reads
    shared = (program.work + program.spare) * one + DRAWN * (one + 4 * place)  # positions and labels, twice each
    return Footprint(step, step - (trained - flat) + masks + rest, shared)


def _evaluated_at_once(config: TrainConfig) -> set[int]:
    """Return the numbers of examples that are evaluated at once: each has buffers of its own."""
    split = first_split(config.dataset)
    sizes = [len(part) for part in (split.train, split.validation, split.test)]
    sizes.append(config.init.examples)
    return {rows for size in sizes for rows in (min(size, ROWS), size % ROWS) if rows}


def chunks(config: TrainConfig, network: Network, seeds: list[int]) -> list[list[int]]:
    """Divide seeds into groups, as even as can be, never fewer than 1 each.

    Groups are as large as is fast (see `CACHE`, `FEWEST`), and hold no more than ``memory_gb``. Results do not depend
    on it: blocks share nothing. The nets of a seed's ensemble, a block each, stay together.
    """
    if not seeds:
        return []
    block = footprint(config, network)
    fast = max(CACHE // block.step, FEWEST if FEWEST * block.step <= SPILL else 1)
    room = max(int(config.memory_gb * 2**30) - block.shared, 0)
    most = max(min(fast, room // block.held) // config.ensemble, 1)
    groups = math.ceil(len(seeds) / most)
    ends = [len(seeds) * group // groups for group in range(groups + 1)]
    return [seeds[begin:end] for begin, end in itertools.pairwise(ends)]
