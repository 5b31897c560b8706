"""One training step of a group of blocks: gather, forward, loss, backward, update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ablate.data.augment.base import MixedLabels
from ablate.data.augment.none import NoAugmentation
from ablate.nn.arrays import Cache, Floats, Integers
from ablate.nn.network import Network, Replicas
from ablate.optim import Optimizer, Slots
from ablate.optim.axpy import add_scaled
from ablate.streams import streams
from ablate.train.config import TrainConfig
from ablate.train.hidden import hidden_mask
from ablate.train.parts import Parts, Source


class UpdateWatch(Protocol):
    """Someone who looks at updates, and changes nothing."""

    def before(self, step: int, params: Floats, grads: Floats) -> None:
        """See parameters and gradients right before update number `step`."""

    def after(self, params: Floats, optimizer: Optimizer, slots: Slots) -> None:
        """See what that update left."""


class Stepper:
    """Trains the replicas of one network, a block per seed; with an ensemble a block per member.

    Attributes
    ----------
    replicas
        What is trained; begins at each seed's own initial weights. A seed's members stand next to each other.
    start
        Those initial weights, (blocks, parameters).
    source
        The examples; may be replaced by one with other labels.
    augment
        What changes minibatches: the configured augmentation, prepared where it needs to be.
    steps
        Steps done.
    watch
        Told of every update, where given.
    """

    def __init__(self, config: TrainConfig, network: Network, source: Source, seeds: Sequence[int]) -> None:
        self._config, self.source = config, source
        nets, members = len(seeds) * config.ensemble, config.ensemble
        self.replicas = Replicas(network, blocks=nets, dtype=config.arithmetic)
        drawing = streams(list(seeds), "init", members)
        self.replicas.init(config.init, drawing)
        if config.init.examples:
            positions = _calibration(config, seeds, drawing)
            shape = (nets, config.init.examples, *network.in_shape)
            config.init.calibrate(self.replicas, source.images[positions].reshape(shape))
        if config.dtype == "float16":
            self.replicas.params[...] = self.replicas.params.astype(np.float16)
        self.start = self.replicas.params.copy()
        self._frozen = hidden_mask(network) if config.freeze == "hidden" else None
        self._slots = config.optimizer.init(self.replicas.params, decayed=network.layout.decayed)
        self._dropout = streams(list(seeds), "dropout", members)
        self._drawing = streams(list(seeds), "augment", members)
        self.augment = config.augment
        self._cache = Cache({}, dtype=self.replicas.dtype, train=True, overwrite=True)
        self._inputs = np.empty((nets, config.batch_size, *network.in_shape), self.replicas.dtype)
        self.steps = 0
        self.watch: UpdateWatch | None = None

    def prepare(self, train: Integers) -> None:
        """Show the training examples at `train`, (blocks, n), to an augmentation that needs them; before any step."""
        if self.augment.needs_training_set:
            labels = self.source.labels_at(train)
            images = self.source.images[train].reshape(*train.shape, *self.source.shape)
            classes = self.replicas.network.out_shape[0]
            self.augment = self.augment.prepared(
                images.astype(np.float32, copy=False), labels, self._drawing, classes=classes
            )

    def __call__(self, positions: Integers) -> Floats:
        """Do one step on the minibatch at `positions` (blocks, batch) and return its loss (blocks,).

        The loss is the data's, before the update, without the L2 term.
        """
        config, replicas = self._config, self.replicas
        inputs, labels = self.gather(positions)
        scores = replicas.forward(inputs, train=True, rngs=self._dropout)
        loss, dscores = config.loss.train_on(scores, labels, self._cache)
        replicas.backward(dscores)
        if config.l2:
            decayed = slice(0, replicas.network.layout.decayed)
            add_scaled(replicas.grads[:, decayed], replicas.params[:, decayed], config.l2)
        if self._frozen is not None:
            replicas.grads[:, self._frozen] = 0.0
        if config.clip_norm is not None:
            clip(replicas.grads, config.clip_norm)
        self.steps += 1
        self._update()
        return loss

    def _update(self) -> None:
        config, params = self._config, self.replicas.params
        optimizer = config.schedule.apply(config.optimizer, self.steps)
        if self.watch is not None:
            self.watch.before(self.steps, params, self.replicas.grads)
        before = params.copy() if config.dtype == "float16" else None
        optimizer.update(self.replicas.grads, self._slots, params, self.steps)
        if before is not None:
            round_to_half(params, before)
        if self._frozen is not None:  # decoupled weight decay moves weights without a gradient
            params[:, self._frozen] = self.start[:, self._frozen]
        if self.watch is not None:
            self.watch.after(params, optimizer, self._slots)

    def gather(self, positions: Integers) -> tuple[Floats, Integers | MixedLabels]:
        """Return the minibatch: images (blocks, batch, features), augmented, and labels (blocks, batch)."""
        own = self.source.labels_at(positions)
        labels: Integers | MixedLabels = own
        blocks, batch = positions.shape
        flat = self._inputs.reshape(blocks, batch, -1)
        # mode="clip" writes straight to `out`; the default mode buffers, in case a position is out of range.
        np.take(self.source.images, positions, axis=0, out=flat, mode="clip")
        if not isinstance(self.augment, NoAugmentation):
            images = flat.reshape(blocks, batch, *self.source.shape).astype(np.float32, copy=False)
            images, labels = self.augment(images, own, self._drawing)
            flat[...] = images.reshape(flat.shape)
        return self._inputs, labels


def _calibration(config: TrainConfig, seeds: Sequence[int], rngs: Sequence[np.random.Generator]) -> Integers:
    """Return which training examples each block's initialiser looks at; with replacement where they are too few."""
    train, count = Parts.of(config.dataset, seeds, members=config.ensemble).train, config.init.examples
    drawn = [rng.choice(train.shape[1], count, replace=train.shape[1] < count) for rng in rngs]
    return np.take_along_axis(train, np.stack(drawn), axis=1)


def round_to_half(params: Floats, before: Floats) -> None:
    """Redo an update in half precision, in place: the change rounded to float16, and what it leads to as well.

    >>> params, before = np.array([[1.0 + 2.0**-12, 2.0**-30]]), np.array([[1.0, 0.0]])
    >>> round_to_half(params, before)
    >>> params.tolist()  # 1 + 2⁻¹² lies nearer to 1 than to its next half; 2⁻³⁰ is below the smallest half
    [[1.0, 0.0]]
    """
    change = np.subtract(params, before).astype(np.float16)
    params[...] = np.add(before, change, dtype=before.dtype).astype(np.float16)


def clip(grads: Floats, norm: float) -> None:
    """Scale each block's gradient down to length `norm` where it is longer, in place (Pascanu et al. 2013).

    A gradient that is not finite stays so: its block has diverged, and that must be seen.
    """
    for block, row in enumerate(grads):
        length = float(np.sqrt(np.dot(row, row)))
        if not length <= norm:
            grads[block] *= norm / length
