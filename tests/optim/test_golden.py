"""Two steps of every rule against numbers worked out by hand, from W = 1 with gradients 2, then -1."""

import math

import numpy as np
import pytest

from ablate.optim import SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSProp
from ablate.registry import options

GOLDEN = {
    # 1 - .1*2 = .8; .8 + .1 = .9
    "sgd": (SGD(0.1), 0.8, 0.9),
    # v = -.2, W = .8; v = .9*-.2 + .1 = -.08, W = .72
    "momentum": (Momentum(0.1, 0.9), 0.8, 0.72),
    # v = -.2, W = 1 + .9*-.2 - .2 = .62; v = .9*-.2 + .1 = -.08, W = .62 + .9*-.08 + .1 = .648
    "nesterov": (Nesterov(0.1, 0.9), 0.62, 0.648),
    # h = 4, W = 1 - .1*2/(2 + e); h = 5, W += .1/(√5 + e), with e = 1e-7
    "adagrad": (AdaGrad(0.1), 1 - 0.2 / (2 + 1e-7), 1 - 0.2 / (2 + 1e-7) + 0.1 / (math.sqrt(5) + 1e-7)),
    # h = .25*4 = 1, W = 1 - .1*2/(1 + e); h = .75 + .25 = 1, W += .1/(1 + e)
    "rmsprop": (RMSProp(0.1, old_weight=0.75), 1 - 0.2 / (1 + 1e-7), 1 - 0.1 / (1 + 1e-7)),
    # m = .2, v = .004, both corrected: 2 and 4: W = 1 - .1*2/(2 + e). Then m = .18 - .1 = .08, m̂ = .08/.19,
    # v = .003996 + .001 = .004996, v̂ = .004996/.001999: W -= .1 * m̂/(√v̂ + e), with e = 1e-8
    "adam": (
        Adam(0.1),
        1 - 0.2 / (2 + 1e-8),
        1 - 0.2 / (2 + 1e-8) - 0.1 * (0.08 / 0.19) / (math.sqrt(0.004996 / 0.001999) + 1e-8),
    ),
    # Adam's steps, each after W ← (1 - .1*.5) W = .95 W
    "adamw": (
        AdamW(0.1, weight_decay=0.5),
        0.95 - 0.2 / (2 + 1e-8),
        0.95 * (0.95 - 0.2 / (2 + 1e-8)) - 0.1 * (0.08 / 0.19) / (math.sqrt(0.004996 / 0.001999) + 1e-8),
    ),
}


def test_every_registered_optimizer_has_golden_numbers():
    assert {type(optimizer) for optimizer, *_ in GOLDEN.values()} == set(options("optimizer").values())


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 1e-6)])
@pytest.mark.parametrize("name", GOLDEN)
def test_two_steps_match_the_numbers_worked_out_by_hand(name, dtype, rtol):
    optimizer, *expected = GOLDEN[name]
    params = np.ones((2, 3), dtype)
    slots = optimizer.init(params, decayed=3)
    for step, (gradient, value) in enumerate(zip((2.0, -1.0), expected, strict=True), start=1):
        optimizer.update(np.full_like(params, gradient), slots, params, step)
        assert params.dtype == dtype
        np.testing.assert_allclose(params, value, rtol=rtol)
