"""The same step in JAX: a whole stretch of steps compiled as one (scan), and a step at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from contest.dense import CLASSES, EXAMPLES, RATE, Shape, drawn
from contest.timing import Run


class Jax:
    """Both ways of one shape, for all seeds at once (`vmap`), compiled for stretches of `steps` steps.

    Attributes
    ----------
    seconds
        CPU seconds that compiling took, by name.
    """

    def __init__(self, shape: Shape, seeds: int, *, steps: int) -> None:
        import jax

        self._jax, self._shape, self._seeds = jax, shape, seeds
        rng = np.random.default_rng(0)
        self._images = jax.numpy.asarray(rng.random((EXAMPLES, shape.widths[0]), dtype=np.float32))
        self._labels = jax.numpy.asarray(rng.integers(CLASSES, size=EXAMPLES))
        single = seeds == 1  # its fastest form has no axis of seeds
        begin = [self._layer(width, units, last=units == CLASSES) for width, units in shape.layers]
        lead = () if single else (seeds,)
        carry = jax.tree.map(lambda a: jax.numpy.broadcast_to(a, (*lead, *a.shape)) + 0.0, begin)
        one = self._step if single else jax.vmap(self._step)
        order = jax.numpy.asarray(drawn(shape, steps, *lead))
        self.seconds: dict[str, float] = {}
        began = time.process_time()
        scan = jax.jit(lambda c, o: jax.lax.scan(one, c, o), donate_argnums=0).lower(carry, order).compile()
        self.seconds["JAX scan"] = time.process_time() - began
        began = time.process_time()
        per_step = jax.jit(one, donate_argnums=0).lower(carry, order[0]).compile()
        self.seconds["JAX per step"] = time.process_time() - began
        self._carry = {name: jax.tree.map(lambda a: a + 0.0, carry) for name in self.seconds}
        self._compiled, self._order, self._steps = {"JAX scan": scan, "JAX per step": per_step}, order, steps

    def runs(self) -> Mapping[str, tuple[Run, int]]:
        """Return both, by name, with their seeds."""
        return {"JAX scan": (self._scan, self._seeds), "JAX per step": (self._per_step, self._seeds)}

    def _scan(self, steps: int) -> None:
        assert steps == self._steps, "compiled for another number of steps"
        self._carry["JAX scan"], losses = self._compiled["JAX scan"](self._carry["JAX scan"], self._order)
        losses.block_until_ready()

    def _per_step(self, steps: int) -> None:
        carry = self._carry["JAX per step"]
        for row in range(steps):
            carry, loss = self._compiled["JAX per step"](carry, self._order[row])
        loss.block_until_ready()
        self._carry["JAX per step"] = carry

    def _layer(self, width: int, units: int, *, last: bool) -> dict[str, Any]:
        jnp = self._jax.numpy
        key = self._jax.random.PRNGKey(width + units)
        found = {"w": self._jax.random.normal(key, (width, units)) * (2.0 / width) ** 0.5}
        if last or not self._shape.norm:
            return {**found, "b": jnp.zeros(units)}
        learned = {"gain": jnp.ones(units), "shift": jnp.zeros(units)}
        return {**found, **learned, "mean": jnp.zeros(units), "variance": jnp.ones(units)}

    def _step(self, layers: Any, rows: Any) -> Any:
        """Do one step of one seed; return the layers after it, and the loss before it."""
        jax, jnp = self._jax, self._jax.numpy
        x, labels = self._images[rows], self._labels[rows]

        def loss_of(layers: Any) -> Any:
            y, running = x, []
            for place, layer in enumerate(layers):
                y = y @ layer["w"]
                if "gain" in layer:
                    mean, variance = y.mean(0), y.var(0)
                    running.append({"mean": mean, "variance": variance})
                    y = (y - mean) * jax.lax.rsqrt(variance + 1e-5) * layer["gain"] + layer["shift"]
                else:
                    running.append({})
                    y = y + layer["b"]
                if place + 1 < len(layers):
                    y = jnp.maximum(y, 0.0)
            chosen = jnp.take_along_axis(jax.nn.log_softmax(y), labels[:, None], axis=1)
            return -chosen.mean(), running

        (loss, running), grads = jax.value_and_grad(loss_of, has_aux=True)(layers)
        after = []
        for layer, grad, seen in zip(layers, grads, running, strict=True):
            moved = {n: layer[n] - RATE * grad[n] for n in layer if n not in ("mean", "variance")}
            after.append({**moved, **{n: 0.9 * layer[n] + 0.1 * seen[n] for n in seen}})
        return after, loss
