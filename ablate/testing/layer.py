"""What a layer keeps to: its gradients are those of its output, and a block depends on itself only."""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate.nn.arrays import Cache, Floats
from ablate.nn.init import He
from ablate.nn.layer import Layer, Shape
from ablate.nn.network import Network, Replicas
from ablate.testing.base import Check, close, generators, require, suite

_STEP = 1e-6
_BLOCKS, _BATCH = 2, 7


def layer_checks(layer: Layer) -> list[Check]:
    """Return the checks for a layer of vectors: activations, norms, dropout, layers of one's own."""
    return suite(
        ("the gradient in its input is that of its output", lambda one: _in_input(one, overwrite=False)),
        ("the same where it may write over its input", lambda one: _in_input(one, overwrite=True)),
        ("the gradient in its parameters is that of its output", _in_parameters),
        ("a block's output depends on no other block", _blocks),
        ("evaluating draws nothing and changes no state", _evaluates),
        ("float32 stays float32", _dtype),
        of=layer,
    )


def check_gradients(
    shape: Shape, layers: list[tuple[str, Layer]], *, blocks: int = 2, batch: int = 4, seed: int = 0
) -> Replicas:
    """Compare the gradients of a network of layers, in every parameter and in the input, with central differences.

    Each block is projected on its own along a random direction: an error in any entry shows with probability one.

    Raises
    ------
    Broken
        They differ, or there is nothing to compare.
    """
    network = Network(shape, layers)
    rng = np.random.default_rng(seed)
    replicas = Replicas(network, blocks=blocks, dtype="float64")
    replicas.init(He(), generators(1, blocks))
    replicas.params += 0.3 * rng.standard_normal(replicas.params.shape)  # biases, gains and shifts, too
    x = rng.standard_normal((blocks, batch, *shape))
    weights = rng.standard_normal((blocks, batch, *network.out_shape))
    start = replicas.params.copy()

    def value(params: Floats, at: Floats) -> Floats:
        replicas.params[...] = params
        y = replicas.forward(at, train=True, rngs=generators(2, blocks))
        return np.asarray((y * weights).reshape(blocks, -1).sum(axis=1))

    value(start, x)
    dx = np.array(replicas.backward(weights.copy(), need_dx=True))
    grads = replicas.grads.copy()
    along = rng.standard_normal(x.shape)
    numeric = (value(start, x + _STEP * along) - value(start, x - _STEP * along)) / (2 * _STEP)
    close((dx * along).reshape(blocks, -1).sum(axis=1), numeric, "gradient in the input", rtol=1e-6, atol=1e-6)
    if start.size:
        along = rng.standard_normal(start.shape)
        numeric = (value(start + _STEP * along, x) - value(start - _STEP * along, x)) / (2 * _STEP)
        close((grads * along).sum(axis=1), numeric, "gradient in the parameters", rtol=1e-6, atol=1e-6)
        require(np.abs(grads).max() > 1e-3, "the gradient in the parameters is zero: there is nothing to compare")
    return replicas


class _Bench:
    """A layer with parameters, gradients and state of its own, on one random input."""

    def __init__(self, layer: Layer, *, overwrite: bool = False, dtype: str = "float64", train: bool = True) -> None:
        rng = np.random.default_rng(3)
        self.layer, self.dtype = layer, dtype
        self.x, self.along = rng.standard_normal((2, _BLOCKS, _BATCH, 5)).astype(dtype)
        shape = (5,)
        self.params, self.grads, self.state = {}, {}, {}
        for parameter in layer.parameters(shape):
            self.params[parameter.name] = rng.standard_normal((_BLOCKS, *parameter.shape)).astype(dtype)
            self.grads[parameter.name] = np.empty_like(self.params[parameter.name])
        for key, start in layer.state(shape).items():
            self.state[key] = np.broadcast_to(start, (_BLOCKS, *start.shape)).astype(dtype)
        self.weights = rng.standard_normal((_BLOCKS, _BATCH, *layer.out_shape(shape))).astype(dtype)
        self.cache = Cache({}, dtype=np.dtype(dtype), train=train, overwrite=overwrite)

    def forward(self, at: Any) -> Floats:
        return self.layer.forward(at.copy(), self.params, self.state, self.cache, generators(4, _BLOCKS))

    def projected(self, at: Any) -> Floats:
        surrogate = getattr(self.layer, "straight_through", False)
        y = self.layer.differentiated(at) if surrogate else self.forward(at)  # type: ignore[attr-defined]
        return np.asarray((y * self.weights).reshape(_BLOCKS, -1).sum(axis=1))

    def backward(self) -> Floats:
        dx = self.layer.backward(self.weights.copy(), self.params, self.grads, self.cache, need_dx=True)
        require(dx is not None, "backward returns None although need_dx holds")
        return np.array(dx)


def _in_input(layer: Layer, *, overwrite: bool) -> None:
    bench = _Bench(layer, overwrite=overwrite)
    x, along = bench.x, bench.along
    numeric = (bench.projected(x + _STEP * along) - bench.projected(x - _STEP * along)) / (2 * _STEP)
    bench.forward(x)
    dx = bench.backward()
    close((dx * along).sum(axis=(1, 2)), numeric, "backward against differences of forward", rtol=1e-6, atol=1e-7)


def _in_parameters(layer: Layer) -> None:
    bench = _Bench(layer)
    for name, param in bench.params.items():
        start, along = param.copy(), np.random.default_rng(5).standard_normal(param.shape)
        ends = []
        for sign in (1, -1):
            param[...] = start + sign * _STEP * along
            ends.append(bench.projected(bench.x))
        param[...] = start
        bench.forward(bench.x)
        bench.backward()
        got = (bench.grads[name] * along).reshape(_BLOCKS, -1).sum(axis=1)
        close(got, (ends[0] - ends[1]) / (2 * _STEP), f"gradient in {name}", rtol=1e-6, atol=1e-7)


def _blocks(layer: Layer) -> None:
    bench = _Bench(layer)
    before = bench.forward(bench.x).copy()
    changed = bench.x.copy()
    changed[0] += 1.0
    again = _Bench(layer)
    close(again.forward(changed)[1], before[1], "block 1 after a change to block 0")


def _evaluates(layer: Layer) -> None:
    bench = _Bench(layer, train=False)
    state = {key: array.copy() for key, array in bench.state.items()}
    one = bench.forward(bench.x).copy()
    other = layer.forward(bench.x.copy(), bench.params, bench.state, bench.cache, generators(9, _BLOCKS))
    close(other, one, "evaluated twice, with other generators")
    for key, array in state.items():
        close(bench.state[key], array, f"state {key} after evaluating")


def _dtype(layer: Layer) -> None:
    bench = _Bench(layer, dtype="float32")
    y = bench.forward(bench.x)
    require(y.dtype == np.float32, f"forward of float32 gives {y.dtype}")
    dx = bench.backward()
    require(dx.dtype == np.float32, f"backward of float32 gives {dx.dtype}")
