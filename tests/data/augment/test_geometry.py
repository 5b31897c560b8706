"""Resampling between pixels, and the augmentations that rest on it."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from ablate.data.augment import Elastic, Rotate, Scale, ShiftRotate, Turn, rotated, shifted
from ablate.data.augment.elastic import smooth_factor
from ablate.data.augment.gaussian import normals
from ablate.data.augment.rotate import turning
from ablate.data.augment.sample import affine, resampled
from ablate.errors import UserError
from ablate.streams import streams


def some_images(*shape, dtype=np.float64):
    return np.random.default_rng(0).random(shape).astype(dtype)


def augmented(augment, images):
    return augment(images[None], np.zeros((1, len(images)), np.int64), streams([0], "augment"))[0][0]


def bilinear(images, row, column):
    """Plain NumPy, float64: what stands around (row, column) of each image, weighted; row, column (images, h, w)."""
    count, _, height, width = images.shape
    framed = np.pad(images.astype(float), ((0, 0), (0, 0), (1, 2), (1, 2)))  # index 0 is row -1
    row, column = np.clip(row, -1, height) + 1, np.clip(column, -1, width) + 1
    above, before = np.floor(row).astype(int), np.floor(column).astype(int)
    which, found = np.arange(count)[:, None, None], 0.0
    for down in (0, 1):
        for right in (0, 1):
            share = (1 - abs(row - above - down)) * (1 - abs(column - before - right))
            found = found + share[:, None] * framed[which, :, above + down, before + right].transpose(0, 3, 1, 2)
    return found


def affine_reference(images, matrix, shift=None):
    height, width = images.shape[2:]
    centre = (np.array([height, width]) - 1.0) / 2
    way = np.zeros((len(images), 2)) if shift is None else shift
    p = np.stack(np.mgrid[:height, :width], axis=-1) - centre
    place = np.einsum("nab,nyxb->nyxa", matrix, p - way[:, None, None]) + centre
    return bilinear(images, place[..., 0], place[..., 1])


@pytest.mark.parametrize("reach", [0.3, 3.0, 40.0])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_resampling_equals_two_bilinear_oracles_however_far_it_reaches(reach, dtype, tolerance):
    images, rng = some_images(5, 2, 7, 9, dtype=dtype), np.random.default_rng(1)
    displaced = rng.normal(0, reach, (5, 2, 7, 9)).astype(dtype)
    # Any field is a product, with the unit matrix on the right.
    found = resampled(images, left=displaced.swapaxes(2, 3), right=np.eye(9))
    assert found.dtype == dtype
    row, column = displaced[:, 0] + np.arange(7.0)[:, None], displaced[:, 1] + np.arange(9.0)
    np.testing.assert_allclose(found, bilinear(images, row, column), atol=tolerance)
    for n in range(5):
        for channel in range(2):
            oracle = map_coordinates(images[n, channel], [row[n], column[n]], order=1, mode="grid-constant", cval=0.0)
            np.testing.assert_allclose(found[n, channel], oracle, atol=tolerance)


@pytest.mark.parametrize("far", [np.inf, -np.inf, np.nan, 3e38])
def test_what_lies_beyond_all_numbers_reads_zeros(far):
    images = some_images(1, 1, 4, 5, dtype=np.float32)
    left = np.zeros((1, 2, 1, 4), np.float32)
    left[0, :, 0, 2] = far  # the third row alone
    found = resampled(images, left=left, right=np.ones((1, 5)))
    assert (found[0, 0, 2] == 0).all()
    np.testing.assert_array_equal(np.delete(found, 2, axis=2), np.delete(images, 2, axis=2))


def test_fields_of_other_sizes_than_the_images_are_refused():
    images = some_images(3, 1, 4, 5)
    for left, right in [((2, 2, 1, 4), (1, 5)), ((3, 2, 1, 5), (1, 5)), ((3, 2, 2, 4), (1, 5)), ((3, 2, 1, 4), (1, 4))]:
        with pytest.raises(ValueError, match="expected left"):
            resampled(images, left=np.zeros(left), right=np.zeros(right))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("size", [(1, 28, 28), (3, 9, 6)])
class TestAugmentationsEqualTheirReference:
    """Each draws what it says it draws, and resamples as plain NumPy does."""

    def images(self, size, dtype):
        return some_images(20, *size, dtype=dtype)

    def test_rotate(self, size, dtype, tolerance):
        images = self.images(size, dtype)
        degrees = streams([0], "augment")[0].uniform(-50, 50, size=20)
        expected = affine_reference(images, turning(degrees))
        np.testing.assert_allclose(augmented(Rotate(50.0), images), expected, atol=tolerance)

    def test_scale(self, size, dtype, tolerance):
        images = self.images(size, dtype)
        factor = np.exp(streams([0], "augment")[0].uniform(-np.log(1.5), np.log(1.5), size=20))
        expected = affine_reference(images, np.eye(2) / factor[:, None, None])
        np.testing.assert_allclose(augmented(Scale(1.5), images), expected, atol=tolerance)

    def test_shift_rotate(self, size, dtype, tolerance):
        images = self.images(size, dtype)
        drawn = streams([0], "augment")[0].uniform(-1, 1, size=(20, 3))
        expected = affine_reference(images, turning(drawn[:, 0] * 15), shift=drawn[:, 1:] * 2)
        np.testing.assert_allclose(augmented(ShiftRotate(), images), expected, atol=tolerance)

    def test_elastic(self, size, dtype, tolerance):
        images, (height, width) = self.images(size, dtype), size[1:]
        down, right = smooth_factor(height, 4.0), smooth_factor(width, 4.0)
        drawn = normals(streams([0], "augment")[0], (20, 2, right.shape[1], down.shape[1]))
        field = 1.4 * np.einsum("yi,naji,xj->nayx", down, drawn, right, dtype=float)
        expected = bilinear(images, field[:, 0] + np.arange(height)[:, None], field[:, 1] + np.arange(width))
        # The field is float32 whatever the images are.
        np.testing.assert_allclose(augmented(Elastic(), images), expected, atol=max(tolerance, 2e-5))


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
