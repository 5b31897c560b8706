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


@pytest.mark.parametrize("name", ALL)
def test_slope_is_the_derivative_of_value_or_of_the_documented_surrogate(name):
    activation = ALL[name]()
    step = 1e-6
    numeric = (activation.differentiated(POINTS + step) - activation.differentiated(POINTS - step)) / (2 * step)
    np.testing.assert_allclose(activation.slope(POINTS, activation.value(POINTS)), numeric, rtol=1e-6, atol=1e-9)


def test_only_a_straight_through_estimator_has_a_surrogate():
    for name, cls in ALL.items():
        same = np.array_equal(cls().differentiated(POINTS), cls().value(POINTS))
        assert same is not cls.straight_through, name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ALL)
def test_passes_in_place_agree_with_value_and_slope(name, dtype):
    activation, x = ALL[name](), POINTS.astype(dtype).reshape(1, 3, 4)
    value, slope = activation.value(x), activation.slope(x, activation.value(x))
    work = cache(dtype)
    y = activation.forward(x.copy(), {}, {}, work, ())
    dy = activation.backward(np.full_like(x, 2.0), {}, {}, work, need_dx=True)
    assert y.dtype == value.dtype == slope.dtype == dtype
    np.testing.assert_allclose(y, value, rtol=1e-6)
    np.testing.assert_allclose(dy, 2.0 * slope, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", sorted(set(ALL) - {"identity"}))
def test_input_may_be_overwritten_without_changing_the_gradient(name):
    activation, x = ALL[name](), POINTS.reshape(1, 3, 4)
    gradients = []
    for overwrite in (False, True):
        work = cache("float64", overwrite=overwrite)
        activation.forward(x.copy(), {}, {}, work, ())
        gradients.append(activation.backward(np.ones_like(x), {}, {}, work, need_dx=True))
    np.testing.assert_array_equal(*gradients)


@pytest.mark.parametrize("name", ALL)
def test_extreme_inputs_give_finite_values_and_slopes(name):
    activation, x = ALL[name](), np.array([-1e4, -1e2, 1e2, 1e4], np.float32)
    y = activation.value(x)
    assert np.isfinite(y).all()
    assert np.isfinite(activation.slope(x, y)).all()


@pytest.mark.parametrize("name", ALL)
def test_nan_stays_nan(name):
    x = np.full((1, 1, 2), np.nan)
    assert np.isnan(ALL[name]().forward(x, {}, {}, cache("float64"), ())).all()


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
