"""Runs a stepper's steps by its network's program."""

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
from ablate.train.compiled.build import Program
from ablate.train.compiled.codes import NO_UPDATE
from ablate.train.compiled.machine import machine
from ablate.train.compiled.rules import WIDTH


class Engine:
    """A program with the arrays of the replicas it trains.

    Parameters
    ----------
    slots
        The optimizer's; up to two running quantities.
    frozen
        Which parameters do not learn, bool (parameters,); or None.
    """

    def __init__(
        self, program: Program, replicas: Replicas, slots: Slots, frozen: NDArray[np.bool_] | None
    ) -> None:
        dtype = replicas.dtype
        self._program, self._replicas = program, replicas
        self._run = machine(dtype, with_images=program.images)
        self._address = gemm_address(dtype)
        self._sizes, self._factors = np.zeros(6, np.int32), np.array([0, 1], dtype)
        self._scalars = program.scalars.astype(dtype)
        self._work, self._spare = np.zeros(program.work, dtype), np.zeros(program.spare, dtype)
        self._masks = np.zeros((replicas.blocks, program.mask_size), dtype)
        none = np.zeros((replicas.blocks, 0), dtype)
        self._slots = [*slots.arrays, none, none][:2]
        self._decayed = slots.decayed
        self._frozen = np.zeros(0, np.bool_) if frozen is None else frozen
        self._caches = [Cache({}, dtype=dtype, train=True, overwrite=False) for _ in program.masks]

    def draw(self, rngs: Sequence[np.random.Generator], batch: int) -> None:
        """Draw the masks of one step, each layer by its own NumPy form."""
        at = 0
        blocks = self._replicas.blocks
        for (layer, shape, rows), cache in zip(self._program.masks, self._caches, strict=True):
            assert isinstance(layer, Dropout)
            mask = layer.mask((blocks, batch, *shape), cache, rngs)
            if not rows:
                mask = batch_last(mask) if mask.ndim == 5 else mask.swapaxes(1, 2)
            size = mask[0].size
            self._masks[:, at : at + size].reshape(mask.shape)[...] = mask
            at += size

    def __call__(
        self,
        rule: int,
        numbers: Floats,
        *,
        examples: Floats,
        positions: Integers | None = None,
        given: Floats | None = None,
        labels: Integers | MixedLabels,
    ) -> Floats:
        """Do steps on all blocks and return their losses, (steps, blocks).

        Parameters
        ----------
        rule, numbers
            What moves the parameters; `NO_UPDATE` leaves the gradients in the replicas.
        examples, positions
            (examples, features), and which of them, (steps, blocks, batch); or
        given
            the minibatch itself, (blocks, …), of a single step.
        labels
            (steps, blocks, batch); of a single step (blocks, batch).
        """
        dtype, blocks = self._replicas.dtype, self._replicas.blocks
        mixed = isinstance(labels, MixedLabels)
        own = labels.own if isinstance(labels, MixedLabels) else labels
        own = np.ascontiguousarray(own.reshape(-1, blocks, own.shape[-1]))
        other = np.ascontiguousarray(labels.other[None]) if isinstance(labels, MixedLabels) else own[:0]
        share = labels.share.astype(dtype) if isinstance(labels, MixedLabels) else np.zeros(0, dtype)
        losses = np.empty(own.shape[:2], dtype)
        nothing = np.zeros((0, 0), dtype)
        self._run(
            self._program.table, self._scalars, self._address, LETTERS, self._sizes, self._factors, self._work,
            self._spare, examples, own[:0] if positions is None else np.ascontiguousarray(positions),
            nothing if given is None else np.ascontiguousarray(given).reshape(blocks, -1), own, other, share,
            self._replicas.params, self._replicas.grads, self._replicas.flat_state, self._masks, *self._slots,
            rule, numbers, self._frozen, self._decayed, losses,
        )  # fmt: skip
        assert not mixed or len(own) == 1
        return losses


def no_numbers(dtype: Any) -> Floats:
    """Return what goes with `NO_UPDATE`."""
    return np.zeros((1, WIDTH), dtype)


__all__ = ["NO_UPDATE", "Engine", "no_numbers"]
