import numpy as np
import pytest

from ablate.data.augment import Mixup
from ablate.errors import UserError
from ablate.streams import streams


def test_images_are_the_weighted_mean_of_the_two_that_the_labels_name():
    images = np.eye(6)[None, :, None, None, :].repeat(3, axis=0)  # image i has its only 1 at column i
    labels = np.tile(np.arange(6), (3, 1))
    mixed, both = Mixup(alpha=1.0)(images, labels, streams([0, 1, 2], "augment"))
    for block in range(3):
        share = both.share[block]
        expected = share * np.eye(6)[both.own[block]] + (1 - share) * np.eye(6)[both.other[block]]
        np.testing.assert_allclose(mixed[block, :, 0, 0], expected)
    np.testing.assert_array_equal(both.own, labels)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_the_share_has_the_variance_of_a_beta_distribution(alpha):
    images, labels = np.zeros((1, 2, 1, 1, 1)), np.zeros((1, 2), np.int64)
    rngs = streams([0], "augment")
    shares = np.concatenate([Mixup(alpha)(images, labels, rngs)[1].share for _ in range(4000)])
    assert abs(shares.mean() - 0.5) < 0.03
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)


def test_needs_a_positive_alpha():
    with pytest.raises(UserError, match=r"`Mixup.alpha` must be > 0, got 0.0"):
        Mixup(0.0)
