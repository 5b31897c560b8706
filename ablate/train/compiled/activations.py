"""Activations and their slopes over a run of numbers; the formulas are those of `ablate.nn.activations`.

One loop per activation, so that each is vectorised. Where NumPy multiplies by a truth value, so does this: 0 times
infinity is NaN in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate.train.compiled.codes import (
    ELU,
    GELU,
    HARD_SIGMOID,
    LEAKY_RELU,
    RELU,
    SIGMOID,
    SILU,
    SOFTPLUS,
    STEEP_SIGMOID,
    STEP,
    STEP_STE,
    TANH,
    ZERO_CENTRED_SIGMOID,
)
from ablate.train.compiled.kernel import kernel
from ablate.train.compiled.maths import exp, expm1, log1p, normal_cdf, tanh
from ablate.train.compiled.vectors import fill

ROOT_TWO_PI = float(np.sqrt(2.0 * np.pi))


@kernel
def activate(kind: int, x: Any, y: Any, aux: Any, a: Any) -> None:
    """Write the activation of `x` to `y`, which may be `x`; `aux` is used by GELU, which keeps Φ(x) there.

    `a` is the activation's own number, where it has one.
    """
    one, zero, half = x.dtype.type(1), x.dtype.type(0), x.dtype.type(0.5)
    if kind == RELU:
        for i in range(x.size):
            v = x[i]
            y[i] = zero if v <= zero else v
    elif kind in (STEP, STEP_STE):
        for i in range(x.size):
            v = x[i]
            y[i] = one if v > zero else (zero if v <= zero else v)
    elif kind == HARD_SIGMOID:
        six = x.dtype.type(6)
        for i in range(x.size):
            v = x[i] / six + half
            v = zero if v < zero else v
            y[i] = one if v > one else v
    elif kind == LEAKY_RELU:
        for i in range(x.size):
            v, w = x[i], a * x[i]
            y[i] = w if w > v else v
    elif kind in (SIGMOID, STEEP_SIGMOID):
        for i in range(x.size):
            y[i] = one / (exp(-(x[i] * a)) + one)
    elif kind == TANH:
        for i in range(x.size):
            y[i] = tanh(x[i])
    elif kind == ZERO_CENTRED_SIGMOID:
        for i in range(x.size):
            y[i] = tanh(x[i] * half) * half
    elif kind == ELU:
        for i in range(x.size):
            v = x[i]
            y[i] = (zero if v <= zero else v) + a * expm1(zero if v > zero else v)
    elif kind == SOFTPLUS:
        for i in range(x.size):
            v = x[i]
            y[i] = (zero if v <= zero else v) + log1p(exp(-abs(v)))
    elif kind == GELU:
        for i in range(x.size):
            aux[i] = normal_cdf(x[i])
            y[i] = x[i] * aux[i]
    elif kind == SILU:
        for i in range(x.size):
            v = x[i]
            y[i] = v * (one / (exp(-v) + one))


@kernel
def chain(kind: int, dy: Any, x: Any, y: Any, aux: Any, a: Any) -> None:
    """Multiply `dy` by the slope at `x`, where the activation was `y`."""
    one, zero = x.dtype.type(1), x.dtype.type(0)
    if kind == RELU:
        for i in range(y.size):
            dy[i] *= one if y[i] > zero else zero
    elif kind == STEP:
        fill(dy, zero)
    elif kind == STEP_STE:
        for i in range(y.size):
            dy[i] *= one if abs(x[i]) <= a else zero
    elif kind == HARD_SIGMOID:
        sixth = one / x.dtype.type(6)
        for i in range(y.size):
            dy[i] *= sixth if (y[i] > zero) & (y[i] < one) else zero
    elif kind == LEAKY_RELU:
        for i in range(y.size):
            dy[i] *= one if y[i] > zero else a
    elif kind in (SIGMOID, STEEP_SIGMOID):
        for i in range(y.size):
            dy[i] = (dy[i] * y[i]) * (a * (one - y[i]))
    elif kind == TANH:
        for i in range(y.size):
            dy[i] *= one - y[i] * y[i]
    elif kind == ZERO_CENTRED_SIGMOID:
        quarter = x.dtype.type(0.25)
        for i in range(y.size):
            dy[i] *= quarter - y[i] * y[i]
    elif kind == ELU:
        for i in range(y.size):
            v = y[i]
            dy[i] *= (zero if v > zero else v) + a + (one - a if v > zero else zero)
    elif kind == SOFTPLUS:
        for i in range(y.size):
            dy[i] *= -expm1(-y[i])
    elif kind == GELU:
        minus_half, root = x.dtype.type(-0.5), x.dtype.type(ROOT_TWO_PI)
        for i in range(y.size):
            v = x[i]
            dy[i] *= v * (exp(minus_half * v * v) / root) + aux[i]
    elif kind == SILU:
        for i in range(y.size):
            v = x[i]
            s = one / (exp(-v) + one)
            dy[i] *= s * (one + v * (one - s))
