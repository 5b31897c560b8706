import numpy as np
import pytest

from ablate.errors import UserError
from ablate.optim import SGD, AdaGrad, Adam, Constant, InverseSqrt, RMSProp, StepDecay
from ablate.registry import options


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        (Constant(), [1, 1, 1, 1]),
        (InverseSqrt(), [1, 2**-0.5, 3**-0.5, 0.5]),
        (StepDecay(decay=0.5, every=2), [1, 1, 0.5, 0.5]),
    ],
)
def test_known_factors(schedule, factors):
    np.testing.assert_allclose([schedule.factor(step) for step in (1, 2, 3, 4)], factors)


@pytest.mark.parametrize("name", options("schedule"))
def test_a_schedule_begins_at_the_learning_rate_and_never_rises(name):
    rates = [options("schedule")[name]().apply(SGD(0.3), step).lr for step in (1, 2, 10, 1000, 100_000)]
    assert rates[0] == 0.3
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0


def test_a_constant_schedule_costs_nothing():
    optimizer = Adam()
    assert Constant().apply(optimizer, 7) is optimizer


@pytest.mark.parametrize("optimizer", [SGD(0.3), AdaGrad(0.3), RMSProp(0.3), Adam(0.3, beta1=0.0)])
def test_step_sizes_are_what_the_gradient_is_multiplied_by(optimizer):
    rng = np.random.default_rng(0)
    params = rng.normal(size=(2, 30))
    slots = optimizer.init(params)
    for step in range(1, 6):
        before, gradient = params.copy(), rng.normal(size=(2, 30))
        optimizer.update(gradient.copy(), slots, params, step)
        sizes = np.broadcast_to(optimizer.step_sizes(slots, step), params.shape)
        np.testing.assert_allclose(before - params, sizes * gradient, rtol=1e-9)


@pytest.mark.parametrize("name", options("optimizer"))
def test_every_optimizer_tells_positive_step_sizes(name):
    optimizer, params = options("optimizer")[name](), np.ones((2, 5))
    slots = optimizer.init(params)
    optimizer.update(np.ones((2, 5)), slots, params, 1)
    assert (optimizer.step_sizes(slots, 1) > 0).all()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: StepDecay(decay=1.5), "`StepDecay.decay` must be > 0 and <= 1, got 1.5."),
        (lambda: StepDecay(every=0), "`StepDecay.every` must be a number of steps >= 1, got 0."),
    ],
)
def test_wrong_settings_are_named(build, message):
    with pytest.raises(UserError) as caught:
        build()
    assert str(caught.value) == message
