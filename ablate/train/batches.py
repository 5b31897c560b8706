"""Which examples make up each minibatch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ablate.errors import must
from ablate.nn.arrays import Integers
from ablate.train.config import TrainConfig


def steps_per_epoch(config: TrainConfig, train_size: int) -> int:
    """Return the number of full minibatches in the training part, at least 1.

    Raises
    ------
    UserError
        Not even one minibatch can be drawn without replacement.
    """
    if config.sampling == "shuffle" and config.batch_size > train_size:
        raise must("batch_size", f"be <= {train_size} (the training examples) with sampling=shuffle", config.batch_size)
    return max(train_size // config.batch_size, 1)


def total_steps(config: TrainConfig, train_size: int) -> int:
    """Return how many optimizer steps a run has."""
    return config.steps if config.steps is not None else config.epochs * steps_per_epoch(config, train_size)


def evaluation_steps(config: TrainConfig, train_size: int) -> list[int]:
    """Return the numbers of steps done at which the run is evaluated, ascending, the last step among them."""
    steps = total_steps(config, train_size)
    every = config.evaluate_every or steps_per_epoch(config, train_size)
    grid = list(range(config.evaluate_from, steps + 1, every))
    return grid if grid and grid[-1] == steps else [*grid, steps]


def minibatches(config: TrainConfig, train: Integers, rngs: Sequence[np.random.Generator]) -> Iterator[Integers]:
    """Yield the positions of each minibatch, (blocks, batch), without end.

    Drawn an epoch at a time, from each block's `shuffle` stream only: nothing else in the configuration but
    batch size, sampling and training size moves the order.

    Parameters
    ----------
    train
        (blocks, training examples): positions in the source.
    """
    size = train.shape[1]
    batch, count = config.batch_size, steps_per_epoch(config, size)
    while True:
        if config.sampling == "shuffle":
            drawn = np.stack([rng.permutation(size)[: count * batch] for rng in rngs])
        else:
            drawn = np.stack([rng.integers(size, size=count * batch) for rng in rngs])
        positions = np.take_along_axis(train, drawn, axis=1).reshape(len(train), count, batch)
        yield from np.ascontiguousarray(positions.swapaxes(0, 1))
