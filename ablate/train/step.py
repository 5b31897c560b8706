"""One training step of a group of blocks: gather, forward, loss, backward, update."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ablate.data.augment.none import NoAugmentation
from ablate.nn.arrays import Cache, Floats, Integers
from ablate.nn.network import Network, Replicas
from ablate.optim.axpy import add_scaled
from ablate.streams import streams
from ablate.train.config import TrainConfig
from ablate.train.parts import Source


class Stepper:
    """Trains the replicas of one network, a block per seed.

    Attributes
    ----------
    replicas
        What is trained; begins at each seed's own initial weights.
    steps
        Steps done.
    """

    def __init__(self, config: TrainConfig, network: Network, source: Source, seeds: Sequence[int]) -> None:
        self._config, self._source = config, source
        self.replicas = Replicas(network, blocks=len(seeds), dtype=config.dtype)
        self.replicas.init(config.init, streams(list(seeds), "init"))
        self._slots = config.optimizer.init(self.replicas.params, decayed=network.layout.decayed)
        self._dropout, self._augment = streams(list(seeds), "dropout"), streams(list(seeds), "augment")
        self._cache = Cache({}, dtype=self.replicas.dtype, train=True, overwrite=True)
        self._inputs = np.empty((len(seeds), config.batch_size, *network.in_shape), self.replicas.dtype)
        self.steps = 0

    def __call__(self, positions: Integers) -> Floats:
        """Do one step on the minibatch at `positions` (blocks, batch) and return its loss (blocks,).

        The loss is the data's, before the update, without the L2 term.
        """
        config, replicas = self._config, self.replicas
        inputs, labels = self.gather(positions)
        scores = replicas.forward(inputs, train=True, rngs=self._dropout)
        loss, dscores = config.loss.train(scores, labels, self._cache)
        replicas.backward(dscores)
        if config.l2:
            decayed = slice(0, replicas.network.layout.decayed)
            add_scaled(replicas.grads[:, decayed], replicas.params[:, decayed], config.l2)
        if config.clip_norm is not None:
            clip(replicas.grads, config.clip_norm)
        self.steps += 1
        config.optimizer.update(replicas.grads, self._slots, replicas.params, self.steps)
        return loss

    def gather(self, positions: Integers) -> tuple[Floats, Integers]:
        """Return the minibatch: images (blocks, batch, features), augmented, and labels (blocks, batch)."""
        labels = self._source.labels[positions]
        blocks, batch = positions.shape
        flat = self._inputs.reshape(blocks, batch, -1)
        # mode="clip" writes straight to `out`; the default mode buffers, in case a position is out of range.
        np.take(self._source.images, positions, axis=0, out=flat, mode="clip")
        if not isinstance(self._config.augment, NoAugmentation):
            images = flat.reshape(blocks, batch, *self._source.shape).astype(np.float32, copy=False)
            images, labels = self._config.augment(images, labels, self._augment)
            flat[...] = images.reshape(flat.shape)
        return self._inputs, labels


def clip(grads: Floats, norm: float) -> None:
    """Scale each block's gradient down to length `norm` where it is longer, in place (Pascanu et al. 2013).

    A gradient that is not finite stays so: its block has diverged, and that must be seen.
    """
    for block, row in enumerate(grads):
        length = float(np.sqrt(np.dot(row, row)))
        if not length <= norm:
            grads[block] *= norm / length
