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


def change_step(config: TrainConfig, train_size: int) -> int | None:
    """Return the steps done when the task changes, or None where it does not."""
    return None if config.change_at is None else config.change_at * steps_per_epoch(config, train_size)


def total_steps(config: TrainConfig, train_size: int) -> int:
    """Return how many optimizer steps a run has; `epochs` and `steps` count from a change of task, if there is one."""
    length = config.steps if config.steps is not None else config.epochs * steps_per_epoch(config, train_size)
    return (change_step(config, train_size) or 0) + length


def evaluation_steps(config: TrainConfig, train_size: int) -> list[int]:
    """Return the numbers of steps done at which the run is evaluated, ascending, the last step among them.

    Where the task changes, evaluations are counted anew from the change, which is one of them.
    """
    steps = total_steps(config, train_size)
    every = config.evaluate_every or steps_per_epoch(config, train_size)
    change = change_step(config, train_size)
    grid = {*range(config.evaluate_from, steps + 1 if change is None else change, every), steps}
    return sorted(grid if change is None else grid.union(range(change, steps + 1, every)))


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
