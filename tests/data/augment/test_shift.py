import numpy as np
import pytest

from ablate.data.augment import Shift, shifted
from ablate.errors import UserError
from ablate.streams import streams


def rolled_with_zeros(image, down, right):
    """Oracle: np.roll, then zero what came round."""
    rolled = np.roll(image, (down, right), axis=(-2, -1))
    height, width = image.shape[-2:]
    row, column = np.arange(height)[:, None] - down, np.arange(width) - right
    return rolled * ((row >= 0) & (row < height) & (column >= 0) & (column < width))


def test_equals_roll_with_zeros_for_known_moves():
    images = np.random.default_rng(0).random((25, 2, 5, 7), dtype=np.float32)
    down, right = (grid.ravel() for grid in np.mgrid[-2:3, -2:3])
    moved = shifted(images, down=down, right=right)
    for image, result, d, r in zip(images, moved, down, right, strict=True):
        np.testing.assert_array_equal(result, rolled_with_zeros(image, d, r))


def test_a_move_beyond_the_edge_leaves_nothing():
    assert not shifted(np.ones((1, 1, 3, 3)), down=np.array([3]), right=np.array([0])).any()


def test_no_images_give_no_images():
    none = np.zeros(0, np.int64)
    assert shifted(np.ones((0, 1, 3, 3)), down=none, right=none).shape == (0, 1, 3, 3)


def test_moves_are_uniform_and_reach_both_ends():
    image = np.zeros((1, 10_000, 1, 5, 5), np.float32)
    image[..., 2, 2] = 1
    changed, _ = Shift(max_pixels=2)(image, np.zeros((1, 10_000), np.int64), streams([0], "augment"))
    times = changed.sum(axis=(0, 1, 2))  # of each of the 25 moves: 400 expected, standard deviation 20
    assert np.abs(times - 400).max() < 5 * 20


def test_zero_pixels_change_nothing():
    images = np.random.default_rng(0).random((2, 3, 1, 4, 4), dtype=np.float32)
    changed, _ = Shift(max_pixels=0)(images, np.zeros((2, 3), np.int64), streams([0, 1], "augment"))
    np.testing.assert_array_equal(changed, images)


def test_a_negative_distance_is_refused():
    with pytest.raises(UserError) as caught:
        Shift(max_pixels=-1)
    assert str(caught.value) == "`Shift.max_pixels` must be >= 0, got -1."
