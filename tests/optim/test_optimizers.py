import dataclasses

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.optim import SGD, Adam, AdamW, Momentum, RMSProp
from ablate.optim.base import PIECE
from ablate.registry import options

ALL = options("optimizer")


@pytest.mark.parametrize("name", ALL)
def test_solves_the_books_parabola(name):
    """f = x²/20 + y² from (-7, 2), Deep Learning from Scratch 6.1.3."""
    optimizer = dataclasses.replace(ALL[name](), lr=0.2)
    params = np.array([[-7.0, 2.0]])
    slots = optimizer.init(params)
    for step in range(1, 5001):
        optimizer.update(params * [[0.1, 2.0]], slots, params, step)
    # To a hundredth of the start: RMSProp ends in a cycle of ± η/2, which its uncorrected rule cannot leave.
    assert (params**2 @ [0.05, 1.0]).item() < 1e-2 * (49 / 20 + 4)


def walk(optimizer, params, gradients, *, decayed=0):
    params = params.copy()
    slots = optimizer.init(params, decayed=decayed)
    for step, gradient in enumerate(gradients, start=1):
        optimizer.update(gradient.copy(), slots, params, step)
    return params


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ALL)
def test_a_block_moves_as_it_would_alone_and_no_piece_is_missed(name, dtype):
    rng = np.random.default_rng(0)
    size = PIECE // 2 + 37  # pieces end inside blocks
    params, gradients = rng.normal(size=(3, size)).astype(dtype), rng.normal(size=(4, 3, size)).astype(dtype)
    together = walk(ALL[name](), params, gradients, decayed=100)
    assert (together != params).all()
    for block in range(3):
        alone = walk(ALL[name](), params[block : block + 1], gradients[:, block : block + 1], decayed=100)
        np.testing.assert_array_equal(together[block], alone[0])


@pytest.mark.parametrize("name", ALL)
def test_a_nan_in_one_block_stays_there(name):
    rng = np.random.default_rng(0)
    params, gradients = rng.normal(size=(2, 50)), rng.normal(size=(3, 2, 50))
    clean = walk(ALL[name](), params, gradients)
    gradients[0, 0] = np.nan
    spoilt = walk(ALL[name](), params, gradients)
    assert np.isnan(spoilt[0]).all()
    np.testing.assert_array_equal(spoilt[1], clean[1])


def test_decoupled_decay_touches_weights_only():
    params = np.ones((2, 4))
    moved = walk(AdamW(0.1, weight_decay=0.5), params, np.zeros((1, 2, 4)), decayed=3)
    np.testing.assert_allclose(moved, [[0.95, 0.95, 0.95, 1.0]] * 2)


def test_sgd_in_one_pass_equals_its_rule():
    rng = np.random.default_rng(0)
    params, gradient = rng.normal(size=(1, 50)), rng.normal(size=(1, 50))
    by_rule = params.copy()
    SGD(0.3).rule(gradient[0], by_rule[0], [], (np.empty(50), np.empty(50)), 1)
    np.testing.assert_allclose(walk(SGD(0.3), params, [gradient]), by_rule, rtol=1e-14)


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
