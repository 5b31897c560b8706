"""Exponentials and their kin, written so that a loop over them is vectorised.

In float32 they are short polynomials after a reduction of the argument, right to two units in the last place; in
float64, which is not there for speed, they are the C library's. NaN and infinity come out as they do in NumPy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from ablate.train.compiled.kernel import kernel

_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_MAGIC = np.float32(12582912.0)  # 1.5 * 2²³: what is added to it loses its broken part
_ONE, _TWO, _HALF = np.float32(1.0), np.float32(2.0), np.float32(0.5)
_ROOT_HALF = math.sqrt(0.5)
_LOWEST, _HIGHEST = np.float32(-104.0), np.float32(89.0)  # beyond, exp is 0 or infinite in float32


def exp(x: Any) -> Any:
    """Return e to the power x."""
    return np.exp(x)


def expm1(x: Any) -> Any:
    """Return e to the power x, less 1, exact near 0."""
    return np.expm1(x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent."""
    return np.tanh(x)


def log1p(x: Any) -> Any:
    """Return log(1 + x) for 0 <= x <= 1."""
    return np.log1p(x)


@kernel
def normal_cdf(x: Any) -> Any:
    """Return Φ(x), computed in float64."""
    return 0.5 * math.erfc(-x * _ROOT_HALF)


@kernel
def _fraction(r: np.float32) -> np.float32:
    """Return exp(r) - 1 for |r| <= ln(2) / 2 (Cephes, `expf`)."""
    p = np.float32(1.9875691500e-4) * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    return p * (r * r) + r


@kernel
def _exp32(x: np.float32) -> np.float32:
    inside = x if x < _HIGHEST else _HIGHEST
    inside = inside if inside > _LOWEST else _LOWEST
    whole = (inside * _LOG2_E + _MAGIC) - _MAGIC
    r = (inside - whole * _LN2_HIGH) - whole * _LN2_LOW
    n = np.int32(whole)
    # In two steps: 2¹²⁸ is not a float32, and results below the smallest normal number are rounded once only.
    half = n >> 1
    first = np.int32((half + 127) << 23).view(np.float32)
    second = np.int32((n - half + 127) << 23).view(np.float32)
    value = ((_fraction(r) + _ONE) * first) * second
    return value if x == x else x  # noqa: PLR0124 (NaN stays)


@kernel
def _expm1_32(x: np.float32) -> np.float32:
    near = x if abs(x) < np.float32(0.34) else np.float32(0.0)
    far = _exp32(x) - _ONE
    return _fraction(near) if abs(x) < np.float32(0.34) else far


@kernel
def _tanh32(x: np.float32) -> np.float32:
    """Cephes, `tanhf`."""
    size = abs(x)
    z = x * x
    p = np.float32(-5.70498872745e-3) * z + np.float32(2.06390887954e-2)
    p = p * z + np.float32(-5.37397155531e-2)
    p = p * z + np.float32(1.33314422036e-1)
    p = p * z + np.float32(-3.33332819422e-1)
    near = p * z * x + x
    far = _ONE - _TWO / (_exp32(size + size) + _ONE)
    far = far if x >= np.float32(0.0) else -far
    return near if size < np.float32(0.625) else far


@kernel
def _log1p32(x: np.float32) -> np.float32:
    """Cephes, `logf`, for 1 + x from 1 to 2; what 1 + x loses is added back."""
    w = _ONE + x
    lost = x - (w - _ONE)
    low = w < np.float32(1.41421356)
    m = w - _ONE if low else w * _HALF - _ONE
    z = m * m
    p = np.float32(7.0376836292e-2) * m + np.float32(-1.1514610310e-1)
    p = p * m + np.float32(1.1676998740e-1)
    p = p * m + np.float32(-1.2420140846e-1)
    p = p * m + np.float32(1.4249322787e-1)
    p = p * m + np.float32(-1.6668057665e-1)
    p = p * m + np.float32(2.0000714765e-1)
    p = p * m + np.float32(-2.4999993993e-1)
    p = p * m + np.float32(3.3333331174e-1)
    e = np.float32(0.0) if low else _ONE
    y = p * m * z + e * _LN2_LOW
    y = y - _HALF * z
    return ((m + y) + e * _LN2_HIGH) + lost / w


def _for_each_dtype(public: Any, single: Any, double: Any) -> None:
    @overload(public)  # type: ignore[untyped-decorator]
    def choose(x: Any) -> Any:
        of = single if x == types.float32 else double

        def chosen(x: Any) -> Any:
            return of(x)

        return chosen


_for_each_dtype(exp, _exp32, math.exp)
_for_each_dtype(expm1, _expm1_32, math.expm1)
_for_each_dtype(tanh, _tanh32, math.tanh)
_for_each_dtype(log1p, _log1p32, math.log1p)
