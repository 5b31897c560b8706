import numpy as np
import pytest

from ablate.errors import UserError
from ablate.optim import SGD, Adam, AdamW, Momentum, RMSProp
from ablate.registry import options
from ablate.testing.training import walk_updates

ALL = options("optimizer")


def test_decoupled_decay_touches_weights_only():
    params = np.ones((2, 4))
    moved = walk_updates(AdamW(0.1, weight_decay=0.5), params, np.zeros((1, 2, 4)), decayed=3)
    np.testing.assert_allclose(moved, [[0.95, 0.95, 0.95, 1.0]] * 2)


def test_sgd_in_one_pass_equals_its_rule():
    rng = np.random.default_rng(0)
    params, gradient = rng.normal(size=(1, 50)), rng.normal(size=(1, 50))
    by_rule = params.copy()
    SGD(0.3).rule(gradient[0], by_rule[0], [], (np.empty(50), np.empty(50)), 1)
    np.testing.assert_allclose(walk_updates(SGD(0.3), params, [gradient]), by_rule, rtol=1e-14)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_learning_rate_out_of_range_is_named(name, wrong):
    cls = ALL[name]
    with pytest.raises(UserError) as caught:
        cls(lr=wrong)
    assert str(caught.value) == f"`{cls.__name__}.lr` must be > 0, got {wrong!r}."


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Momentum(momentum=1.0), "`Momentum.momentum` must be >= 0 and < 1, got 1.0."),
        (lambda: RMSProp(old_weight=-0.1), "`RMSProp.old_weight` must be >= 0 and < 1, got -0.1."),
        (lambda: RMSProp(eps=0.0), "`RMSProp.eps` must be > 0, got 0.0."),
        (lambda: Adam(beta2=1.0), "`Adam.beta2` must be >= 0 and < 1, got 1.0."),
        (lambda: AdamW(weight_decay=-1.0), "`AdamW.weight_decay` must be >= 0, got -1.0."),
    ],
)
def test_wrong_settings_are_named(build, message):
    with pytest.raises(UserError) as caught:
        build()
    assert str(caught.value) == message
