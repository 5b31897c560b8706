import numpy as np
import pytest

from ablate.data.augment import Noise
from ablate.errors import UserError
from ablate.streams import streams

IMAGES = np.random.default_rng(0).random((2, 50, 1, 28, 28), dtype=np.float32)
LABELS = np.zeros((2, 50), np.int64)


def test_has_the_stated_standard_deviation_and_no_mean():
    added = Noise(std=0.3)(IMAGES, LABELS, streams([0, 1], "augment"))[0] - IMAGES
    # 78,400 draws: the standard error is 0.3 / sqrt(n) = 0.0011 of the mean and 0.0008 of the deviation.
    assert abs(added.mean()) < 0.005
    assert added.std() == pytest.approx(0.3, abs=0.004)
    assert abs((added**4).mean() / added.var() ** 2 - 3.0) < 0.1  # the kurtosis of a Gaussian


def test_is_independent_between_neighbouring_pixels():
    added = Noise(std=1.0)(IMAGES, LABELS, streams([0, 1], "augment"))[0] - IMAGES
    assert abs(np.corrcoef(added[..., 1:].ravel(), added[..., :-1].ravel())[0, 1]) < 0.02


def test_none_at_zero():
    np.testing.assert_array_equal(Noise(std=0.0)(IMAGES, LABELS, streams([0, 1], "augment"))[0], IMAGES)


@pytest.mark.parametrize("std", [-0.1, float("inf"), float("nan")])
def test_a_deviation_out_of_range_is_refused(std):
    with pytest.raises(UserError) as caught:
        Noise(std=std)
    assert str(caught.value) == f"`Noise.std` must be finite and >= 0, got {std}."
