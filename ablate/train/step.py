"""Training steps of a group of blocks: gather, forward, loss, backward, update.

The NumPy form, `Stepper.__call__`, says what a step is. `Stepper.run` does all steps of a run by it, or all of them by
the compiled form (`ablate.train.compiled`), the same to rounding, in a fraction of the time. Which one depends on the
arm alone (`ablate.train.path`), so that a run is the same to the bit whenever, wherever on this machine and beside
whatever it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ablate.data.augment.base import MixedLabels
from ablate.data.augment.none import NoAugmentation
from ablate.nn.arrays import Cache, Floats, Integers
from ablate.nn.network import Network, Replicas
from ablate.optim import Optimizer, Slots
from ablate.optim.base import add_scaled
from ablate.streams import streams
from ablate.train.compiled.ready import make_ready
from ablate.train.config import TrainConfig
from ablate.train.hidden import hidden_mask
from ablate.train.parts import Parts, PartSource
from ablate.train.path import has_rule

if TYPE_CHECKING:
    from ablate.train.compiled.build import StepTable
    from ablate.train.compiled.engine import Engine

AT_ONCE, DRAWN = 2**32, 2**18
"""Multiply-adds in one call of compiled code, a tenth of a second, so that Ctrl-C is heard; numbers drawn for it."""


class UpdateWatch(Protocol):
    """Someone who looks at updates, and changes nothing."""

    def before(self, step: int, params: Floats, grads: Floats) -> None:
        """See parameters and gradients right before update number `step`."""

    def after(self, params: Floats, optimizer: Optimizer, slots: Slots) -> None:
        """See what that update left."""


class Stepper:
    """Trains the replicas of one network, a block per seed; with an ensemble a block per member.

    Parameters
    ----------
    program
        The compiled form of its steps, by which `run` does all of them; None: by the NumPy form.

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

    def __init__(
        self,
        config: TrainConfig,
        network: Network,
        source: PartSource,
        seeds: Sequence[int],
        *,
        program: StepTable | None = None,
    ) -> None:
        self._config, self.source = config, source
        nets, members = len(seeds) * config.ensemble, config.ensemble
        self.replicas = Replicas(network, blocks=nets, dtype=config.arithmetic)
        drawing = streams(list(seeds), "init", members, config.redraw)
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
        self._dropout = streams(list(seeds), "dropout", members, config.redraw)
        self._drawing = streams(list(seeds), "augment", members, config.redraw)
        self.augment = config.augment
        self._cache = Cache({}, dtype=self.replicas.dtype, train=True, overwrite=True)
        self._inputs = np.empty((nets, config.batch_size, *network.in_shape), self.replicas.dtype)
        self.steps = 0
        self.watch: UpdateWatch | None = None
        self._program = program
        self._engine: Engine | None = None

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

    def run(self, batches: Iterator[Integers], steps: int) -> Floats:
        """Do `steps` steps on the minibatches that come next and return their losses, (steps, blocks)."""
        losses = np.empty((steps, self.replicas.blocks), self.replicas.dtype)
        done = 0
        while done < steps:
            if self._program is None:
                losses[done] = self(next(batches))
                done += 1
                continue
            count = min(steps - done, self._at_once())
            losses[done : done + count] = self._compiled([next(batches) for _ in range(count)])
            done += count
        return losses

    def _at_once(self) -> int:
        """Return how many steps are done by one call of compiled code."""
        assert self._program is not None
        if not isinstance(self.augment, NoAugmentation) or not self._moves_itself:
            return 1
        config, blocks = self._config, self.replicas.blocks
        cost = 3 * self.replicas.network.multiply_adds * config.batch_size * blocks
        drawn = max(self._program.mask_size, config.batch_size) * blocks
        return max(1, min(AT_ONCE // max(cost, 1), DRAWN // drawn))

    @property
    def _moves_itself(self) -> bool:
        """Whether whole steps can be done one after another, without a look at what an update does."""
        return self.watch is None and self._config.dtype != "float16" and has_rule(self._config.optimizer)

    def _compiled(self, batches: list[Integers]) -> Floats:
        """Do a step on each of `batches` by the compiled form."""
        engine = self._made()
        ahead = range(self.steps + 1, self.steps + 1 + len(batches))
        examples, move = self.source.images, self._moves_itself
        if isinstance(self.augment, NoAugmentation):
            labels = np.stack([self.source.labels_at(batch) for batch in batches])
            losses = engine(
                ahead, labels, examples=examples, positions=np.stack(batches), rngs=self._dropout, move=move
            )
        else:
            inputs, mixed = self.gather(batches[0])
            losses = engine(ahead, mixed, examples=examples, given=inputs, rngs=self._dropout, move=move)
        self.steps += len(batches)
        if not move:
            self._update(engine)
        return losses

    def _made(self) -> Engine:
        """Return the engine, made when first asked for."""
        if self._engine is None:
            assert self._program is not None
            make_ready(self._program, self.replicas.dtype)
            from ablate.train.compiled.engine import Engine

            self._engine = Engine(self._config, self._program, self.replicas, self._slots, self._frozen)
        return self._engine

    def _update(self, engine: Engine | None = None) -> None:
        """Do the update number `steps` with the replicas' gradients, by an `engine` that can."""
        config, params = self._config, self.replicas.params
        optimizer = config.schedule.apply(config.optimizer, self.steps)
        if self.watch is not None:
            self.watch.before(self.steps, params, self.replicas.grads)
        before = params.copy() if config.dtype == "float16" else None
        if engine is not None and engine.moves:
            engine.move(self.steps)
        else:
            optimizer.update(self.replicas.grads, self._slots, params, self.steps)
        if before is not None:
            round_to_half(params, before)
        if self._frozen is not None:  # decoupled weight decay moves weights without a gradient
            params[:, self._frozen] = self.start[:, self._frozen]
        if self.watch is not None:
            self.watch.after(params, optimizer, self._slots)

    def gather(self, positions: Integers) -> tuple[Floats, Integers | MixedLabels]:
        """Return the minibatch: images (blocks, batch, features), augmented, and labels (blocks, batch)."""
        own_labels = self.source.labels_at(positions)
        labels: Integers | MixedLabels = own_labels
        blocks, batch = positions.shape
        flat = self._inputs.reshape(blocks, batch, -1)
        # mode="clip" writes straight to `out`; the default mode buffers, in case a position is out of range.
        np.take(self.source.images, positions, axis=0, out=flat, mode="clip")
        if not isinstance(self.augment, NoAugmentation):
            images = flat.reshape(blocks, batch, *self.source.shape).astype(np.float32, copy=False)
            images, labels = self.augment(images, own_labels, self._drawing)
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
