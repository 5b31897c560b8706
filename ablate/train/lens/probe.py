"""A copy of the replicas that is passed a fixed set of training minibatches, as training would pass them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import numpy as np

from ablate.nn.arrays import Cache, Integers, Watch
from ablate.nn.network import Network, Replicas
from ablate.streams import streams
from ablate.train.config import TrainConfig
from ablate.train.parts import PartSource

EXAMPLES = 200
"""Examples looked at per block, at least, as far as the training part has them."""


class Probe:
    """Fixed minibatches of each block's own training part, and a shadow of the replicas to send them through.

    The passes are training passes, because that is what gradients are made of: batch statistics are those of a
    minibatch of the run's own size, and dropout drops, with the same masks at every look. They happen in a copy, with
    generators of its own (the `lens` stream), so that training goes on as if nobody had looked. Examples are not
    augmented.

    Parameters
    ----------
    train
        (blocks, training examples): positions in the source.
    """

    def __init__(self, config: TrainConfig, network: Network, train: Integers, seeds: Sequence[int]) -> None:
        self._config = config
        self._rngs = streams(list(seeds), "lens")
        self.shadow = Replicas(network, blocks=len(seeds), dtype=config.arithmetic)
        self._cache = Cache({}, dtype=self.shadow.dtype, train=True, overwrite=True)
        size, batch = train.shape[1], config.batch_size
        self.passes = max(min(-(-EXAMPLES // batch), size // batch), 1)
        count = self.passes * batch
        drawn = np.stack([rng.choice(size, count, replace=count > size) for rng in self._rngs])
        positions = np.take_along_axis(train, drawn, axis=1).reshape(len(train), self.passes, batch)
        self._batches = np.ascontiguousarray(positions.swapaxes(0, 1))

    def look(self, replicas: Replicas, source: PartSource, watch: Watch | None, *, backward: bool) -> Iterator[None]:
        """Pass each minibatch through a copy of `replicas`, yielding after each.

        With `backward`, `shadow.grads` then holds its gradient: the data's alone, without the L2 term, not clipped.
        """
        self.shadow.copy_from(replicas)
        rngs = copy.deepcopy(self._rngs)
        for positions in self._batches:
            inputs = source.images[positions].reshape(*positions.shape, *self.shadow.network.in_shape)
            scores = self.shadow.forward(inputs, train=True, rngs=rngs, watch=watch)
            if backward:
                _, dscores = self._config.loss.train(scores, source.labels_at(positions), self._cache)
                self.shadow.backward(dscores)
            yield
