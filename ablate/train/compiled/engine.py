"""Runs the steps of replicas by their network's program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import MixedLabels
from ablate.nn.arrays import Cache, Floats, Integers, batch_last
from ablate.nn.layers import Dropout
from ablate.nn.network import Replicas
from ablate.optim import Slots
from ablate.train.compiled.blas import LETTERS, gemm_address
from ablate.train.compiled.build import StepTable
from ablate.train.compiled.codes import GRADS, MOVE, PASS, PREPARE, PRODUCT, SGD
from ablate.train.compiled.load import loaded
from ablate.train.compiled.rules import RULES, numbers
from ablate.train.config import TrainConfig

NO_RULE = -1


class Engine:
    """A program with the arrays it works on.

    Parameters
    ----------
    slots
        The optimizer's.
    frozen
        Which parameters do not learn, bool (parameters,); or None.
    """

    def __init__(
        self,
        config: TrainConfig,
        program: StepTable,
        replicas: Replicas,
        slots: Slots,
        frozen: NDArray[np.bool_] | None,
    ) -> None:
        dtype, blocks = replicas.dtype, replicas.blocks
        self._config, self._program, self._replicas = config, program, replicas
        self._run = loaded(dtype, with_images=program.images)
        self._tools = (gemm_address(dtype), LETTERS, np.zeros(6, np.int32), np.array([0, 1, 0], dtype))
        self._scalars = program.scalars.astype(dtype)
        self._work, self._spare = np.zeros(program.work, dtype), np.zeros(program.spare, dtype)
        self._caches = [Cache({}, dtype=dtype, train=True, overwrite=False) for _ in program.masks]
        self._rule = RULES[type(config.optimizer)][0] if type(config.optimizer) in RULES else NO_RULE
        none = np.zeros((blocks, 0), dtype)
        self._slots = [*(slots.arrays if self._rule != NO_RULE else ()), none, none][:2]
        self._decayed = slots.decayed
        self._frozen = np.zeros(0, np.bool_) if frozen is None else frozen
        plain = self._rule == SGD and frozen is None and not config.l2 and not config.clip_norm
        self._at_once = int(plain and _weights(program) == slots.decayed)

    def __call__(
        self,
        steps: range,
        labels: Integers | MixedLabels,
        *,
        examples: Floats,
        positions: Integers | None = None,
        given: Floats | None = None,
        rngs: Sequence[np.random.Generator] = (),
        move: bool,
    ) -> Floats:
        """Do steps on all blocks and return their losses, (steps, blocks).

        Parameters
        ----------
        steps
            Their numbers, from 1.
        labels
            (steps, blocks, batch), or of a single step (blocks, batch).
        examples, positions
            (examples, features), and which of them make up the minibatches, (steps, blocks, batch); or
        given
            the minibatch itself, (blocks, batch, …), of a single step.
        rngs
            A generator per block, for layers that draw.
        move
            Whether to update as well; else the replicas' gradients are what an update is to be made with.
        """
        dtype, blocks = self._replicas.dtype, self._replicas.blocks
        mixed = labels if isinstance(labels, MixedLabels) else None
        targets: Integers = mixed.own if mixed is not None else labels  # type: ignore[assignment]
        targets = np.ascontiguousarray(targets).reshape(len(steps), blocks, -1)
        other = targets[:0] if mixed is None else mixed.other.reshape(targets.shape)
        share = np.zeros(0, dtype) if mixed is None else mixed.share.astype(dtype)
        inputs = np.zeros((0, 0), dtype) if given is None else np.ascontiguousarray(given).reshape(blocks, -1)
        minibatch = targets[:0] if positions is None else np.ascontiguousarray(positions)
        losses = np.empty((len(steps), blocks), dtype)
        self._do(
            PASS | PREPARE | (MOVE if move else 0), steps, losses,
            data=(examples, minibatch, inputs, targets, np.ascontiguousarray(other), share),
            masks=self._draw(rngs, len(steps), targets.shape[2]),
        )  # fmt: skip
        return losses

    def move(self, step: int) -> None:
        """Update with the replicas' gradients, as update number `step`."""
        dtype, blocks = self._replicas.dtype, self._replicas.blocks
        nothing, none = np.zeros((0, 0), dtype), np.zeros((1, blocks, 0), np.int64)
        self._do(
            MOVE, range(step, step + 1), np.empty((1, blocks), dtype),
            data=(nothing, none, nothing, none, none, np.zeros(0, dtype)), masks=np.zeros((1, blocks, 0), dtype),
        )  # fmt: skip

    @property
    def moves(self) -> bool:
        """Whether the optimizer's updates have a compiled form."""
        return self._rule != NO_RULE

    def _do(self, phases: int, steps: range, losses: Floats, *, data: Any, masks: Floats) -> None:
        config, replicas = self._config, self._replicas
        each = numbers(
            config.optimizer, config.schedule, steps, l2=config.l2, clip_norm=config.clip_norm, dtype=replicas.dtype
        )
        self._run(
            self._program.table, self._scalars, *self._tools, self._work, self._spare, *data,
            replicas.params, replicas.grads, replicas.flat_state, masks, *self._slots,
            phases, self._rule, each, self._frozen, self._decayed, losses, self._at_once,
        )  # fmt: skip

    def _draw(self, rngs: Sequence[np.random.Generator], steps: int, batch: int) -> Floats:
        """Return the masks of all layers that draw, each by its own NumPy form, (steps, blocks, numbers)."""
        blocks = self._replicas.blocks
        masks = np.empty((steps, blocks, self._program.mask_size), self._replicas.dtype)
        for step in masks:
            at = 0
            for (layer, shape, rows), cache in zip(self._program.masks, self._caches, strict=True):
                assert isinstance(layer, Dropout)
                mask = layer.mask((blocks, batch, *shape), cache, rngs)
                if not rows:
                    mask = batch_last(mask) if mask.ndim == 5 else mask.swapaxes(1, 2)
                size = mask[0].size
                step[:, at : at + size] = mask.reshape(blocks, size)
                at += size
        return masks


def _weights(program: StepTable) -> int:
    """Return how many weights have a gradient that is one product: all of them where every layer is fully connected."""
    products = program.table[(program.table[:, 0] == PRODUCT) & (program.table[:, 12] == GRADS)]
    return int((products[:, 3] * products[:, 4]).sum())
