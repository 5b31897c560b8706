"""What an activation keeps to, beside what every layer does."""

from __future__ import annotations

import numpy as np

from ablate.nn.activations.base import Activation
from ablate.nn.arrays import Cache
from ablate.testing.base import Check, close, require, suite

# Off the usual kinks (0, and ±3 of the hard sigmoid), on both sides of each.
POINTS = np.array([-9.3, -3.1, -2.9, -1.2, -0.4, -0.01, 0.02, 0.3, 1.7, 2.8, 3.3, 8.9])
_STEP = 1e-6


def activation_checks(activation: Activation) -> list[Check]:
    """Return the checks for an activation."""
    return suite(
        ("slope is the derivative of value, or of the documented surrogate", _slope),
        ("only a straight-through estimator has a surrogate", _surrogate),
        ("passes in place agree with value and slope, in float32 and float64", _in_place),
        ("its input may be overwritten without a change to the gradient", _overwritten),
        ("huge inputs give finite values and slopes", _huge),
        ("NaN stays NaN", _nan),
        of=activation,
    )


def _cache(dtype: str, *, overwrite: bool = False) -> Cache:
    return Cache({}, dtype=np.dtype(dtype), train=True, overwrite=overwrite)


def _slope(activation: Activation) -> None:
    numeric = (activation.differentiated(POINTS + _STEP) - activation.differentiated(POINTS - _STEP)) / (2 * _STEP)
    close(activation.slope(POINTS, activation.value(POINTS)), numeric, "slope", rtol=1e-6, atol=1e-8, at=POINTS)


def _surrogate(activation: Activation) -> None:
    same = np.array_equal(activation.differentiated(POINTS), activation.value(POINTS))
    require(
        same is not activation.straight_through,
        "straight_through is set, but `differentiated` is `value`"
        if same
        else "`differentiated` is not `value`: set straight_through",
    )


def _in_place(activation: Activation) -> None:
    for dtype in ("float32", "float64"):
        x = POINTS.astype(dtype).reshape(1, 3, 4)
        value = activation.value(x)
        slope = activation.slope(x, activation.value(x))
        work = _cache(dtype)
        y = activation.forward(x.copy(), {}, {}, work, ())
        dy = activation.backward(np.full_like(x, 2.0), {}, {}, work, need_dx=True)
        for name, array in (("value", value), ("slope", slope), ("forward", y), ("backward", dy)):
            got = None if array is None else array.dtype
            require(got == dtype, f"{name} of {dtype} is {got}")
        close(y, value, f"forward in {dtype}", rtol=1e-6, at=x)
        close(np.asarray(dy), 2.0 * slope, f"backward in {dtype}", rtol=1e-5, atol=1e-7, at=x)


def _overwritten(activation: Activation) -> None:
    if activation.identity:
        return
    x = POINTS.reshape(1, 3, 4)
    gradients = []
    for overwrite in (False, True):
        work = _cache("float64", overwrite=overwrite)
        activation.forward(x.copy(), {}, {}, work, ())
        gradients.append(activation.backward(np.ones_like(x), {}, {}, work, need_dx=True))
    hint = "the gradient where the input may be overwritten (set needs_input where slope reads x)"
    close(np.asarray(gradients[1]), np.asarray(gradients[0]), hint, at=x)


def _huge(activation: Activation) -> None:
    x = np.array([-1e4, -1e2, 1e2, 1e4], np.float32)
    y = activation.value(x)
    slope = activation.slope(x, y)
    for name, array in (("value", y), ("slope", slope)):
        bad = ~np.isfinite(array)
        require(not bad.any(), f"{name} at {x[bad][0] if bad.any() else 0:g} is not finite")


def _nan(activation: Activation) -> None:
    x = np.full((1, 1, 2), np.nan)
    y = activation.forward(x, {}, {}, _cache("float64"), ())
    require(np.isnan(y).all(), f"forward of NaN gives {y.ravel()[0]:g}: a diverged run would go on unseen")
