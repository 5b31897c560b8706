import numpy as np
import pytest

from ablate.data.augment import Flip
from ablate.errors import UserError
from ablate.streams import streams

IMAGES = np.random.default_rng(0).random((2, 2000, 1, 3, 4), dtype=np.float32)
LABELS = np.zeros((2, 2000), np.int64)


def flipped(probability, images=IMAGES):
    return Flip(probability=probability)(images, LABELS, streams([0, 1], "augment"))[0]


def test_mirrors_left_to_right():
    np.testing.assert_array_equal(flipped(1.0), np.flip(IMAGES, axis=-1))


def test_twice_is_the_identity():
    np.testing.assert_array_equal(flipped(1.0, flipped(1.0)), IMAGES)


def test_never_at_probability_zero():
    np.testing.assert_array_equal(flipped(0.0), IMAGES)


def test_mirrors_whole_images_with_the_given_probability():
    changed = flipped(0.3)
    mirrored = (changed == IMAGES[..., ::-1]).all(axis=(2, 3, 4))
    kept = (changed == IMAGES).all(axis=(2, 3, 4))
    assert (mirrored ^ kept).all()
    # Binomial(4000, 0.3): the standard deviation of the share is 0.0072.
    assert mirrored.mean() == pytest.approx(0.3, abs=5 * 0.0072)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_a_probability_out_of_range_is_refused(probability):
    with pytest.raises(UserError) as caught:
        Flip(probability=probability)
    assert str(caught.value) == f"`Flip.probability` must be between 0 and 1, got {probability}."
