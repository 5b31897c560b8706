"""Parts of an archive and types of files that were scaled in different ways: refused, with their ranges."""

import numpy as np
import pytest
from PIL import Image

from ablate.data import ImageFolder, Npz
from ablate.errors import UserError

RNG = np.random.default_rng(0)
BYTES = RNG.integers(256, size=(60, 6, 5)).astype(np.uint8)
BYTES[:, 0, 0], BYTES[:, 0, 1] = 0, 255
BITS = BYTES // 128
LABELS = np.arange(60) % 3


def archive(tmp_path, train, test, **settings):
    np.savez(tmp_path / "data.npz", x_train=train, y_train=LABELS, x_test=test, y_test=LABELS)
    return Npz(path=str(tmp_path / "data.npz"), **settings)


def folder(tmp_path, pictures, **settings):
    for name, picture in pictures.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(picture).save(tmp_path / name)
    return ImageFolder(path=str(tmp_path), **settings)


class TestParts:
    @pytest.mark.parametrize("settings", [{}, {"blank": "keep"}, {"white": 255.0}, {"parts": "drawn"}])
    @pytest.mark.parametrize("dtype", [np.uint8, np.int64])
    def test_bits_beside_bytes_are_one_error_with_both_ranges(self, tmp_path, dtype, settings):
        with pytest.raises(
            UserError,
            match=r"data\.npz: values go from 0 to 255 in x_train, from 0 to 1 in x_test: almost nothing would be "
            r"seen in x_test, 0\.0039 of what is between black and white: scale it as the others are",
        ):
            archive(tmp_path, BYTES.astype(dtype), BITS.astype(dtype), **settings).examples()

    def test_it_makes_no_difference_which_part_it_is(self, tmp_path):
        with pytest.raises(UserError, match=r"almost nothing would be seen in x_train"):
            archive(tmp_path, BITS, BYTES).examples()

    def test_bytes_beside_sixteen_bits_are_refused(self, tmp_path):
        with pytest.raises(UserError, match=r"from 0 to 65535 in x_train, from 0 to 255 in x_test"):
            archive(tmp_path, BYTES.astype(np.uint16) * 257, BYTES.astype(np.uint16)).examples()

    def test_fractions_that_were_divided_twice_are_refused(self, tmp_path):
        with pytest.raises(UserError, match=r"from 0 to 0\.00392\d+ in x_test"):
            archive(tmp_path, BYTES / 255, BYTES / 255 / 255).examples()

    def test_a_part_that_uses_less_than_half_of_the_range_is_told(self, tmp_path):
        examples = archive(tmp_path, BYTES, BYTES // 16).examples()
        assert "data.npz: values go from 0 to 15 in x_test, 6% of what is between black and white" in examples.notes

    @pytest.mark.parametrize(("train", "test"), [(BYTES, BYTES[::-1]), (BITS, BITS[::-1]), (BYTES // 16, BYTES // 16)])
    def test_parts_of_one_range_are_read_as_before(self, tmp_path, train, test):
        examples = archive(tmp_path, train, test).examples()
        assert not any("x_test" in note for note in examples.notes)


class TestTypes:
    @pytest.mark.parametrize("settings", [{}, {"blank": "keep"}])
    def test_bytes_in_sixteen_bits_beside_bytes_are_one_error_with_both_ranges(self, tmp_path, settings):
        pictures = {
            f"{'cat' if n % 2 else 'dog'}/{n:02}.png": each.astype(np.uint16) if n < 20 else each
            for n, each in enumerate(BYTES)
        }
        with pytest.raises(
            UserError,
            match=r"values go from 0 to 255 of 65535 in 20 uint16 pictures \(the first is cat/01\.png\), "
            r"from 0 to 255 of 255 in 40 uint8 pictures \(the first is cat/21\.png\): almost nothing would be seen in "
            r"20 uint16 pictures .*, 0\.0039 of what is between black and white: save them as the others are$",
        ):
            folder(
                tmp_path, dict(sorted(pictures.items(), key=lambda item: item[1].dtype.itemsize)), **settings
            ).examples()

    def test_sixteen_bits_beside_bytes_are_read_each_by_its_own(self, tmp_path):
        pictures = {
            f"{'cat' if n % 2 else 'dog'}/{n:02}.png": each.astype(np.uint16) * 257 if n < 20 else each
            for n, each in enumerate(BYTES)
        }
        examples = folder(tmp_path, pictures).examples()
        np.testing.assert_allclose(np.sort(examples.images.ravel()), np.sort(BYTES.ravel()) / 255, atol=1e-6)

    def test_bits_in_a_part_of_a_folder_are_refused(self, tmp_path):
        pictures = {f"train/{'cat' if n % 2 else 'dog'}/{n:02}.png": each for n, each in enumerate(BYTES)}
        pictures |= {f"test/{'cat' if n % 2 else 'dog'}/{n:02}.png": each for n, each in enumerate(BITS)}
        with pytest.raises(UserError, match=r"values go from 0 to 255 in train, from 0 to 1 in test: almost nothing"):
            folder(tmp_path, pictures).examples()

    def test_a_class_of_bits_is_not_said_to_be_of_one_value(self, tmp_path):
        pictures = {f"{'cat' if n % 2 else 'dog'}/{n:02}.png": BITS[n] if n % 2 else BYTES[n] for n in range(60)}
        with pytest.raises(
            UserError,
            match=r"30 of 60 pictures show one value throughout, or values 1/255 of the range apart .*: nothing can be "
            r"seen in them; scale them as the others are, if they were meant to show more; dataset\.blank=keep",
        ):
            folder(tmp_path, pictures).examples()
