import numpy as np
import pytest

from ablate.data.augment import Rotate, rotate, rotated
from ablate.errors import UserError
from ablate.streams import streams


def some_images(*shape, dtype=np.float32):
    return np.random.default_rng(0).random(shape, dtype=np.float32).astype(dtype)


def test_by_zero_is_the_identity():
    images = some_images(6, 2, 7, 5)
    np.testing.assert_array_equal(rotated(images, np.zeros(6)), images)


@pytest.mark.parametrize("side", [7, 8, 28])
@pytest.mark.parametrize("quarters", [-1, 1, 2, 3])
def test_by_quarter_turns_equals_rot90(side, quarters):
    images = some_images(3, 2, side, side)
    turned = rotated(images, np.full(3, 90.0 * quarters))
    np.testing.assert_allclose(turned, np.rot90(images, quarters, axes=(2, 3)), atol=1e-4)


def test_by_a_half_turn_works_on_images_that_are_not_square():
    images = some_images(2, 1, 4, 9)
    np.testing.assert_allclose(rotated(images, np.full(2, 180.0)), images[:, :, ::-1, ::-1], atol=1e-4)


def test_equals_a_bilinear_oracle_at_any_angle():
    from scipy.ndimage import map_coordinates

    images, degrees = some_images(8, 1, 11, 14, dtype=np.float64), np.linspace(-180, 180, 8) + 7.3
    v, u = np.mgrid[:11, :14].astype(float)
    v, u = v - 5, u - 6.5
    turned = rotated(images, degrees)
    for image, result, angle in zip(images[:, 0], turned[:, 0], np.deg2rad(degrees), strict=True):
        row = np.sin(angle) * u + np.cos(angle) * v + 5
        column = np.cos(angle) * u - np.sin(angle) * v + 6.5
        oracle = map_coordinates(image, [row, column], order=1, mode="grid-constant", cval=0.0)
        np.testing.assert_allclose(result, oracle, atol=1e-10)


def test_each_image_turns_by_its_own_angle():
    images = some_images(3, 1, 8, 8)
    turned = rotated(images, np.array([0.0, 90.0, 180.0]))
    for quarters in range(3):
        np.testing.assert_allclose(turned[quarters, 0], np.rot90(images[quarters, 0], quarters), atol=1e-4)


def test_corners_turned_in_from_outside_are_zero():
    turned = rotated(np.ones((1, 1, 28, 28), np.float32), np.array([45.0]))[0, 0]
    assert turned[0, 0] == turned[0, -1] == turned[-1, 0] == turned[-1, -1] == 0.0
    assert turned[14, 14] == pytest.approx(1.0)


def test_which_images_are_turned_together_changes_no_bit():
    images, degrees = some_images(10, 1, 9, 9), np.linspace(-30, 30, 10)
    together = rotated(images, degrees)
    np.testing.assert_array_equal(rotated(images, degrees), together)
    np.testing.assert_array_equal(rotated(images[3:8], degrees[3:8]), together[3:8])


def test_angles_are_uniform_up_to_the_largest(monkeypatch):
    drawn = []
    monkeypatch.setattr(rotate, "rotated", lambda images, degrees: drawn.append(degrees) or images)
    shape = (1, 20_000, 1, 1, 1)
    Rotate(max_degrees=40.0)(np.zeros(shape, np.float32), np.zeros(shape[:2], np.int64), streams([0], "augment"))
    quartiles = np.quantile(drawn[0], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quartiles, [-40, -20, 0, 20, 40], atol=1.5)
    assert np.abs(drawn[0]).max() <= 40.0


@pytest.mark.parametrize("degrees", [-1.0, 180.5, float("nan")])
def test_an_angle_out_of_range_is_refused(degrees):
    with pytest.raises(UserError) as caught:
        Rotate(max_degrees=degrees)
    assert str(caught.value) == f"`Rotate.max_degrees` must be between 0 and 180, got {degrees}."
