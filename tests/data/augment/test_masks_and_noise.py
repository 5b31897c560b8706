"""Cutout, permute, matched noise, and the fast normal numbers."""

import numpy as np
import pytest
from scipy import stats

from ablate.data.augment import Cutout, MatchedNoise, Permute, Shift
from ablate.data.augment.gaussian import normals
from ablate.data.augment.permute import fixed_permutation
from ablate.errors import UserError
from ablate.streams import streams


def augmented(augment, images):
    return augment(images[None], np.zeros((1, len(images)), np.int64), streams([0], "augment"))[0][0]


class TestCutout:
    def test_blacks_out_one_square_in_all_channels(self):
        holes = augmented(Cutout(size=3), np.ones((500, 2, 10, 12), np.float32)) == 0
        np.testing.assert_array_equal(holes[:, 0], holes[:, 1])
        sizes = [(hole.any(axis=1).sum(), hole.any(axis=0).sum()) for hole in holes[:, 0]]
        assert set(sizes) == {(h, w) for h in (1, 2, 3) for w in (1, 2, 3)}
        assert all(hole.sum() == h * w for hole, (h, w) in zip(holes[:, 0], sizes, strict=True))

    def test_every_pixel_is_as_likely_to_be_hit(self):
        holes = augmented(Cutout(size=4), np.ones((20_000, 1, 8, 8), np.float32)) == 0
        np.testing.assert_allclose(holes.mean(axis=0)[0], 16 / 11**2, atol=0.015)

    def test_needs_a_size(self):
        with pytest.raises(UserError, match=r"`Cutout.size` must be >= 1, got 0"):
            Cutout(0)


class TestPermute:
    def test_scatters_some_images_all_in_the_same_way_and_keeps_the_rest(self):
        images = np.random.default_rng(0).random((400, 2, 5, 6))
        found = augmented(Permute(0.5), images)
        changed = (found != images).any(axis=(1, 2, 3))
        assert 0.4 < changed.mean() < 0.6
        expected = images.reshape(400, 2, 30)[..., fixed_permutation(30)].reshape(images.shape)
        np.testing.assert_array_equal(found[changed], expected[changed])

    def test_the_permutation_never_changes(self):
        assert fixed_permutation(784)[:4].tolist() == [630, 2, 431, 591]
        np.testing.assert_array_equal(np.sort(fixed_permutation(784)), np.arange(784))

    def test_needs_a_probability(self):
        with pytest.raises(UserError, match=r"`Permute.probability` must be between 0 and 1"):
            Permute(-0.1)


class TestMatchedNoise:
    def test_is_as_long_as_the_shift_that_was_drawn(self):
        images = np.random.default_rng(0).random((200, 1, 12, 12))
        noise = augmented(MatchedNoise(max_pixels=3), images) - images
        way = augmented(Shift(max_pixels=3), images) - images
        np.testing.assert_allclose(np.linalg.norm(noise, axis=(2, 3)), np.linalg.norm(way, axis=(2, 3)), rtol=1e-5)

    def test_is_normal_and_knows_nothing_of_the_image(self):
        images = np.random.default_rng(0).random((300, 1, 12, 12))
        noise = augmented(MatchedNoise(max_pixels=3), images) - images
        length = np.linalg.norm(noise, axis=(2, 3), keepdims=True)
        unit = (noise / np.maximum(length, 1e-9))[length[:, 0, 0, 0] > 0] * 12
        assert abs(stats.kurtosis(unit.ravel())) < 0.06
        assert abs(np.corrcoef(unit.ravel(), images[length[:, 0, 0, 0] > 0].ravel())[0, 1]) < 0.02

    def test_needs_a_shift(self):
        with pytest.raises(UserError, match=r"max_pixels` must be >= 0"):
            MatchedNoise(-1)


class TestNormals:
    def test_are_standard_normal(self):
        drawn = normals(np.random.default_rng(0), (1000, 1000))
        assert abs(drawn.mean()) < 0.004
        assert abs(drawn.std() - 1) < 0.003
        assert stats.kstest(drawn.ravel()[::10], "norm").pvalue > 0.01

    def test_their_values_are_the_quantiles_of_a_large_sample(self):
        from ablate.data.augment.gaussian import _quantiles

        table = _quantiles().astype(float)
        assert table[0] == -table[-1] == pytest.approx(-3.6683, abs=1e-4)
        assert table.var() == pytest.approx(0.99968, abs=1e-5)

    def test_any_number_can_be_drawn(self):
        assert [normals(np.random.default_rng(0), (n,)).shape for n in range(6)] == [(n,) for n in range(6)]
