import math

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.nn import (
    ELU,
    GELU,
    HardSigmoid,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    SteepSigmoid,
    Step,
    StepSTE,
    Tanh,
    ZeroCentredSigmoid,
)
from ablate.nn.arrays import Cache
from ablate.registry import options

ALL = options("activation")
# Off every kink (0, and ±3 of the hard sigmoid), on both sides of each.
POINTS = np.array([-9.3, -3.1, -2.9, -1.2, -0.4, -0.01, 0.02, 0.3, 1.7, 2.8, 3.3, 8.9])


def cache(dtype, *, overwrite=False):
    return Cache({}, dtype=np.dtype(dtype), train=True, overwrite=overwrite)


@pytest.mark.parametrize(
    ("activation", "at_one", "at_minus_one"),
    [
        (Step(), 1.0, 0.0),
        (ReLU(), 1.0, 0.0),
        (LeakyReLU(0.2), 1.0, -0.2),
        (HardSigmoid(), 2 / 3, 1 / 3),
        (Sigmoid(), 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1))),
        (Tanh(), math.tanh(1), -math.tanh(1)),
        (ELU(2.0), 1.0, 2 * (math.exp(-1) - 1)),
        (Softplus(), math.log(1 + math.e), math.log(1 + 1 / math.e)),
        (GELU(), 0.8413447460685429, -0.15865525393145707),  # Φ(1), -Φ(-1)
        (SiLU(), 1 / (1 + math.exp(-1)), -1 / (1 + math.exp(1))),
        (StepSTE(), 1.0, 0.0),
        (SteepSigmoid(3.0), 1 / (1 + math.exp(-3)), 1 / (1 + math.exp(3))),
        (ZeroCentredSigmoid(), 1 / (1 + math.exp(-1)) - 0.5, 1 / (1 + math.exp(1)) - 0.5),
    ],
)
def test_known_values(activation, at_one, at_minus_one):
    np.testing.assert_allclose(activation.value(np.array([1.0, -1.0])), [at_one, at_minus_one], rtol=1e-12)


def test_step_sends_no_gradient():
    dy = Step().backward(np.ones((1, 2, 2)), {}, {}, _after(Step()), need_dx=True)
    assert not dy.any()


def test_straight_through_lets_gradients_pass_inside_its_window_only():
    x = np.array([-2.0, -0.9, 0.0, 0.9, 2.0])
    assert StepSTE().slope(x, StepSTE().value(x)).tolist() == [0, 1, 1, 1, 0]
    assert StepSTE(math.inf).slope(x, x).tolist() == [1, 1, 1, 1, 1]


def test_the_steeper_the_sigmoid_the_nearer_it_is_to_the_step():
    gaps = [np.abs(SteepSigmoid(k).value(POINTS) - Step().value(POINTS)).max() for k in (1.0, 8.0, 64.0, 4096.0)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1e-12
    np.testing.assert_array_equal(SteepSigmoid(1.0).value(POINTS), Sigmoid().value(POINTS))


def _after(activation):
    work = cache("float64")
    activation.forward(np.ones((1, 2, 2)), {}, {}, work, ())
    return work


def test_sigmoid_keeps_small_values_that_the_tanh_form_loses():
    assert Sigmoid().value(np.array([-30.0], np.float32))[0] == pytest.approx(math.exp(-30.0), rel=1e-5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: LeakyReLU(-0.1), "`LeakyReLU.negative_slope` must be > 0 and <= 1, got -0.1."),
        (lambda: ELU(0.0), "`ELU.alpha` must be > 0, got 0.0."),
        (lambda: StepSTE(0.0), "`StepSTE.window` must be > 0 (.inf: gradients pass everywhere), got 0.0."),
        (lambda: SteepSigmoid(-1.0), "`SteepSigmoid.k` must be > 0, got -1.0."),
    ],
)
def test_wrong_settings_are_named(build, message):
    with pytest.raises(UserError) as caught:
        build()
    assert str(caught.value) == message
