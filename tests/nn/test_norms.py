import numpy as np
import pytest

from ablate.errors import UserError
from ablate.nn import BatchNorm, Dense, LayerNorm, Mlp, NoDropout, ReLU
from ablate.nn.arrays import Cache


def passed(layer, batches, evaluate):
    """Feed training minibatches, then return the evaluation of `evaluate`, one block of one feature."""
    params = {"gain": np.ones((1, 1, 1)), "shift": np.zeros((1, 1, 1))}
    state = {name: start[None].copy() for name, start in layer.state((1,)).items()}
    for batch in batches:
        cache = Cache({}, dtype=np.dtype("float64"), train=True, overwrite=False)
        layer.forward(np.array(batch, float).reshape(1, -1, 1), params, state, cache, ())
    cache = Cache({}, dtype=np.dtype("float64"), train=False, overwrite=False)
    return layer.forward(np.array(evaluate, float).reshape(1, -1, 1), params, state, cache, ()).ravel(), state


def test_book_rule_begins_at_zero_and_is_not_corrected():
    # Batch [1, 3]: mean 2, biased variance 1; batch [0, 4]: mean 2, variance 4. By the book's code:
    # mean 0 → .9*0 + .1*2 = .2 → .9*.2 + .1*2 = .38; variance 0 → .1 → .9*.1 + .1*4 = .49.
    layer = BatchNorm(eps=1e-6, old_weight=0.9, running="book")
    found, state = passed(layer, [[1, 3], [0, 4]], [0.38, 1.38])
    assert state["mean"].item() == pytest.approx(0.38)
    assert state["variance"].item() == pytest.approx(0.49)
    np.testing.assert_allclose(found, [0.0, 1.0 / np.sqrt(0.49 + 1e-6)], atol=1e-12)


def test_corrected_rule_divides_by_the_weight_seen_so_far():
    # After the same two batches 1 - .9² = .19: mean .38/.19 = 2, variance .49/.19.
    found, _ = passed(BatchNorm(eps=1e-9, running="corrected"), [[1, 3], [0, 4]], [2.0, 3.0])
    np.testing.assert_allclose(found, [0.0, np.sqrt(0.19 / 0.49)], rtol=1e-6, atol=1e-12)


def test_corrected_rule_evaluates_after_one_batch_as_it_trained_on_it():
    layer = BatchNorm()
    found, _ = passed(layer, [[1, 3, 8]], [1, 3, 8])
    x = np.array([1.0, 3, 8])
    np.testing.assert_allclose(found, (x - x.mean()) / np.sqrt(x.var() + layer.eps))


def test_before_the_first_batch_evaluation_changes_nothing_but_by_eps():
    found, _ = passed(BatchNorm(eps=1e-12), [], [5.0, -1.0])
    np.testing.assert_allclose(found, [5.0, -1.0])


def test_book_rule_before_the_first_batch_divides_by_root_eps():
    found, _ = passed(BatchNorm(eps=1e-6, running="book"), [], [5.0])
    np.testing.assert_allclose(found, [5000.0])


def test_evaluation_leaves_the_running_values_alone():
    layer = BatchNorm()
    _, once = passed(layer, [[1, 3]], [7.0])
    _, many = passed(layer, [[1, 3]], list(range(50)))
    for name in once:
        np.testing.assert_array_equal(once[name], many[name])


@pytest.mark.parametrize("train", [True, False])
def test_layer_norm_gives_each_example_mean_zero_and_variance_one(train):
    x = np.random.default_rng(0).normal(3, 5, (2, 4, 50))
    params = {"gain": np.ones((2, 1, 50)), "shift": np.zeros((2, 1, 50))}
    cache = Cache({}, dtype=np.dtype("float64"), train=train, overwrite=False)
    y = LayerNorm().forward(x, params, {}, cache, ())
    np.testing.assert_allclose(y.mean(axis=2), 0.0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=2), 1.0, rtol=1e-5)


def test_dense_before_batch_norm_has_no_bias_and_before_layer_norm_has():
    def biases(norm):
        network = Mlp([3, 3]).build((1, 1, 2), 2, activation=ReLU(), norm=norm, dropout=NoDropout())
        return [node.layer.bias for node in network.nodes if isinstance(node.layer, Dense)]

    assert biases(BatchNorm()) == [False, False, True]
    assert biases(LayerNorm()) == [True, True, True]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: BatchNorm(eps=0.0), "`BatchNorm.eps` must be > 0, got 0.0."),
        (lambda: BatchNorm(old_weight=1.0), "`BatchNorm.old_weight` must be >= 0 and < 1, got 1.0."),
        (
            lambda: BatchNorm(running="boook"),
            "unknown BatchNorm.running 'boook': expected one of book, corrected; nearest match: book",
        ),
        (lambda: LayerNorm(eps=float("nan")), "`LayerNorm.eps` must be > 0, got nan."),
    ],
)
def test_wrong_settings_are_named(build, message):
    with pytest.raises(UserError) as caught:
        build()
    assert str(caught.value) == message
