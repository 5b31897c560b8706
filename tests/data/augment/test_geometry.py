"""Resampling between pixels, and the augmentations that rest on it."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from ablate.data.augment import Elastic, Rotate, Scale, ShiftRotate, Turn, rotated, shifted
from ablate.data.augment.elastic import smooth_factor
from ablate.data.augment.rotate import turning
from ablate.data.augment.sample import affine, resampled
from ablate.errors import UserError
from ablate.streams import streams


def some_images(*shape, dtype=np.float64):
    return np.random.default_rng(0).random(shape).astype(dtype)


def augmented(augment, images):
    return augment(images[None], np.zeros((1, len(images)), np.int64), streams([0], "augment"))[0][0]


@pytest.mark.parametrize("reach", [0.3, 3.0, 40.0])
def test_resampling_equals_a_bilinear_oracle_however_far_it_reaches(reach):
    images, rng = some_images(5, 2, 7, 9), np.random.default_rng(1)
    row = np.arange(7)[:, None] + rng.normal(0, reach, (5, 7, 9))
    column = np.arange(9) + rng.normal(0, reach, (5, 7, 9))
    place = np.stack([row, column]).reshape(2, 5, 63)
    bounds = tuple((float(of.min()), float(of.max())) for of in place)
    found = resampled(images, lambda part, out: np.copyto(out, place[:, part]), reach=bounds)
    for n in range(5):
        for channel in range(2):
            oracle = map_coordinates(images[n, channel], [row[n], column[n]], order=1, mode="grid-constant", cval=0.0)
            np.testing.assert_allclose(found[n, channel], oracle, atol=1e-12)


def test_a_shift_by_whole_pixels_equals_shifted():
    images, way = some_images(6, 1, 8, 8), np.array([[0, 0], [1, 0], [0, -2], [3, 3], [-9, 0], [2, -1]])
    moved = affine(images, matrix=np.broadcast_to(np.eye(2), (6, 2, 2)), shift=way.astype(float))
    np.testing.assert_allclose(moved, shifted(images, down=way[:, 0], right=way[:, 1]), atol=1e-12)


def test_turning_comes_before_moving():
    images = np.zeros((1, 1, 9, 9))
    images[0, 0, 4, 6] = 1.0  # two to the right of the centre; a quarter turn puts it two above
    moved = affine(images, matrix=turning(np.array([90.0])), shift=np.array([[1.0, -1.0]]))
    assert np.unravel_index(moved[0, 0].argmax(), (9, 9)) == (3, 3)


def test_shift_rotate_without_moving_rotates():
    images = some_images(50, 1, 9, 9)
    still = augmented(ShiftRotate(max_pixels=0.0, max_degrees=0.0), images)
    np.testing.assert_allclose(still, images, atol=1e-12)
    degrees = streams([0], "augment")[0].uniform(-1, 1, size=(50, 3))[:, 0] * 30
    np.testing.assert_allclose(
        augmented(ShiftRotate(max_pixels=0.0, max_degrees=30.0), images), rotated(images, degrees)
    )


def test_scale_by_two_spreads_the_middle_over_the_image(monkeypatch):
    ramp = np.broadcast_to(np.arange(9.0), (1, 1, 9, 9))
    larger = affine(ramp, matrix=np.eye(2)[None] / 2)
    np.testing.assert_allclose(larger[0, 0], np.broadcast_to(4 + (np.arange(9) - 4) / 2, (9, 9)))


def test_scale_factors_are_log_uniform_between_the_factor_and_its_inverse(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "ablate.data.augment.scale.affine", lambda images, matrix: seen.append(1 / matrix[:, 0, 0]) or images
    )
    augmented(Scale(max_factor=2.0), np.zeros((20_000, 1, 1, 1)))
    np.testing.assert_allclose(np.quantile(np.log2(seen[0]), [0, 0.25, 0.5, 0.75, 1]), [-1, -0.5, 0, 0.5, 1], atol=0.03)


@pytest.mark.parametrize(("size", "sigma"), [(28, 4.0), (8, 4.0), (32, 1.0), (28, 50.0), (1, 4.0)])
def test_elastic_fields_have_the_covariance_of_blurred_white_noise(size, sigma):
    factor, distance = smooth_factor(size, sigma).astype(float), np.subtract.outer(np.arange(size), np.arange(size))
    assert np.abs(factor @ factor.T - np.exp(-(distance**2) / (4 * sigma**2))).max() < 0.01


def test_that_covariance_is_what_a_blur_measures():
    noise = np.random.default_rng(0).standard_normal((4000, 200))
    blurred = gaussian_filter(noise, (0, 4.0))[:, 80:120]
    correlation = np.corrcoef(blurred.T)[20, 20:32]
    np.testing.assert_allclose(correlation, np.exp(-(np.arange(12) ** 2) / 64), atol=0.05)


def test_elastic_displaces_each_pixel_by_the_stated_distance_and_neighbours_alike():
    seen = []
    ramp = np.broadcast_to(np.arange(100.0)[:, None], (400, 1, 100, 40)).copy()
    bent = augmented(Elastic(displacement=1.5, sigma=4.0), ramp) - ramp  # how far down each pixel was read
    inner = bent[:, 0, 20:80, 10:30]
    assert 1.45 < inner.std() < 1.55
    assert abs(inner.mean()) < 0.02
    assert np.abs(np.diff(inner, axis=2)).mean() < 0.4
    assert not seen


def test_elastic_without_displacement_changes_nothing():
    images = some_images(4, 3, 8, 6)
    np.testing.assert_array_equal(augmented(Elastic(displacement=0.0), images), images)


def test_turn_is_a_half_turn_of_about_the_stated_share():
    images = some_images(2000, 1, 3, 4)
    turned = augmented(Turn(probability=0.3), images)
    changed = (turned != images).any(axis=(1, 2, 3))
    assert 0.26 < changed.mean() < 0.34
    np.testing.assert_array_equal(turned[changed], images[changed][:, :, ::-1, ::-1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Scale(0.9), r"`Scale.max_factor` must be between 1 and 4, got 0.9"),
        (lambda: Scale(float("nan")), r"`Scale.max_factor`"),
        (lambda: Elastic(displacement=-1.0), r"`Elastic.displacement` must be >= 0, got -1.0"),
        (lambda: Elastic(sigma=0.0), r"`Elastic.sigma` must be >= 1, got 0.0"),
        (lambda: ShiftRotate(max_pixels=-1.0), r"`ShiftRotate.max_pixels` must be >= 0"),
        (lambda: ShiftRotate(max_degrees=200.0), r"`ShiftRotate.max_degrees` must be between 0 and 180"),
        (lambda: Turn(1.5), r"`Turn.probability` must be between 0 and 1, got 1.5"),
        (lambda: Rotate(-1.0), r"`Rotate.max_degrees`"),
    ],
)
def test_values_out_of_range_are_refused(make, message):
    with pytest.raises(UserError, match=message):
        make()
