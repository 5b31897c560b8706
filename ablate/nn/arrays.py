"""Array types of the core, and the buffers a layer works in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ablate.nn.chain import Chain

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]
Views = dict[str, Floats]  # parameter or state name -> (blocks, …) array
Watch = Callable[[int, Floats, Floats], None]  # (position of a node, its input, its output)
WatchBack = Callable[[int, Floats], None]  # (position, gradient with respect to the output)


def batch_last(x: Floats) -> Floats:
    """Return the view (blocks, channels, height, width, batch) of images (blocks, batch, channels, height, width).

    This is how images lie in memory, everywhere in the core: whatever is cut out of an image for a convolution or
    a pooling window is then a run of at least `batch` numbers, copied and compared at the speed of memory; a
    convolution is one product per block with nothing to transpose; and a channel is one run. Measured in
    docs/decisions/0010-images-with-the-batch-last.md.
    """
    return x.transpose(0, 2, 3, 4, 1)


def empty(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an uninitialised array; five axes are images, which lie with the batch last in memory."""
    if len(shape) != 5:
        return np.empty(shape, dtype)
    blocks, batch, *image = shape
    return np.empty((blocks, *image, batch), dtype).transpose(0, 4, 1, 2, 3)


class Cache:
    """What one node of a network remembers from `forward` to `backward`, and the buffers it writes to.

    Nothing is allocated after the first step: fresh arrays cost page faults, measured at a third of a step of
    a small net. There is one cache per node and mode (training, evaluation).

    Parameters
    ----------
    shared
        Buffers common to all nodes of one pass, for values that do not outlive the next node.
    train
        Whether the pass trains (batch statistics, masks) or evaluates.
    overwrite
        Whether `forward` may write its result over its input.
    chains
        For a composite layer, its branches with their own arrays; their `shared` is another than the composite's,
        so that what the composite holds there outlives them.

    Attributes
    ----------
    watch
        Called after `forward` while a pass is watched.
    watch_back
        Called before `backward` while a pass is watched.
    """

    def __init__(
        self,
        shared: dict[Any, Floats],
        *,
        dtype: np.dtype[Any],
        train: bool,
        overwrite: bool,
        chains: Sequence[Chain] = (),
    ) -> None:
        self.dtype, self.train, self.overwrite, self.chains = dtype, train, overwrite, chains
        self.saved: Views = {}
        self.watch: Watch | None = None
        self.watch_back: WatchBack | None = None
        self._shared = shared
        self._own: dict[Any, Any] = {}

    def buffer(self, name: str, shape: tuple[int, ...]) -> Floats:
        """Return this node's own buffer; what it holds stays until the node overwrites it."""
        key = (name, shape)
        buffer = self._own.get(key)
        if buffer is None:
            buffer = self._own[key] = empty(shape, self.dtype)
        return buffer

    def marks(self, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return this node's own buffer of truth values."""
        buffer = self._own.get((name, shape))
        if buffer is None:
            buffer = self._own[name, shape] = empty(shape, np.bool_)
        return buffer

    def output(self, shape: tuple[int, ...], beside: Floats) -> Floats:
        """Return where to put the result of `forward` on `beside`: kept for `backward` only when training."""
        return self.buffer("output", shape) if self.train else self.handover(shape, beside)

    def handover(self, shape: tuple[int, ...], beside: Floats) -> Floats:
        """Return a buffer that is valid until the neighbouring node has read it, and is not `beside`.

        Two per shape serve a whole network in turns, where one per node would push each other out of the cache.
        """
        first = self._common(("handover", 0, shape), shape)
        if _owner(beside) is not _owner(first):
            return first
        return self._common(("handover", 1, shape), shape)

    def scratch(self, name: str, shape: tuple[int, ...]) -> Floats:
        """Return a buffer that is valid until this call ends."""
        return self._common((name, shape), shape)

    def full(self, value: float, shape: tuple[int, ...]) -> Floats:
        """Return a constant array; do not write to it."""
        array = self._shared.get((value, shape))
        if array is None:
            array = self._shared[value, shape] = empty(shape, self.dtype)
            array[...] = value
        return array

    def rows(self, shape: tuple[int, ...]) -> Integers:
        """Return where each row of a C-contiguous array of `shape` begins in it, ``shape[:-1]``."""
        starts = self._own.get(("rows", shape))
        if starts is None:
            size = math.prod(shape)
            starts = self._own["rows", shape] = np.arange(0, size, shape[-1], dtype=np.int64).reshape(shape[:-1])
        return starts

    def held(self) -> Iterator[NDArray[Any]]:
        """Yield every array this node holds or shares with others."""
        yield from self._own.values()
        yield from self._shared.values()

    def _common(self, key: Any, shape: tuple[int, ...]) -> Floats:
        buffer = self._shared.get(key)
        if buffer is None:
            buffer = self._shared[key] = empty(shape, self.dtype)
        return buffer


def _owner(array: Floats) -> Any:
    """Return the array whose memory this is (NumPy lets a view of a view point to it)."""
    return array if array.base is None else array.base
