"""Initialisers that begin with orthonormal weights: as they are, or scaled by what the data makes of them (LSUV)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ablate.errors import must
from ablate.nn.arrays import Floats
from ablate.nn.init import Initializer
from ablate.registry import register

if TYPE_CHECKING:
    from ablate.nn.network import Replicas


def orthonormal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a random array of `shape` whose matrix has orthonormal rows or columns.

    The matrix is (in, out) of a dense layer, (filters, all the rest) of a convolution. Uniform over such matrices: the
    Q of a normal matrix's QR decomposition, with the signs that make R's diagonal positive (Mezzadri 2007).

    >>> q = orthonormal(np.random.default_rng(0), (4, 2))
    >>> np.allclose(q.T @ q, np.eye(2))
    True
    >>> filters = orthonormal(np.random.default_rng(0), (4, 2, 3, 3)).reshape(4, 18)
    >>> np.allclose(filters @ filters.T, np.eye(4))
    True
    """
    rows, columns = shape[0], math.prod(shape[1:])
    drawn = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q *= np.where(np.diagonal(r) < 0.0, -1.0, 1.0)
    return np.ascontiguousarray(q if rows >= columns else q.T).reshape(shape)


@register("init", "orthogonal")
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """gain * Q, with Q's rows or columns orthonormal (Saxe et al. 2014).

    A deep linear net of square layers with gain 1 keeps the length of every signal and gradient.

    Attributes
    ----------
    gain
        √2 makes up for a ReLU, which halves the mean square.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.gain < math.inf:
            raise must("Orthogonal.gain", "be > 0", self.gain)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fans: tuple[int, int]) -> NDArray[np.float64]:  # noqa: ARG002
        """Return gain * Q."""
        return self.gain * orthonormal(rng, shape)


@register("init", "lsuv")
@dataclass(frozen=True)
class LSUV(Initializer):
    """Layer-sequential unit variance: orthonormal weights, each layer scaled until its outputs have variance 1.

    Algorithm 1 of Mishkin & Matas 2016: from the first weight layer to the last, W ← W / √Var(y), with y the
    layer's outputs (before norm and activation) on a minibatch of training data, until |Var(y) - 1| < tolerance.
    Dropout is off, and running statistics are as they begin. A layer whose outputs do not vary is left alone.

    Attributes
    ----------
    std
        Begin with normal weights of this standard deviation in place of orthonormal ones: whether scaling by the data
        repairs a start of a given scale.
    minibatch
        Examples per block, drawn from its own training part by its `init` stream.
    tolerance
        How far from 1 a variance may stay.
    rounds
        Scalings of a layer at most; one is enough up to rounding where the biases begin at 0.
    """

    std: float | None = field(default=None, metadata={"unsaid": None})
    minibatch: int = 250
    tolerance: float = 0.01
    rounds: int = 10

    def __post_init__(self) -> None:
        if self.std is not None and not 0.0 < self.std < math.inf:
            raise must("LSUV.std", "be > 0, or null for orthonormal weights", self.std)
        for name in ("minibatch", "rounds"):
            value = getattr(self, name)
            if isinstance(value, bool) or value < (2 if name == "minibatch" else 1):
                raise must(f"LSUV.{name}", f"be a whole number >= {2 if name == 'minibatch' else 1}", value)
        if not 0.0 < self.tolerance < 1.0:
            raise must("LSUV.tolerance", "be > 0 and < 1", self.tolerance)

    @property
    def examples(self) -> int:
        """Return `minibatch`."""
        return self.minibatch

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fans: tuple[int, int]) -> NDArray[np.float64]:  # noqa: ARG002
        """Return an orthonormal matrix, or one of independent normal numbers."""
        return orthonormal(rng, shape) if self.std is None else self.std * rng.standard_normal(shape)

    def calibrate(self, replicas: Replicas, inputs: Floats) -> None:
        """Scale each weight array in turn; a block's scale depends on its own examples only."""
        for position, node in enumerate(replicas.network.every):
            for parameter in node.layer.parameters(node.in_shape):
                if parameter.fans is not None:
                    self._scale(replicas, inputs, position, parameter.name)

    def _scale(self, replicas: Replicas, inputs: Floats, position: int, name: str) -> None:
        weights = replicas.views[position][name]
        for _ in range(self.rounds):
            variance = output_variance(replicas, inputs, position)
            off = (np.abs(variance - 1.0) >= self.tolerance) & (variance > 0.0) & np.isfinite(variance)
            if not off.any():
                return
            scale = np.where(off, 1.0 / np.sqrt(np.where(off, variance, 1.0)), 1.0)
            weights *= scale.astype(weights.dtype).reshape(-1, *(1,) * (weights.ndim - 1))


def output_variance(replicas: Replicas, inputs: Floats, position: int) -> NDArray[np.float64]:
    """Return the variance of a node's outputs over examples and units, float64 (blocks,), in evaluation mode."""
    variances = np.empty(replicas.blocks)

    def note(at: int, entered: Floats, y: Floats) -> None:  # noqa: ARG001
        if at == position:
            for block, values in enumerate(y):  # block by block: a block's sum must not depend on its neighbours
                variances[block] = values.var(dtype=np.float64)

    replicas.forward(inputs, train=False, watch=note)
    return variances
