import numpy as np
import pytest

from ablate.errors import UserError
from ablate.nn import BernoulliDropout, BookDropout, GaussianDropout
from ablate.nn.arrays import Cache

X = np.full((2, 300, 100), 3.0)


def run(layer, *, train, seeds=(0, 1), dtype="float64"):
    cache = Cache({}, dtype=np.dtype(dtype), train=train, overwrite=False)
    return layer.forward(X.astype(dtype), {}, {}, cache, [np.random.default_rng(seed) for seed in seeds])


def test_inverted_dropout_scales_while_training_and_does_nothing_after():
    trained = run(BernoulliDropout(0.25), train=True)
    assert set(np.unique(trained)) == {0.0, 4.0}
    assert (trained == 0).mean() == pytest.approx(0.25, abs=0.01)
    np.testing.assert_array_equal(run(BernoulliDropout(0.25), train=False), X)


def test_book_dropout_scales_after_training_only():
    trained = run(BookDropout(0.25), train=True)
    assert set(np.unique(trained)) == {0.0, 3.0}
    np.testing.assert_allclose(run(BookDropout(0.25), train=False), 0.75 * X)


def test_gaussian_noise_has_the_moments_of_inverted_dropout_and_switches_nothing_off():
    noisy, masked = (run(cls(0.2), train=True) / 3.0 for cls in (GaussianDropout, BernoulliDropout))
    assert noisy.mean() == pytest.approx(1.0, abs=0.01)
    assert noisy.var() == pytest.approx(masked.var(), rel=0.05)
    assert (noisy == 0).sum() == 0
    np.testing.assert_array_equal(run(GaussianDropout(0.2), train=False), X)


def test_mask_of_a_block_comes_from_its_own_stream_alone():
    together = run(BernoulliDropout(), train=True, seeds=(0, 1))
    np.testing.assert_array_equal(together[1], run(BernoulliDropout(), train=True, seeds=(7, 1))[1])
    assert (together[0] != together[1]).any()


def test_float32_and_float64_drop_the_same_units():
    np.testing.assert_array_equal(
        run(BookDropout(), train=True) == 0, run(BookDropout(), train=True, dtype="float32") == 0
    )


def test_nothing_is_dropped_at_probability_zero():
    np.testing.assert_array_equal(run(BernoulliDropout(0.0), train=True), X)


@pytest.mark.parametrize("cls", [BernoulliDropout, BookDropout, GaussianDropout])
@pytest.mark.parametrize("wrong", [1.0, -0.1, float("nan")])
def test_probability_out_of_range_is_named(cls, wrong):
    with pytest.raises(UserError, match=rf"`{cls.__name__}.drop_probability` must be >= 0 and < 1, got {wrong}\."):
        cls(wrong)
